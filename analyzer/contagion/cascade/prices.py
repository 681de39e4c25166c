"""The prices of a cascade: the scenario's shock, and what forced sales did to each factor.

    price = price at the block x shock(factor) x impact(factor, everything sold so far) x recovery

A ratio (`stETH/ETH`) has the impact of its own sales times that of what it is quoted in.

Impact depends on cumulative net sales, so it does not matter in which pieces they came. Volumes
are counted at the block's prices, and so is depth: the shock moves the price at which a market
trades, not how many units it takes. (Depth in dollars at shocked prices would let a larger shock
end at a higher price.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import Scenario, Step, is_stale, multiplier
from analyzer.market.classes import base_of
from analyzer.market.depth import ImpactCurve, NoImpact, scaled

E18 = 10**18
ONE = Fraction(1)
Sold = tuple[int, str, int]
"""(number of the venue, asset id, amount in its decimals; positive = sold)."""


@dataclass(frozen=True, slots=True)
class Trade:
    """What trading some assets in the market came to; 18 decimals.

    proceeds_e18: what the sales fetched less what the purchases cost. traded_e18, left_e18: factor
    -> net sale (negative: purchase) at the block's prices, and what the market did not bear of it.
    """

    proceeds_e18: int
    traded_e18: Mapping[str, int]
    left_e18: Mapping[str, int]


class MarketPrices:
    """What every asset costs now, in each protocol and in the market.

    sold_e18: factor -> cumulative net sales at the block's prices, what the curves bear of them;
    left_e18: what they did not bear. impact: of these, as far as prices have followed.
    """

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
        self.left_e18: dict[str, int] = {}
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

    def quote(self, number: int, sold: Mapping[str, int], *, last_price: bool = False) -> Trade:
        """What trading these assets of a venue (asset -> amount in its decimals, negative =
        bought) would come to from where the curves are now, net by factor.

        last_price: what the curve cannot bear counts at the last price, as for whoever keeps it;
        else it is worth nothing.
        """
        volume, worth = dict[str, int](), dict[str, int]()
        venue = self.venues[number]
        for asset, amount in sold.items():
            if asset in venue.fixed or not amount:
                continue
            factor = venue.factors[asset]
            value = venue.value_e18(asset, amount, self.start[number][asset])
            volume[factor] = volume.get(factor, 0) + value
            price = int(self.shocked_e18(number, asset) * self.recovery.get(asset, ONE))
            worth[factor] = worth.get(factor, 0) + venue.value_e18(asset, amount, price)
        parts = [self._leg(f, v, worth[f], last_price=last_price) for f, v in volume.items()]
        return Trade(
            proceeds_e18=sum(part.proceeds_e18 for part in parts),
            traded_e18={f: v for part in parts for f, v in part.traded_e18.items()},
            left_e18={f: v for part in parts for f, v in part.left_e18.items()},
        )

    def _leg(self, factor: str, volume: int, worth: int, *, last_price: bool) -> Trade:
        """A net sale (or purchase) of one factor. volume: at the block's prices; worth: at its
        price before any forced sale."""
        curve, before = self._curve(factor), self._volume_usd(factor)
        end, share = before + volume / E18, ONE
        bearable = min(max(end, -curve.most_buyable), curve.most_sellable)
        if bearable != end:
            share = max(Fraction(bearable - before) * E18 / volume, Fraction(0))
        counted = ONE if last_price else share
        until = before + float(counted) * (end - before)
        average = Fraction(curve.average_ratio(before, until)) * self._base_impact(factor)
        traded = int(volume * share)
        left = {} if share == ONE else {factor: volume - traded}
        return Trade(int(worth * counted * average), {factor: traded}, left)

    def _base_impact(self, factor: str) -> Fraction:
        """What sales so far have made of the price of what a ratio is quoted in; 1 for others."""
        base = base_of(factor)
        if base is None:
            return ONE
        ratio = Fraction(self._curve(base).price_ratio(self._volume_usd(base)))
        return ratio * self._base_impact(base)

    def trade(self, number: int, sold: Mapping[str, int], *, last_price: bool = False) -> Trade:
        """`quote`, done: the curves are where it leaves them. Prices follow with `follow`."""
        done = self.quote(number, sold, last_price=last_price)
        for factor, volume in done.traded_e18.items():
            self.sold_e18[factor] = self.sold_e18.get(factor, 0) + volume
        for factor, volume in done.left_e18.items():
            self.left_e18[factor] = self.left_e18.get(factor, 0) + volume
        return done

    def follow(self) -> None:
        """Puts the price of every factor where its curve is."""
        for factor in self.sold_e18:
            volume = self._volume_usd(factor)
            self.impact[factor] = Fraction(self._curve(factor).price_ratio(volume))

    def _volume_usd(self, factor: str) -> float:
        """Cumulative net sales of a factor at the block's prices, dollars."""
        return self.sold_e18.get(factor, 0) / E18

    def _curve(self, factor: str) -> ImpactCurve:
        """The curve of a factor. One that the caller left out does not move."""
        return self.curves.get(factor) or NoImpact()

    def exhausted(self) -> tuple[str, ...]:
        """The factors, in order, of which more was sold (or bought) than their curve bears."""
        return tuple(factor for factor, left in sorted(self.left_e18.items()) if left)

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
