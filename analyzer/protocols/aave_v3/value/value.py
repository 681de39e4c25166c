"""The market at given prices: what every stage after `book` takes."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.model.book import Book, Prices
from analyzer.protocols.aave_v3.state.state import AaveState, state_of
from analyzer.protocols.aave_v3.value.account import Valuation
from analyzer.protocols.aave_v3.value.liquidation_call import (
    LIQUIDATION_THRESHOLD,
    Pair,
    pair_outcomes,
)
from analyzer.protocols.kit.unreadable import Unreadable


@dataclass(frozen=True, slots=True)
class AaveValued:
    """A book at prices (see `base.Valued`). valuation: its accounts' numbers, each
    computed once."""

    book: Book
    prices: Prices
    valuation: Valuation
    kept: dict[str, object] = field(default_factory=dict)
    """What later stages make of the book once, by name."""
    _pairs: dict[str, tuple[Pair, ...]] = field(default_factory=dict)

    @property
    def state(self) -> AaveState:
        """The book's state."""
        return self.valuation.state

    def pairs(self, address: str) -> tuple[Pair, ...]:
        """(collateral, debt, what the largest liquidation of the pair does) of an account that is
        known to be liquidatable, else nothing; computed once. Raises: KeyError."""
        data = self.valuation.account_data(address)
        if isinstance(data, Unreadable) or data.health_factor >= LIQUIDATION_THRESHOLD:
            return ()
        if address not in self._pairs:
            self._pairs[address] = tuple(pair_outcomes(self.valuation, data))
        return self._pairs[address]


def value(book: Book, prices: Prices) -> AaveValued:
    """The book at `prices`. Raises: TypeError for another protocol's book."""
    return AaveValued(book, prices, Valuation(state_of(book), prices))
