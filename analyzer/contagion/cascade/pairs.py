"""What forced trades do to prices, pair by pair.

A liquidator sells what was taken over for what has to be paid back; where nothing is, against the
unit of account. Each such trade goes through the pairs of its route (`market.depth.route`), and
moves the thin side of each:

    own impact of a factor  =  product over its pairs of  curve(cumulative net volume of the pair)
    impact of a factor      =  own impact x impact of what it is quoted in

Volumes count at the block's prices and only add up, so a price does not depend on the pieces in
which they came. A trade is executed at the average along the pairs that it moves, times what other
pairs have made of its price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from math import inf

from analyzer.contagion.cascade.result import PairUsed
from analyzer.market.classes import base_of
from analyzer.market.depth import ImpactCurve, scaled
from analyzer.market.depth.classes import UNIT
from analyzer.market.depth.quote import depth_usd
from analyzer.market.depth.route import Market, Pair
from analyzer.model.integers import mul_div

E18 = 10**18
ALL = Fraction(1)
"""The share of a trade that a market bears where it bears all of it."""


@dataclass(frozen=True, slots=True)
class Want:
    """What is to be traded of a factor; 18 decimals, above zero = sold, below = bought. volume_e18:
    at the block's prices; worth_e18: at its price before any forced trade."""

    factor: str
    volume_e18: int
    worth_e18: int


@dataclass(frozen=True, slots=True)
class Trade:
    """What trading came to; 18 decimals.

    proceeds_e18: what the sales fetched less what the purchases cost. volumes_e18: pair -> net
    sale of its thin side (negative: purchase). left_e18: factor -> what the market did not bear,
    likewise.
    """

    proceeds_e18: int
    volumes_e18: Mapping[Pair, int]
    left_e18: Mapping[str, int]

    @property
    def traded_e18(self) -> dict[str, int]:
        """Factor that moves -> net sale, all of its pairs together."""
        out: dict[str, int] = {}
        for (thin, _), volume in self.volumes_e18.items():
            out[thin] = out.get(thin, 0) + volume
        return out


@dataclass(slots=True)
class Turnover:
    """What went through one pair, of its thin side; 18 decimals at the block's prices."""

    sold_e18: int = 0
    bought_e18: int = 0

    @property
    def net_e18(self) -> int:
        """Sold less bought: where the pair's curve is."""
        return self.sold_e18 - self.bought_e18


@dataclass(frozen=True, slots=True)
class _Part:
    """One side of a match: what is traded, for what."""

    want: Want
    other: str


@dataclass(slots=True)
class PairBooks:
    """Every pair's curve and turnover. multiplier: factor -> by how much the depth of the pairs
    in which it moves is multiplied. left_e18: factor -> what no market bore."""

    market: Market
    multiplier: Callable[[str], Fraction]
    turnover: dict[Pair, Turnover] = field(default_factory=dict)
    left_e18: dict[str, int] = field(default_factory=dict)
    curves: dict[Pair, ImpactCurve] = field(default_factory=dict)
    """Of the pairs that any trade asked for, scaled."""
    _routes: dict[tuple[str, str], tuple[tuple[Pair, bool], ...]] = field(default_factory=dict)
    _ratios: dict[str, dict[Pair, float]] = field(default_factory=dict)
    """Factor that moves -> pair -> what its turnover made of the price."""
    _legs: dict[tuple[str, str, bool], tuple[Pair, ...]] = field(default_factory=dict)
    """(Factor, the other one, whether it is sold) -> the pairs of the route in which it moves."""
    _limits: dict[Pair, tuple[float, float]] = field(default_factory=dict)
    """Of the curves: the net sales between which their markets are."""
    _turns: dict[str, int] = field(default_factory=dict)
    """Thin side -> how many trades moved it."""
    _sides: dict[frozenset[str], tuple[str, ...]] = field(default_factory=dict)
    _stood: dict[tuple[str, tuple[Pair, ...]], float] = field(default_factory=dict)
    """(Factor, pairs) -> what all other pairs made of its price, until the next trade."""

    def quote(self, wants: Sequence[Want], *, last_price: bool = False) -> Trade:
        """What trading all of `wants` would come to from where the pairs are now.

        last_price: what a pair cannot bear counts at its last price, as for whoever keeps it; else
        it is worth nothing.
        """
        moved: dict[Pair, int] = {}
        left: dict[str, int] = {}
        proceeds = 0
        for part in matched(wants):
            proceeds += self._execute(part, moved, left, last_price=last_price)
        return Trade(proceeds, moved, left)

    def book(self, trade: Trade) -> None:
        """A trade that was made: the pairs are where it leaves them."""
        for pair, volume in trade.volumes_e18.items():
            found = self.turnover.setdefault(pair, Turnover())
            found.sold_e18 += max(volume, 0)
            found.bought_e18 += max(-volume, 0)
            ratio = self.curves[pair].price_ratio(found.net_e18 / E18)
            self._ratios.setdefault(pair[0], {})[pair] = ratio
            self._turns[pair[0]] = self._turns.get(pair[0], 0) + 1
        self._stood.clear()
        for factor, volume in trade.left_e18.items():
            self.left_e18[factor] = self.left_e18.get(factor, 0) + volume

    def stamp(self, factors: frozenset[str]) -> list[int]:
        """How often each thin side was traded that a trade of these factors for each other, or for
        the unit of account, moves or has to do with."""
        if factors not in self._sides:
            routes = (self._route(a, b) for a in factors for b in (*factors, UNIT))
            back = (self._route(UNIT, factor) for factor in factors)
            moved = {pair[0] for route in (*routes, *back) for pair, _ in route}
            moved.update(link for factor in factors for link in chain(factor))
            self._sides[factors] = tuple(sorted(moved))
        return [self._turns.get(side, 0) for side in self._sides[factors]]

    def own_impact(self, factor: str) -> Fraction:
        """What forced trades have made of a factor's price, without what it is quoted in."""
        return Fraction(self.ratio(factor))

    def ratio(self, factor: str) -> float:
        """The same as a float."""
        ratio = 1.0
        for _, own in sorted(self._ratios.get(factor, {}).items()):
            ratio *= own
        return ratio

    def best_ratio(
        self, factor: str, other: str, volume_usd: float, *, sold: bool, room_usd: float
    ) -> float:
        """The average price of a sale (or purchase) of a factor for another, as a share of what it
        is without any forced trade, had every pair stood so much better before it.

        A quote in float64: what a pair cannot bear is sold for nothing, and bought for any price.
        """
        sign = 1.0 if sold else -1.0
        legs, links, price = self._moving(factor, other, sold=sold), chain(factor), 1.0
        starts = {
            pair: self._net_e18(pair) / E18 - sign * room_usd
            for pair in self.curves
            if pair in legs or pair[0] in links
        }
        share = min((self._share(p, starts[p], sign, volume_usd) for p in legs), default=1.0)
        if share < 1 and not sold:
            return inf
        for pair, start in starts.items():
            if pair in legs:
                end = start + sign * share * volume_usd
                price *= self.curves[pair].average_ratio(start, end)
            elif start:
                price *= self.curves[pair].price_ratio(start)
        return share * price

    def _share(self, pair: Pair, start: float, sign: float, volume_usd: float) -> float:
        """`_bearable` in float64, at the best; of no volume: whether the pair takes any more."""
        least, most = self._limits[pair]
        left = most - start if sign > 0 else start - least
        if left <= 0:
            return 0.0
        return min(1.0, left / volume_usd * (1 + 1e-9)) if volume_usd else 1.0

    def meet(self, factor: str, other: str, *, sold: bool) -> bool:
        """Whether a factor's trades for another, and for the unit of account, go through the same
        pairs, one after the other."""
        return self._moving(factor, other, sold=sold) == self._moving(factor, UNIT, sold=sold)

    def nets_usd(self) -> dict[Pair, float]:
        """Where the curve of every pair is that any trade asked for."""
        return {pair: self._net_e18(pair) / E18 for pair in self.curves}

    def moved(self) -> list[str]:
        """The factors that any pair moves, sorted."""
        return sorted({thin for thin, _ in self.turnover})

    def _execute(
        self, part: _Part, moved: dict[Pair, int], left: dict[str, int], *, last_price: bool
    ) -> int:
        """One side of a match, its proceeds (below zero: cost); `moved` and `left` follow."""
        want = part.want
        legs = self._moving(want.factor, part.other, sold=want.worth_e18 > 0)
        before = [self._net_e18(pair) + moved.get(pair, 0) for pair in legs]
        share = ALL
        for pair, volume in zip(legs, before, strict=True):
            share = min(share, self._bearable(pair, volume, want.volume_e18))
        traded = want.volume_e18 if share is ALL else int(want.volume_e18 * share)
        until = want.volume_e18 if last_price else traded
        price = self._others(want.factor, legs, moved)
        for pair, volume in zip(legs, before, strict=True):
            price *= self.curves[pair].average_ratio(volume / E18, (volume + until) / E18)
            moved[pair] = moved.get(pair, 0) + traded
        if traded != want.volume_e18:
            left[want.factor] = left.get(want.factor, 0) + want.volume_e18 - traded
        if last_price or share is ALL:
            return mul_div(want.worth_e18, *price.as_integer_ratio())
        return int(want.worth_e18 * share * Fraction(price))

    def _moving(self, factor: str, other: str, *, sold: bool) -> tuple[Pair, ...]:
        """The pairs of a trade in which the factor moves: where it is sold, those whose thin side
        is sold."""
        key = (factor, other, sold)
        if key not in self._legs:
            ends = (factor, other) if sold else (other, factor)
            legs = dict.fromkeys(pair for pair, down in self._route(*ends) if down is sold)
            self._legs[key] = tuple(legs)
        return self._legs[key]

    def _others(self, factor: str, legs: tuple[Pair, ...], moved: Mapping[Pair, int]) -> float:
        """What pairs other than `legs` have made of a factor's price."""
        links = chain(factor)
        if not any(pair[0] in links for pair in moved):
            return self._stood_before(factor, legs)
        price = 1.0
        for link in links:
            for pair, ratio in self._ratios.get(link, {}).items():
                if pair not in legs and pair not in moved:
                    price *= ratio
        for pair, volume in moved.items():
            if pair not in legs and pair[0] in links:
                price *= self.curves[pair].price_ratio((self._net_e18(pair) + volume) / E18)
        return price

    def _stood_before(self, factor: str, legs: tuple[Pair, ...]) -> float:
        """The same where the trade has moved none of them yet."""
        key = (factor, legs)
        if key not in self._stood:
            price = 1.0
            for link in chain(factor):
                for pair, ratio in self._ratios.get(link, {}).items():
                    if pair not in legs:
                        price *= ratio
            self._stood[key] = price
        return self._stood[key]

    def _net_e18(self, pair: Pair) -> int:
        """Where the pair's curve is."""
        found = self.turnover.get(pair)
        return 0 if found is None else found.net_e18

    def _bearable(self, pair: Pair, before_e18: int, volume_e18: int) -> Fraction:
        """The share of a volume that a pair still takes, 0 to 1."""
        before, (least, most) = before_e18 / E18, self._limits[pair]
        end = before + volume_e18 / E18
        held = min(max(end, least), most)
        if held == end or not volume_e18:
            return ALL
        return min(max(Fraction(held - before) * E18 / volume_e18, Fraction(0)), ALL)

    def _route(self, source: str, target: str) -> tuple[tuple[Pair, bool], ...]:
        """The pairs from one factor to another, and whether the thin side is sold in each."""
        key = (source, target)
        if key not in self._routes:
            legs = self.market.legs(source, target)
            for leg in legs:
                if leg.pair not in self.curves:
                    multiplier = float(self.multiplier(leg.pair[0]))
                    curve = self.curves[leg.pair] = scaled(leg.curve, multiplier)
                    self._limits[leg.pair] = (-curve.most_buyable, curve.most_sellable)
            self._routes[key] = tuple((leg.pair, leg.sold) for leg in legs)
        return self._routes[key]


def used_pairs(books: PairBooks) -> tuple[PairUsed, ...]:
    """Every pair that something went through, in order."""
    return tuple(
        PairUsed(
            moves=pair[0],
            against=pair[1],
            depth_usd=depth_usd(books.curves[pair]),
            kind=books.curves[pair].name,
            source=books.curves[pair].source,
            sold_e18=found.sold_e18,
            bought_e18=found.bought_e18,
            ratio=books.curves[pair].price_ratio(found.net_e18 / E18),
            lost=abs(1 - books.curves[pair].average_ratio(0.0, found.net_e18 / E18)),
        )
        for pair, found in sorted(books.turnover.items())
    )


def matched(wants: Sequence[Want]) -> Iterator[_Part]:
    """Sales against purchases of the same worth, in the order of their factors; what is over on
    either side against the unit of account."""
    sold = sorted((w for w in wants if w.worth_e18 > 0), key=lambda w: w.factor)
    bought = sorted((w for w in wants if w.worth_e18 < 0), key=lambda w: w.factor)
    while sold and bought:
        worth = min(sold[0].worth_e18, -bought[0].worth_e18)
        sale, sold[0] = _split(sold[0], worth)
        purchase, bought[0] = _split(bought[0], -worth)
        yield _Part(sale, purchase.factor)
        yield _Part(purchase, sale.factor)
        sold = [want for want in sold if want.worth_e18]
        bought = [want for want in bought if want.worth_e18]
    for want in (*sold, *bought):
        yield _Part(want, UNIT)


def _split(want: Want, worth_e18: int) -> tuple[Want, Want]:
    """(the part that is worth so much, the rest)."""
    volume = want.volume_e18 * worth_e18 // want.worth_e18
    rest = Want(want.factor, want.volume_e18 - volume, want.worth_e18 - worth_e18)
    return Want(want.factor, volume, worth_e18), rest


@cache
def chain(factor: str) -> tuple[str, ...]:
    """The factor, and what it is quoted in."""
    base = base_of(factor)
    return (factor,) if base is None else (factor, *chain(base))
