"""The book at given prices: what every stage after `book` takes."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.book import Book, Prices
from analyzer.protocols.perp_v2.state.state import PerpState, state_of
from analyzer.protocols.perp_v2.value.valuation import Valuation


@dataclass(frozen=True, slots=True)
class PerpValued:
    """A book at prices (see `base.Valued`). valuation: what all its accounts share."""

    book: Book
    prices: Prices
    valuation: Valuation

    @property
    def state(self) -> PerpState:
        """The book's state."""
        return self.valuation.state


def value(book: Book, prices: Prices) -> PerpValued:
    """The book at `prices`. Raises: TypeError for another protocol's book."""
    return PerpValued(book, prices, Valuation(state_of(book), prices))
