"""The book at given prices: what every stage after `book` takes."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.book import Book, Prices
from analyzer.protocols.table.state.state import TableState
from analyzer.protocols.table.value.account import Valuation


@dataclass(frozen=True, slots=True)
class TableValued:
    """A book at prices (see `base.Valued`). valuation: its accounts' numbers."""

    book: Book
    prices: Prices
    valuation: Valuation

    @property
    def state(self) -> TableState:
        """The book's state."""
        return self.valuation.state


def value(book: Book, prices: Prices) -> TableValued:
    """The book at `prices`. Raises: TypeError for another protocol's book."""
    return TableValued(book, prices, Valuation(book, prices))
