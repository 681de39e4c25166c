"""The book at given prices: what every stage after `book` takes."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.model.book import Book, Prices
from analyzer.protocols.nado.state.state import NadoState, state_of
from analyzer.protocols.nado.value.account import Valuation
from analyzer.protocols.nado.value.liquidation.steps import Step, next_steps
from analyzer.protocols.nado.value.prices import product_prices


@dataclass(frozen=True, slots=True)
class NadoValued:
    """A book at prices (see `base.Valued`). valuation: its accounts' numbers; tried: account ->
    the steps that a liquidation could take of it, where somebody asked."""

    book: Book
    prices: Prices
    valuation: Valuation
    tried: dict[str, list[Step]] = field(default_factory=dict)

    @property
    def state(self) -> NadoState:
        """The book's state."""
        return self.valuation.state

    def steps(self, account_id: str) -> list[Step]:
        """What could be liquidated of an account now, worked out once. Raises: KeyError;
        UnreadableNumberError for an account that is not known."""
        if account_id not in self.tried:
            self.tried[account_id] = next_steps(self.valuation, account_id)
        return self.tried[account_id]


def value(book: Book, prices: Prices) -> NadoValued:
    """The book at `prices`. Raises: TypeError for another protocol's book."""
    state = state_of(book)
    return NadoValued(book, prices, Valuation(state, product_prices(state, prices)))
