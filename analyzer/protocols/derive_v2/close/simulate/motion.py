"""A state that can be moved: its prices and requirements, and the accounts' numbers at them.

What a bid, an unwinding or a withdrawal does to it is in `bidding`, `unwinding`, `withdrawal`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from analyzer.model.book import Prices
from analyzer.protocols.derive_v2.close.simulate import bids
from analyzer.protocols.derive_v2.close.simulate.repricing import moved
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.account import NO_CHANGE, Valuation
from analyzer.protocols.derive_v2.value.prices import reference_prices
from analyzer.protocols.kit.unreadable import Unreadable

OTHER_PRICES = 16
"""How many sets of other prices (`Motion.valuation_at`) are kept ready."""


class Motion:
    """A copy of the protocol's state at prices and requirements that change.

    factors: asset id -> risk factor.
    """

    def __init__(self, state: DeriveState, prices: Prices, factors: Mapping[str, str]) -> None:
        self._factors = dict(factors)
        self._requirement = NO_CHANGE
        # An option that is worth nothing now had a price all the same.
        self._priced = frozenset(a for a, p in prices.by_asset.items() if p.price_e18 is not None)
        own = bids.copied(state)
        self._reset(moved(own, {a: p.price_e18 for a, p in prices.by_asset.items() if p.price_e18}))

    @property
    def valuation(self) -> Valuation:
        """The accounts' numbers now. A step changes its state."""
        return self._valuation

    @property
    def state(self) -> DeriveState:
        """The protocol as it is now."""
        return self._valuation.state

    def prices_e18(self) -> Mapping[str, int]:
        """Every price in use: spot feeds and perps as they were given, the rest made of them."""
        prices = reference_prices(self.state, self._factors).by_asset.values()
        return {p.asset_id: p.price_e18 for p in prices if p.price_e18}

    def set_prices(self, prices_e18: Mapping[str, int]) -> None:
        """Other prices (see `repricing.moved`). Raises: KeyError for an asset without a price,
        ValueError for a price that is not positive."""
        for asset, price in prices_e18.items():
            if asset not in self._priced:
                raise KeyError(asset)
            if price <= 0:
                raise ValueError(f"a price of {price} for {asset}: prices are positive")
        self._reset(moved(self.state, prices_e18))

    def scale_requirements(self, factor: Fraction) -> None:
        """Every requirement is the managers' own times `factor`. Raises: ValueError below 1."""
        if factor < 1:
            raise ValueError(f"requirements are scaled by 1 or more, not by {factor}")
        self._requirement = factor
        self._reset(self.state)

    def valuation_at(self, prices_e18: Mapping[str, int]) -> Valuation:
        """The accounts' numbers if these assets had these prices."""
        if not prices_e18:
            return self._valuation
        key = frozenset(prices_e18.items())
        if key not in self._others:
            if len(self._others) >= OTHER_PRICES:
                self._others.clear()
            self._others[key] = Valuation(moved(self.state, prices_e18), self._requirement)
        return self._others[key]

    def changed(self) -> None:
        """An account is another now: what was valued at other prices is out of date."""
        self._others.clear()

    def _reset(self, state: DeriveState) -> None:
        """Other prices or requirements: every valuation is made again."""
        self._valuation = Valuation(state, self._requirement)
        self._others: dict[frozenset[tuple[str, int]], Valuation] = {}


def known(valuation: Valuation, number: int) -> tuple[int, int] | None:
    """(mark to market, maintenance margin), None when one of the account's numbers is unknown."""
    numbers = valuation.numbers(number)
    if numbers.problem is not None:
        return None
    mtm, mm = numbers.mtm, numbers.mm
    return None if isinstance(mtm, Unreadable) or isinstance(mm, Unreadable) else (mtm, mm)
