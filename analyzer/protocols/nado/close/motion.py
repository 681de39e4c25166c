"""What moves in a simulation: the state, its prices, and what was worked out of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from analyzer.protocols.nado.state.state import QUOTE, NadoState
from analyzer.protocols.nado.value.account import NO_CHANGE, Valuation
from analyzer.protocols.nado.value.liquidation.working import Working


class Motion:
    """A copy of a state that steps are kept in; the state that it was made of does not change."""

    def __init__(self, state: NadoState, prices: Mapping[int, int]) -> None:
        self.state = replace(
            state,
            spots=dict(state.spots),
            perps=dict(state.perps),
            accounts=dict(state.accounts),
        )
        self._products = {
            **{spot.asset_id: product for product, spot in state.spots.items()},
            **{perp.asset_id: product for product, perp in state.perps.items()},
        }
        self._prices = dict(prices)
        self._requirement = NO_CHANGE
        self.valuation = Valuation(self.state, self._prices)

    def prices_e18(self) -> Mapping[str, int]:
        """Asset -> price in use; without those that have none."""
        return {
            asset: self._prices[product]
            for asset, product in self._products.items()
            if self._prices[product] > 0 and product not in self.state.problems
        }

    def set_prices(self, prices_e18: Mapping[str, int]) -> bool:
        """Takes prices; whether any moved. Raises: KeyError, ValueError as `Simulation` says."""
        moved = self.moved(prices_e18)
        changed = moved != self._prices
        if changed:
            self._prices = moved
            self._revalue()
        return changed

    def moved(self, prices_e18: Mapping[str, int]) -> dict[int, int]:
        """The prices in use with some of them replaced; the quote product keeps its own. Raises:
        KeyError, ValueError."""
        known, out = self.prices_e18(), dict(self._prices)
        for asset, price in prices_e18.items():
            if asset not in known:
                raise KeyError(asset)
            if price <= 0:
                raise ValueError(f"a price of {price} for {asset}: prices are positive")
            product = self._products[asset]
            if product != QUOTE:
                out[product] = price
        return out

    def scale_requirements(self, factor: Fraction) -> None:
        """Requirements of the block times `factor`. Raises: ValueError for one below 1."""
        if factor < 1:
            raise ValueError(f"requirements are scaled by 1 or more, not by {factor}")
        self._requirement = factor
        self._revalue()

    def at(self, prices_e18: Mapping[str, int]) -> Valuation:
        """The accounts as they are now at other prices. Raises: KeyError, ValueError."""
        return Valuation(self.state, self.moved(prices_e18), self._requirement)

    def keep(self, working: Working) -> None:
        """Makes what a step did the state of now; where a loss was shared every account is worth
        something else."""
        shared = any(
            product.deposit_multiplier != self.state.spots[number].deposit_multiplier
            for number, product in working.changed_spots.items()
        ) or any(
            product.funding_long != self.state.perps[number].funding_long
            for number, product in working.changed_perps.items()
        )
        self.state.accounts.update(working.accounts)
        self.state.spots.update(working.changed_spots)
        self.state.perps.update(working.changed_perps)
        self.state.insurance, self.state.last_fees = working.insurance, working.last_fees
        if shared:
            self.valuation.forget_all()
        for name in working.accounts:
            self.valuation.forget(name)

    def after(self, working: Working) -> Valuation:
        """What the accounts would be worth after a step that is not kept."""
        state = replace(
            self.state,
            accounts={**self.state.accounts, **working.accounts},
            spots={**self.state.spots, **working.changed_spots},
            perps={**self.state.perps, **working.changed_perps},
            insurance=working.insurance,
            last_fees=working.last_fees,
        )
        return Valuation(state, self._prices, self._requirement)

    def _revalue(self) -> None:
        """Every number is made again."""
        self.valuation = Valuation(self.state, self._prices, self._requirement)
