"""The book at given prices: what every stage after `book` takes."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.book import Book, Prices
from analyzer.protocols.derive_v2.state.state import DeriveState, state_of
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.prices import at_prices


@dataclass(frozen=True, slots=True)
class DeriveValued:
    """A book at prices (see `base.Valued`). valuation: its accounts' numbers."""

    book: Book
    prices: Prices
    valuation: Valuation

    @property
    def state(self) -> DeriveState:
        """The book's state, its feeds at the given prices."""
        return self.valuation.state


def value(book: Book, prices: Prices) -> DeriveValued:
    """The book at `prices`. Raises: TypeError for another protocol's book."""
    return DeriveValued(book, prices, Valuation(at_prices(state_of(book), prices)))
