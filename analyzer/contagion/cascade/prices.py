"""The prices of a cascade: the scenario's shock, and what forced sales did to each factor.

    price = price at the block x shock(factor) x impact(factor, everything sold so far) x recovery
            x (1 - share of the backing that is gone)

A ratio (`stETH/ETH`) has the impact of its own sales times that of what it is quoted in.

Impact depends on cumulative net sales, so it does not matter in which pieces they came. Volumes
are counted at the block's prices, and so is depth: the shock moves the price at which a market
trades, not how many units it takes. (Depth in dollars at shocked prices would let a larger shock
end at a higher price.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial

from analyzer.contagion.cascade.pairs import PairBooks, Trade, Want, chain
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import (
    Oracle,
    Scenario,
    Step,
    depth_multiplier,
    is_stale,
    multiplier,
)
from analyzer.market.classes import base_of
from analyzer.market.depth.route import Market

E18 = 10**18
ONE = Fraction(1)


class MarketPrices:
    """What every asset costs now, in each protocol and in the market.

    pairs: the market's, with everything that was traded in them. impact: factor -> what that made
    of its price, as far as prices have followed. forced: as in `CascadeResult`. with_claims:
    whether a venue has a price for a claim on another, or on itself. turn: the same as long as
    nothing is traded and no price begins anew.
    """

    def __init__(self, venues: Sequence[Venue], scenario: Scenario, market: Market) -> None:
        self.venues = venues
        self.scenario = scenario
        self.pairs = PairBooks(market, partial(depth_multiplier, scenario))
        self.start = [dict(venue.simulation.prices_e18()) for venue in venues]
        self.shock: dict[str, Fraction] = {}
        self.given: Mapping[str, int] = {}
        self.impact: dict[str, Fraction] = {}
        self.forced: dict[str, Fraction] = {}
        self.recovery: dict[str, Fraction] = {}
        self._impaired = _impaired(venues, scenario)
        self.with_claims = any(
            receipt.token in start
            for venue in venues
            for receipt in venue.simulation.receipts()
            for start in self.start
        )
        moving = (self._moving(venue).values() for venue in venues)
        self._factors = sorted({factor for of_venue in moving for factor in of_venue})
        self._unsold: dict[tuple[int, str], int] = {}
        self._margins: dict[tuple[int, str], float] = {}
        self._era = 0
        self.turn = 0

    def factors(self) -> list[str]:
        """Every factor that some asset has and some market moves, in order."""
        return self._factors

    def impaired_factors(self) -> set[str]:
        """The factors of assets of whose backing a part is gone."""
        return {self.venues[number].factors[asset] for number, asset in self._impaired}

    @staticmethod
    def _moving(venue: Venue) -> dict[str, str]:
        """asset id -> factor of the venue's assets that are not fixed."""
        return {a: f for a, f in venue.factors.items() if a not in venue.fixed}

    def apply(self, step: Step) -> None:
        """The scenario's next step: its shocks replace those of the step before."""
        self.given = step.prices_e18
        self._began_anew()
        for factor in self.factors():
            self.shock[factor] = multiplier(self.scenario, step, factor)

    def quote(self, number: int, sold: Mapping[str, int], *, last_price: bool = False) -> Trade:
        """What trading these assets of a venue (asset -> amount in its decimals, negative =
        bought) would come to from where the pairs are now, net by factor.

        last_price: what a pair cannot bear counts at the last price, as for whoever keeps it;
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
            price = self._unsold_e18(number, asset)
            worth[factor] = worth.get(factor, 0) + venue.value_e18(asset, amount, price)
        wants = [Want(factor, value, worth[factor]) for factor, value in volume.items()]
        return self.pairs.quote(wants, last_price=last_price)

    def trade(self, number: int, sold: Mapping[str, int], *, last_price: bool = False) -> Trade:
        """`quote`, done: the pairs are where it leaves them. Prices follow with `follow`."""
        done = self.quote(number, sold, last_price=last_price)
        self.pairs.book(done)
        self._moved_on()
        return done

    def follow(self) -> None:
        """Puts the price of every factor where its pairs are."""
        for factor in self.pairs.moved():
            ratio = self.pairs.own_impact(factor)
            self.impact[factor] = ratio
            if abs(ratio - 1) > abs(self.forced.get(factor, ONE) - 1):
                self.forced[factor] = ratio

    def exhausted(self) -> tuple[str, ...]:
        """The factors, in order, of which more was sold (or bought) than the market bears."""
        return tuple(factor for factor, left in sorted(self.pairs.left_e18.items()) if left)

    def _unsold_e18(self, number: int, asset: str) -> int:
        """What an asset would cost had nobody been forced to sell."""
        key = (number, asset)
        if key not in self._unsold:
            worth = self.shocked_e18(number, asset) * self.recovery.get(asset, ONE)
            self._unsold[key] = int(worth)
        return self._unsold[key]

    def at_margin(self, number: int, asset: str) -> float:
        """What the next unit of an asset trades at in the market, where its pairs are now."""
        key = (number, asset)
        if key not in self._margins:
            price = float(self._unsold_e18(number, asset))
            for link in chain(self.venues[number].factors[asset]):
                price *= self.pairs.ratio(link)
            self._margins[key] = price
        return self._margins[key]

    def unsold(self, number: int, asset: str) -> float:
        """What an asset would cost had nobody been forced to sell, 18 decimals."""
        return float(self._unsold_e18(number, asset))

    def write_down(self, token: str, left: Fraction) -> None:
        """Losses leave so much of what a claim was worth."""
        self.recovery[token] = self.recovery.get(token, ONE) * left
        self._began_anew()

    def _began_anew(self) -> None:
        """Prices before forced sales are others now."""
        self._unsold.clear()
        self._era += 1
        self._moved_on()

    def _moved_on(self) -> None:
        """What the next unit trades at is another price now."""
        self._margins.clear()
        self.turn += 1

    def stamp(self, factors: frozenset[str]) -> tuple[int, ...]:
        """The same as long as trading these factors for each other comes to the same."""
        return (self._era, *self.pairs.stamp(factors))

    def shocked_e18(self, number: int, asset: str) -> Fraction:
        """An asset's price in the market before any forced sale of the cascade."""
        left = self._impaired.get((number, asset), ONE)
        return self._backed_e18(number, asset) * left

    def _backed_e18(self, number: int, asset: str) -> Fraction:
        """The same had none of its backing gone."""
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
        *,
        backed: bool = False,
    ) -> int:
        """An asset's price in the market at given impacts and recoveries. backed: had none of its
        backing gone."""
        venue = self.venues[number]
        if asset in venue.fixed:
            return self.start[number][asset]
        moved = self.impact_of(venue.factors[asset], impact) * recovery.get(asset, ONE)
        shocked = self._backed_e18 if backed else self.shocked_e18
        return max(int(shocked(number, asset) * moved), 1)

    def _unheard(self, number: int, asset: str) -> bool:
        """Whether a feed does not hear that backing of the asset is gone."""
        found = self.scenario.impairment
        stands = found is not None and found.oracle is Oracle.STANDS
        return stands and (number, asset) in self._impaired

    def unheard_e18(self) -> list[dict[str, int]]:
        """number of the venue -> the market's prices of assets with a stopped oracle, or with one
        that does not hear of lost backing."""
        return [
            {
                asset: self.market_e18(number, asset)
                for asset in self.start[number]
                if asset in venue.factors
                and asset not in venue.fixed
                and (is_stale(self.scenario, venue.factors[asset]) or self._unheard(number, asset))
            }
            for number, venue in enumerate(self.venues)
        ]

    def protocol_e18(
        self,
        impact: Mapping[str, Fraction] | None = None,
        recovery: Mapping[str, Fraction] | None = None,
    ) -> list[dict[str, int]]:
        """number of the venue -> the prices that its protocol uses: the market's (now, or at given
        impacts and recoveries), but for what is fixed, for oracles that the scenario stopped, and
        for lost backing of which a feed does not hear."""
        parts = self.impact if impact is None else impact
        worth = self.recovery if recovery is None else recovery
        return [
            {
                asset: self._price(number, asset, parts, worth, backed=self._unheard(number, asset))
                for asset in self.start[number]
                if asset not in venue.fixed
                and asset in venue.factors
                and not is_stale(self.scenario, venue.factors[asset])
            }
            for number, venue in enumerate(self.venues)
        ]


def _impaired(venues: Sequence[Venue], scenario: Scenario) -> dict[tuple[int, str], Fraction]:
    """(number of the venue, asset) -> what the scenario's impairment leaves of its price; assets
    with their whole backing are left out."""
    found = scenario.impairment
    if found is None:
        return {}
    return {
        (number, asset): found.left
        for number, venue in enumerate(venues)
        if found.reaches(venue.name, venue.chain_id)
        for asset in venue.factors
        if found.names(asset, venue.symbols.get(asset, ""))
    }
