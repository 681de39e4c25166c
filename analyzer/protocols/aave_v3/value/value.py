"""The market at given prices: what every stage after `book` takes."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.book import Book, Prices
from analyzer.protocols.aave_v3.state.state import AaveState, state_of
from analyzer.protocols.aave_v3.value.account import Valuation


@dataclass(frozen=True, slots=True)
class AaveValued:
    """A book at prices (see `base.Valued`). valuation: its accounts' numbers."""

    book: Book
    prices: Prices
    valuation: Valuation

    @property
    def state(self) -> AaveState:
        """The book's state."""
        return self.valuation.state


def value(book: Book, prices: Prices) -> AaveValued:
    """The book at `prices`. Raises: TypeError for another protocol's book."""
    return AaveValued(book, prices, Valuation(state_of(book), prices))
