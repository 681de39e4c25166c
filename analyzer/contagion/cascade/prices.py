"""The prices of a cascade: the scenario's shock, and what forced sales did to each factor.

    price = price at the block x shock(factor) x impact(factor, everything sold so far) x recovery

A ratio (`stETH/ETH`) has the impact of its own sales times that of what it is quoted in.

Impact depends on cumulative net sales, so it does not matter in which pieces they came. Volumes
are counted at the block's prices, and so is depth: the shock moves the price at which a market
trades, not how many units it takes. (Depth in dollars at shocked prices would let a larger shock
end at a higher price.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import Scenario, Step, is_stale, multiplier
from analyzer.market.classes import base_of
from analyzer.market.depth import ImpactCurve, NoImpact, scaled

E18 = 10**18
ONE = Fraction(1)
Sold = tuple[int, str, int]
"""(number of the venue, asset id, amount in its decimals; positive = sold)."""


class MarketPrices:
    """What every asset costs now, in each protocol and in the market."""

    def __init__(
        self, venues: Sequence[Venue], scenario: Scenario, curves: Mapping[str, ImpactCurve]
    ) -> None:
        self.venues = venues
        self.scenario = scenario
        self.curves = {
            factor: scaled(curve, float(scenario.depth_multiplier))
            for factor, curve in curves.items()
        }
        self.start = [dict(venue.simulation.prices_e18()) for venue in venues]
        self.shock: dict[str, Fraction] = {}
        self.given: Mapping[str, int] = {}
        self.sold_e18: dict[str, int] = {}
        self.impact: dict[str, Fraction] = {}
        self.recovery: dict[str, Fraction] = {}

    def factors(self) -> list[str]:
        """Every factor that some asset has and some market moves, in order."""
        return sorted({factor for venue in self.venues for factor in self._moving(venue).values()})

    @staticmethod
    def _moving(venue: Venue) -> dict[str, str]:
        """asset id -> factor of the venue's assets that are not fixed."""
        return {a: f for a, f in venue.factors.items() if a not in venue.fixed}

    def apply(self, step: Step) -> None:
        """The scenario's next step: its shocks replace those of the step before."""
        self.given = step.prices_e18
        for factor in self.factors():
            self.shock[factor] = multiplier(self.scenario, step, factor)

    def sell(self, sold: Iterable[Sold]) -> dict[str, int]:
        """Sends amounts to the market. What each factor sold, in dollars (18 decimals) at the
        block's prices; prices follow at once."""
        flow: dict[str, int] = {}
        for number, asset, amount in sold:
            venue = self.venues[number]
            if asset in venue.fixed or not amount:
                continue
            factor = venue.factors[asset]
            value = venue.value_e18(asset, amount, self.start[number][asset])
            flow[factor] = flow.get(factor, 0) + value
        for factor, value in flow.items():
            self.sold_e18[factor] = self.sold_e18.get(factor, 0) + value
            self._move(factor)
        return flow

    def _volume_usd(self, factor: str) -> float:
        """Cumulative net sales of a factor at the block's prices, dollars."""
        return self.sold_e18.get(factor, 0) / E18

    def _curve(self, factor: str) -> ImpactCurve:
        """The curve of a factor. One that the caller left out does not move."""
        return self.curves.get(factor) or NoImpact()

    def _move(self, factor: str) -> None:
        """Puts the factor at the end of its curve."""
        self.impact[factor] = Fraction(self._curve(factor).price_ratio(self._volume_usd(factor)))

    def average(self, factor: str, before_e18: Mapping[str, int]) -> Fraction:
        """What sales of a factor since `before_e18` (factor -> cumulative, at the block's prices)
        fetched on average along the curve, as a share of its shocked price."""
        curve, end = self._curve(factor), self._volume_usd(factor)
        own = Fraction(curve.average_ratio(before_e18.get(factor, 0) / E18, end))
        base = base_of(factor)
        return own if base is None else own * self.average(base, before_e18)

    def exhausted(self) -> tuple[str, ...]:
        """The factors, in order, that were sold (or bought) beyond what their curve knows."""
        return tuple(
            factor
            for factor in sorted(self.sold_e18)
            if self._curve(factor).exhausted(self._volume_usd(factor))
        )

    def shocked_e18(self, number: int, asset: str) -> Fraction:
        """An asset's price in the market before any forced sale of the cascade."""
        if asset in self.given:
            return Fraction(self.given[asset])
        factor = self.venues[number].factors[asset]
        return self.start[number][asset] * self.shock.get(factor, ONE)

    def impact_of(self, factor: str, impact: Mapping[str, Fraction] | None = None) -> Fraction:
        """What forced sales have made of a factor's price; `impact`: own parts other than now's."""
        parts = self.impact if impact is None else impact
        base = base_of(factor)
        own = parts.get(factor, ONE)
        return own if base is None else own * self.impact_of(base, parts)

    def share(self, factor: str) -> Fraction:
        """A factor's price in the market now, as a share of the block's."""
        return self.shock.get(factor, ONE) * self.impact_of(factor)

    def market_e18(self, number: int, asset: str) -> int:
        """An asset's price in the market now, at least one wei."""
        return self._price(number, asset, self.impact, self.recovery)

    def _price(
        self,
        number: int,
        asset: str,
        impact: Mapping[str, Fraction],
        recovery: Mapping[str, Fraction],
    ) -> int:
        """An asset's price in the market at given impacts and recoveries."""
        venue = self.venues[number]
        if asset in venue.fixed:
            return self.start[number][asset]
        moved = self.impact_of(venue.factors[asset], impact) * recovery.get(asset, ONE)
        return max(int(self.shocked_e18(number, asset) * moved), 1)

    def protocol_e18(
        self,
        impact: Mapping[str, Fraction] | None = None,
        recovery: Mapping[str, Fraction] | None = None,
    ) -> list[dict[str, int]]:
        """number of the venue -> the prices that its protocol uses: the market's (now, or at given
        impacts and recoveries), but for what is fixed and for oracles that the scenario stopped."""
        parts = self.impact if impact is None else impact
        worth = self.recovery if recovery is None else recovery
        return [
            {
                asset: self._price(number, asset, parts, worth)
                for asset in self.start[number]
                if asset not in venue.fixed
                and asset in venue.factors
                and not is_stale(self.scenario, venue.factors[asset])
            }
            for number, venue in enumerate(self.venues)
        ]
