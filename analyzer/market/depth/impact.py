"""The impact curve, and the curves that are one formula.

    v                   cumulative net forced sales, in USD at the price before the first of them
                        (so a quantity times that price); v < 0 = net purchases
    price_ratio(v)      price after them over that price; falls as v grows, never 0 or below
    average_ratio(a, b) mean of price_ratio over [a, b]: what a sale from a to b is executed at

    curve               price_ratio(v)            mean over [a, b]
    NoImpact            1                         1
    ConstantProduct     (D / (D + v))**2          D**2 / ((D + a) (D + b))
    Linear              1 - v / U                 the middle of both ends
    Exponential         exp(-v / D)               exp(-a/D) (1 - exp(-d)) / d,  d = (b - a) / D

A formula that would reach zero (or infinity, for purchases) ends at MIN_RATIO (MAX_RATIO): from
there on the price stays. Every curve says how far it can be trusted: `most_sellable` and
`most_buyable` are what its market takes and gives; `exhausted` is every `v` beyond. Of a formula
that is up to where the price is a tenth of the price before, or ten times it (LAST_SOLD,
LAST_BOUGHT), as of a default: nothing was ever fitted to what lies beyond.

Units: USD and ratios, float64. Floats move prices here; verdicts stay with the integers.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol

MIN_RATIO = 1e-9
"""Where every falling price stops."""
MAX_RATIO = 1e9
"""Where every rising price stops."""

LAST_SOLD, LAST_BOUGHT = 0.1, 10.0
"""The prices, over the price before, at which a market ends that is a formula."""

ASSUMED = "assumed"
"""The source of a curve that nobody gave one."""


class ImpactCurve(Protocol):
    """How one asset's price answers to forced sales. See the module for v and the ratios."""

    @property
    def name(self) -> str:
        """The kind of curve: `constant-product`."""
        ...

    @property
    def source(self) -> str:
        """Where it is from, for people: a file, a pool at a block, a stated default."""
        ...

    def price_ratio(self, v: float) -> float:
        """Price after net sales `v`, over the price before. Above zero; falls as v grows."""
        ...

    def average_ratio(self, v0: float, v1: float) -> float:
        """Mean execution price between `v0` and `v1`, over the price before (v0 == v1:
        what the next unit gets)."""
        ...

    @property
    def most_sellable(self) -> float:
        """Net sales that the market can bear, USD as v; infinite where nothing ends it. What is
        beyond stays unsold."""
        ...

    @property
    def most_buyable(self) -> float:
        """Net purchases that the market can bear, likewise, as a number above zero."""
        ...

    def exhausted(self, v: float) -> bool:
        """Whether `v` is beyond what the curve bears: then its price is an assumption."""
        ...


class Curve(ABC):
    """What the curves share: the ends of a formula's range, and sales that reach past them.

    A curve gives `_bounds`, and `_ratio` and `_average` inside them. Outside, the price stays
    at that of the nearer bound.
    """

    __slots__ = ()

    name: ClassVar[str]

    @abstractmethod
    def _bounds(self) -> tuple[float, float]:
        """(lowest, highest) v of the formula; lowest <= 0 <= highest."""

    @abstractmethod
    def _ratio(self, v: float) -> float:
        """price_ratio inside the bounds."""

    @abstractmethod
    def _average(self, low: float, high: float) -> float:
        """Mean of the ratio over [low, high] inside the bounds, low < high."""

    def price_ratio(self, v: float) -> float:
        """Price after net sales `v`, over the price before. Raises: ValueError for NaN."""
        low, high = self._bounds()
        return self._ratio(min(max(_number(v), low), high))

    def average_ratio(self, v0: float, v1: float) -> float:
        """Mean execution price between `v0` and `v1`, in either order, over the price before.

        The sum over the three stretches (below the bounds, inside, above), each weighted with its
        share of the way. Raises: ValueError for NaN and infinity.
        """
        start, end = both_ends(v0, v1)
        low, high = self._bounds()
        if start == end or end <= low or start >= high:
            return self.price_ratio(start)
        inside_low, inside_high = max(start, low), min(end, high)
        way = end - start
        total = (inside_high - inside_low) / way * self._inside(inside_low, inside_high)
        if start < low:
            total += (low - start) / way * self._ratio(low)
        if end > high:
            total += (end - high) / way * self._ratio(high)
        return total

    def _reaching(self, ratio: float) -> float:
        """The v at which a formula's price is `ratio`; infinite (with the sign of v) for a curve
        that ends where its market does."""
        return math.inf if ratio < 1 else -math.inf

    @property
    def most_sellable(self) -> float:
        """The upper end of the formula, or of its market."""
        return min(self._bounds()[1], self._reaching(LAST_SOLD))

    @property
    def most_buyable(self) -> float:
        """The lower end of the formula, or of its market, as purchases."""
        return -max(self._bounds()[0], self._reaching(LAST_BOUGHT))

    def exhausted(self, v: float) -> bool:
        """Whether `v` lies beyond what the market takes or gives."""
        return not -self.most_buyable <= v <= self.most_sellable

    def _inside(self, low: float, high: float) -> float:
        """The mean over [low, high], held between the prices at both ends: rounding may not
        execute a sale above the price where it began."""
        if low == high:
            return self._ratio(low)
        return min(max(self._average(low, high), self._ratio(high)), self._ratio(low))


@dataclass(frozen=True, slots=True)
class NoImpact(Curve):
    """A market that takes everything at the same price."""

    source: str = ASSUMED
    name: ClassVar[str] = "none"

    def _bounds(self) -> tuple[float, float]:
        return -math.inf, math.inf

    def _ratio(self, v: float) -> float:
        return 1.0

    def _average(self, low: float, high: float) -> float:
        return 1.0


@dataclass(frozen=True, slots=True)
class ConstantProduct(Curve):
    """x y = k, without a fee. depth_usd: what the pool holds of the asset, at the price before.

    Selling 100 into 1,000 executes 9.0909 % below that price. Purchases cannot empty the pool.
    """

    depth_usd: float
    source: str = ASSUMED
    name: ClassVar[str] = "constant-product"

    def __post_init__(self) -> None:
        require_positive("depth_usd", self.depth_usd)

    def _bounds(self) -> tuple[float, float]:
        low = self.depth_usd * (MAX_RATIO**-0.5 - 1)
        return low, self.depth_usd * (MIN_RATIO**-0.5 - 1)

    def _reaching(self, ratio: float) -> float:
        return self.depth_usd * (1 / math.sqrt(ratio) - 1)

    def _ratio(self, v: float) -> float:
        return (self.depth_usd / (self.depth_usd + v)) ** 2

    def _average(self, low: float, high: float) -> float:
        depth = self.depth_usd
        return depth / (depth + low) * (depth / (depth + high))


@dataclass(frozen=True, slots=True)
class Linear(Curve):
    """Price falls by one `usd_per_unit_ratio`-th of itself per USD sold.

    usd_per_unit_ratio: sales that would take the whole price, in USD. A price in units of currency
    that falls by `slope` per unit sold has `price**2 / slope`.
    """

    usd_per_unit_ratio: float
    source: str = ASSUMED
    name: ClassVar[str] = "linear"

    def __post_init__(self) -> None:
        require_positive("usd_per_unit_ratio", self.usd_per_unit_ratio)

    def _bounds(self) -> tuple[float, float]:
        unit = self.usd_per_unit_ratio
        return unit * (1 - MAX_RATIO), unit * (1 - MIN_RATIO)

    def _reaching(self, ratio: float) -> float:
        return self.usd_per_unit_ratio * (1 - ratio)

    def _ratio(self, v: float) -> float:
        return max(1 - v / self.usd_per_unit_ratio, MIN_RATIO)

    def _average(self, low: float, high: float) -> float:
        return 1 - (low + high) / 2 / self.usd_per_unit_ratio


@dataclass(frozen=True, slots=True)
class Exponential(Curve):
    """P = exp(-v / D). depth_usd: sales that take the price down by a factor e."""

    depth_usd: float
    source: str = ASSUMED
    name: ClassVar[str] = "exponential"

    def __post_init__(self) -> None:
        require_positive("depth_usd", self.depth_usd)

    def _bounds(self) -> tuple[float, float]:
        return -self.depth_usd * math.log(MAX_RATIO), -self.depth_usd * math.log(MIN_RATIO)

    def _reaching(self, ratio: float) -> float:
        return -self.depth_usd * math.log(ratio)

    def _ratio(self, v: float) -> float:
        return math.exp(-v / self.depth_usd)

    def _average(self, low: float, high: float) -> float:
        return math.exp(-low / self.depth_usd) * mean_decay((high - low) / self.depth_usd)


@dataclass(frozen=True, slots=True)
class Scaled:
    """Another curve with its depth multiplied: what moved the price by x takes `multiplier`
    times as many sales."""

    curve: ImpactCurve
    multiplier: float

    def __post_init__(self) -> None:
        require_positive("multiplier", self.multiplier)

    @property
    def name(self) -> str:
        """The kind of the curve that is scaled."""
        return self.curve.name

    @property
    def source(self) -> str:
        """Its source and the multiple."""
        return f"{self.curve.source}, depth x {self.multiplier:g}"

    def price_ratio(self, v: float) -> float:
        """Price after net sales `v`, over the price before."""
        return self.curve.price_ratio(v / self.multiplier)

    def average_ratio(self, v0: float, v1: float) -> float:
        """Mean execution price between `v0` and `v1`, over the price before."""
        return self.curve.average_ratio(v0 / self.multiplier, v1 / self.multiplier)

    @property
    def most_sellable(self) -> float:
        """The scaled curve's, times the multiplier."""
        return self.curve.most_sellable * self.multiplier

    @property
    def most_buyable(self) -> float:
        """The scaled curve's, times the multiplier."""
        return self.curve.most_buyable * self.multiplier

    def exhausted(self, v: float) -> bool:
        """Whether `v` is beyond what the curve bears."""
        return self.curve.exhausted(v / self.multiplier)


def scaled(curve: ImpactCurve, multiplier: float) -> ImpactCurve:
    """`curve` with its depth multiplied (0.02 = two percent of the depth); itself for 1.

    Raises: ValueError unless the multiplier is above zero.
    """
    return curve if multiplier == 1 else Scaled(curve, multiplier)


def mean_decay(x: float) -> float:
    """(1 - exp(-x)) / x, the mean of exp(-t) over [0, x]; 1 for x = 0. Any sign of x."""
    return 1.0 if x == 0 else -math.expm1(-x) / x


def both_ends(v0: float, v1: float) -> tuple[float, float]:
    """Two net sales, the smaller first. Raises: ValueError for NaN and infinity."""
    if not math.isfinite(v0) or not math.isfinite(v1):
        raise ValueError(f"sales from {v0} to {v1} have no average price")
    return min(v0, v1), max(v0, v1)


def require_positive(what: str, value: float) -> None:
    """Raises: ValueError naming `what` unless `value` is finite and above zero."""
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"{what} has to be a number above zero, it is {value!r}")


def _number(v: float) -> float:
    """`v`. Raises: ValueError for NaN, which would come out as a price."""
    if math.isnan(v):
        raise ValueError("net sales are not a number")
    return v
