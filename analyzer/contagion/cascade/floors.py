"""How large a closure has to be to pay its gas: the same for all accounts of one shape.

    profit of a size x  <=  x g(x) - gas
    g(x) = paid + sold x (price of a sale of x - 1) - bought x (price of a purchase of x - 1)

Prices are averages along the pairs' curves as shares of the protocol's own. g only falls with x: a
larger sale fetches less, a larger purchase costs more. So whatever is smaller than gas / g(x) and
not smaller than x loses, and x <- gas / g(x), from 0 on, climbs to the first size that may pay, or
to where g ends. Source: `visit.profit_e18`, in float64.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from analyzer.contagion.cascade.pairs import chain
from analyzer.contagion.cascade.prices import MarketPrices
from analyzer.contagion.cascade.state import State
from analyzer.market.depth.classes import UNIT
from analyzer.model.integers import WAD
from analyzer.protocols.simulation import Shape

ROUNDING = 1e-9
"""Part of a value that roundings of prices, of ratios and of amounts in float64 may come to."""
LEAST_USD = 1e-6
"""A closure that trades hardly anything may be a keeper's, who is asked for nothing."""
CLOSE = 1e-3
"""A size is climbed to within this part of the first that may pay."""
CLIMBS = 100
"""At the most, for one shape."""


@dataclass(slots=True)
class _Climb:
    """How far a shape was climbed. done: whether the first that may pay is there."""

    size_usd: float
    done: bool = False


class Floors:
    """Of one venue, while its protocol's prices and its markets stand as they do now, or worse.

    protocol_e18: the prices of its protocol. room_usd: by how much better every pair of the market
    may stand than it does now. used: factor -> the ways in which it is traded (True = sold).
    """

    def __init__(
        self,
        prices: MarketPrices,
        number: int,
        protocol_e18: Mapping[str, int],
        gas_usd: float,
        room_usd: float = 0.0,
    ) -> None:
        self._prices, self._number = prices, number
        self._venue, self.protocol_e18 = prices.venues[number], protocol_e18
        self._gas_usd, self._room_usd = gas_usd, room_usd
        self._climbed: dict[Shape, _Climb] = {}
        self.turn = prices.turn
        self.used: dict[str, set[bool]] = {}

    def least(self, shape: Shape, most_usd: float) -> float:
        """See `simulation.Least`. 0 where that is not sure."""
        climb = self._climbed.get(shape)
        if climb is None:
            climb = self._climbed[shape] = _Climb(0.0, done=not self._is_plain(shape))
        climbs = 0
        while not climb.done and climb.size_usd <= most_usd:
            rate = self._rate(shape, climb.size_usd)
            if rate <= 0:
                climb.size_usd = inf
                break
            higher = self._gas_usd * (1 - ROUNDING) / rate
            climbs += 1
            climb.done = higher <= climb.size_usd * (1 + CLOSE) or climbs > CLIMBS
            climb.size_usd = max(higher, climb.size_usd)
        return climb.size_usd

    def _is_plain(self, shape: Shape) -> bool:
        """Whether gas has to be paid, something is traded whose price is known and moves, and no
        trade of it moves the price of the other."""
        moving = [asset for asset in (shape.sold, shape.bought) if self._moves(asset)]
        if not all(self.protocol_e18.get(asset) for asset in moving):
            return False
        factors = [self._venue.factors[asset] for asset in moving]
        # Of one factor only the difference is traded, which may be nothing and then is a keeper's.
        return self._gas_usd > 0 and bool(factors) and apart(sorted(factors))

    def _moves(self, asset: str) -> bool:
        """Whether it is an asset whose price a market moves."""
        return bool(asset) and asset not in self._venue.fixed

    def _rate(self, shape: Shape, size_usd: float) -> float:
        """g of the module's formula, and all that may have been lost to roundings."""
        rate = shape.paid + ROUNDING * (shape.sold_share + shape.bought_share)
        worth = {True: self._worth(shape.sold), False: self._worth(shape.bought)}
        both = self._moves(shape.sold) and self._moves(shape.bought)
        matched = shape.sold_share * worth[True], shape.bought_share * worth[False]
        for sold, asset, share in (
            (True, shape.sold, shape.sold_share),
            (False, shape.bought, shape.bought_share),
        ):
            if not self._moves(asset):
                continue
            other, part = UNIT, 1.0
            if both and matched[not sold]:
                # What is over goes against the unit of account: in other pairs, at the best, first.
                other = self._venue.factors[shape.bought if sold else shape.sold]
                if matched[sold] and not self._meet(asset, other, sold=sold):
                    part = min(1.0, matched[not sold] / matched[sold])
            price = self._price(asset, other, share * size_usd * part, sold=sold)
            if part < 1.0:
                price = part * price + (1 - part) * self._price(asset, other, 0.0, sold=sold)
            rate += share * (price - 1) if sold else share * (1 - price)
        return rate

    def _meet(self, asset: str, other: str, *, sold: bool) -> bool:
        """See `PairBooks.meet`."""
        pairs = self._prices.pairs
        return pairs.meet(self._venue.factors[asset], other, sold=sold)

    def _worth(self, asset: str) -> float:
        """An asset's price before any forced trade as a share of its protocol's."""
        if not self._moves(asset):
            return 1.0
        return self._prices.unsold(self._number, asset) / self.protocol_e18[asset]

    def _price(self, asset: str, other: str, usd: float, *, sold: bool) -> float:
        """What a sale or purchase of so much (at the protocol's price) trades at on average, as a
        share of the protocol's price."""
        factor = self._venue.factors[asset]
        for link in chain(factor):
            self.used.setdefault(link, set()).add(sold)
        start = self._prices.start[self._number][asset]
        volume = usd * start / self.protocol_e18[asset]
        ratio = self._prices.pairs.best_ratio(
            factor, other, volume, sold=sold, room_usd=self._room_usd
        )
        return self._worth(asset) * ratio


def floors_of(state: State, number: int) -> Floors:
    """Those of a venue as everything stands now; kept while it does."""
    found = state.floors.get(number)
    protocol = state.protocol_e18[number]
    if (
        not isinstance(found, Floors)
        or found.turn != state.prices.turn
        or found.protocol_e18 is not protocol
    ):
        gas_usd = state.prices.scenario.liquidators.cost_e18(0) / WAD
        found = state.floors[number] = Floors(state.prices, number, protocol, gas_usd)
    return found


def apart(factors: Sequence[str]) -> bool:
    """Whether none of the factors is quoted in another, or in what another is quoted in."""
    links = [link for factor in factors for link in chain(factor)]
    return len(links) == len(set(links))
