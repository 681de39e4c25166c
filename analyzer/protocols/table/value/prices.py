"""The prices that came with the table."""

from __future__ import annotations

from analyzer.model.book import Book, Price, Prices
from analyzer.protocols.table.state.state import TablePrice, state_of


def prices(book: Book) -> Prices:
    """Every asset's price; the unit of account, and what has its factor, is `fixed`."""
    return Prices({asset: _price(asset, given) for asset, given in state_of(book).prices.items()})


def _price(asset: str, given: TablePrice) -> Price:
    """One price. A table gives no time of its source."""
    status = "missing" if given.price_e18 is None else "fixed" if given.fixed else "undated"
    return Price(asset, asset, given.factor, given.price_e18, status, given.source)
