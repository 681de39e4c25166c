"""Reference prices: the engines' own, which health uses.

The sequencer writes a price into its engine and, as a copy, into the Endpoint; no log carries
either, and neither has a time. A change of weights writes the engine's alone, so that the two may
differ. Source: `BaseEngine.sol`, `Endpoint.sol`; spec sections 9 and 14.
"""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.model.book import Book, Price, Prices
from analyzer.protocols.nado.records import PerpProduct, SpotProduct
from analyzer.protocols.nado.state.state import QUOTE, NadoState, state_of

_SOURCE = "price in the risk store of its engine"


def prices(book: Book) -> Prices:
    """The price of every product, as the book's block has it."""
    state = state_of(book)
    return Prices({product.asset_id: _price(state, product) for product in state.products()})


def _price(state: NadoState, product: SpotProduct | PerpProduct) -> Price:
    """One product's price; none where it was not read or was never set."""
    found: int | None = product.risk.price
    if product.product_id == QUOTE:
        detail = "everything is counted in it"
        return Price(
            product.asset_id, product.symbol, product.factor, found, "fixed", _SOURCE, detail=detail
        )
    status, detail = "undated", "the sequencer gives no time"
    if product.product_id in state.problems:
        found, status, detail = None, "missing", str(state.problems[product.product_id])
    elif product.risk.price <= 0:
        found, status, detail = None, "invalid", f"the engine holds {product.risk.price}"
    else:
        copy = {} if state.evidence is None else state.evidence.endpoint_prices
        other = copy.get(product.product_id)
        if other is not None and other != product.risk.price:
            status, detail = "doubtful", f"the Endpoint's copy is {other}"
    return Price(
        product.asset_id, product.symbol, product.factor, found, status, _SOURCE, detail=detail
    )


def product_prices(state: NadoState, given: Prices) -> Mapping[int, int]:
    """Product -> price in use: the given one, else what the engine holds. Of the quote product that
    is always the engine's: everything is counted in it."""
    out: dict[int, int] = {}
    for product in state.products():
        price = None if product.product_id == QUOTE else given.e18(product.asset_id)
        out[product.product_id] = product.risk.price if price is None else price
    return out
