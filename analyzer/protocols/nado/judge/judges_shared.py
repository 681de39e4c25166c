"""What is asked about the venue: utilisation, and stored numbers whose slots a view confirms.

A field that begins with `stored` says only that the slot that was read is the one that the view
reads; every other one is computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.protocols.base import Expected, Judge
from analyzer.protocols.kit.judging import Question, ask
from analyzer.protocols.kit.unreadable import Unreadable, reverts
from analyzer.protocols.nado.deployments import ABI_FOLDER
from analyzer.protocols.nado.records import PerpProduct, Risk, SpotProduct
from analyzer.protocols.nado.state.balances import total_borrows, total_deposits
from analyzer.protocols.nado.value.value import NadoValued

_RISK = ("long_initial", "short_initial", "long_maintenance", "short_maintenance", "price")


def shared_judges(valued: NadoValued) -> Iterator[Judge]:
    """Every view that is about no single account."""
    state = valued.state
    yield from _ask(valued, "Clearinghouse", "getInsurance", (state.insurance,))
    map_word = sum(
        (spot | perp << 8) << 16 * place for place, (spot, perp) in enumerate(state.spreads)
    )
    yield from _ask(valued, "Clearinghouse", "getSpreads", (map_word,))
    yield from _ask(valued, "Endpoint", "getTime", (max(state.spot_time, state.perp_time),))
    for product, spot in state.spots.items():
        if product not in state.problems:
            yield from _risk(valued, "SpotEngine", spot)
            yield from _utilisation(valued, spot)
    for product, perp in state.perps.items():
        if product not in state.problems:
            yield from _risk(valued, "PerpEngine", perp)
            yield from _perp(valued, perp)


def _ask(
    valued: NadoValued,
    contract: str,
    function: str,
    values: Sequence[Expected] | Unreadable,
    product: int | None = None,
    fields: Sequence[str] = (),
) -> Iterator[Judge]:
    """The judge of one view."""
    question = Question(
        f"{ABI_FOLDER}/{contract}",
        valued.state.contracts[contract],
        function,
        () if product is None else (product,),
        tuple(f"stored.{field}" for field in fields or (function,)),
        market_id=None if product is None else valued.state.asset_id(product),
        named=f"{contract}.{function}",
    )
    return ask(question, values)


def _risk(valued: NadoValued, engine: str, product: SpotProduct | PerpProduct) -> Iterator[Judge]:
    """Weights and price as stored."""
    risk: Risk = product.risk
    values = tuple(getattr(risk, name) for name in _RISK)
    return _ask(valued, engine, "getRisk", values, product.product_id, _RISK)


def _perp(valued: NadoValued, perp: PerpProduct) -> Iterator[Judge]:
    """Funding and open interest as stored, and the increment of sizes."""
    fields = ("funding_long", "funding_short", "available", "open_interest")
    values = tuple(getattr(perp, name) for name in fields)
    yield from _ask(valued, "PerpEngine", "states", values, perp.product_id, fields)
    increment = (perp.size_increment,)
    yield from _ask(valued, "OffchainExchange", "getSizeIncrement", increment, perp.product_id)


def _utilisation(valued: NadoValued, spot: SpotProduct) -> Iterator[Judge]:
    """Whether deposits cover borrows: the view answers nothing where they do."""
    covered = total_deposits(spot) >= total_borrows(spot)
    values: Sequence[Expected] | Unreadable = (
        (True,) if covered else reverts("assertUtilization", "MU")
    )
    for judge in _ask(valued, "SpotEngine", "assertUtilization", values, spot.product_id):
        yield Judge(
            judge.account_id,
            judge.market_id,
            judge.contract,
            judge.request,
            ("utilisation.covered",),
            judge.types,
            judge.expected,
            judge.expected_revert,
        )
