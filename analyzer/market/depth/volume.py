"""Curves made from turnover and volatility: the prior for an asset without a book or a pool.

    SquareRoot       P = exp(-k sqrt(v)),  k = Y sigma / sqrt(ADV)    (v < 0: exp(k sqrt(-v)))
    ContSchaanning   P = 1 - (1 - B)(1 - exp(-v / delta)),  delta = (1 - B) D
                     D = c ADV / sigma sqrt(tau)

ADV is the daily volume in USD and sigma the volatility of a day's return. The square root is taken
of the cumulative sales and in the exponent, so that the price stays above zero; for small v it is
the usual 1 - Y sigma sqrt(v / ADV). Cont and Schaanning's curve starts with the slope of depth D
and never falls below B of the price before.

Source: Almgren et al. 2005 and Toth et al. 2011 (square root); Cont and Schaanning 2017 (the form
is restated from their description and was not checked against the paper's text).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from analyzer.market.depth.impact import (
    ASSUMED,
    MAX_RATIO,
    MIN_RATIO,
    Curve,
    mean_decay,
    require_positive,
)

SERIES_BELOW = 0.1
"""|x| below which `_mean_weighted_decay` uses its series: the formula cancels there."""
_SERIES = tuple(1 / (math.factorial(n) * (n + 2)) for n in range(9))
"""|coefficient| of (-x)**n; the first one left out adds less than 1e-15 below SERIES_BELOW."""


@dataclass(frozen=True, slots=True)
class SquareRoot(Curve):
    """Impact as the square root of the share of a day's volume.

    daily_volume_usd: ADV. daily_volatility: sigma, as a fraction (0.04). coefficient: Y, about 1.
    """

    daily_volume_usd: float
    daily_volatility: float
    coefficient: float = 1.0
    source: str = ASSUMED
    name: ClassVar[str] = "square-root"

    def __post_init__(self) -> None:
        for what in ("daily_volume_usd", "daily_volatility", "coefficient"):
            require_positive(what, getattr(self, what))

    def _slope(self) -> float:
        """k, per square root of a USD."""
        return self.coefficient * self.daily_volatility / math.sqrt(self.daily_volume_usd)

    def _bounds(self) -> tuple[float, float]:
        slope = self._slope()
        return -((math.log(MAX_RATIO) / slope) ** 2), (math.log(MIN_RATIO) / slope) ** 2

    def _reaching(self, ratio: float) -> float:
        way = math.log(ratio) / self._slope()
        return math.copysign(way**2, -way)

    def _ratio(self, v: float) -> float:
        return math.exp(-self._slope() * math.copysign(math.sqrt(abs(v)), v))

    def _average(self, low: float, high: float) -> float:
        slope = self._slope()
        if high <= 0:
            return _mean_exp_root(-slope, -high, -low)
        if low >= 0:
            return _mean_exp_root(slope, low, high)
        bought = _mean_exp_root(-slope, 0.0, -low)
        sold = _mean_exp_root(slope, 0.0, high)
        return (bought * -low + sold * high) / (high - low)


@dataclass(frozen=True, slots=True)
class ContSchaanning(Curve):
    """Depth from turnover and volatility, with a floor under the price.

    daily_volume_usd: ADV. daily_volatility: sigma. coefficient: c, about 1/3 in the equity
    literature. horizon_days: tau, the time over which the sales are spread. floor: B in [0, 1).
    """

    daily_volume_usd: float
    daily_volatility: float
    coefficient: float
    floor: float = 0.0
    horizon_days: float = 1.0
    source: str = ASSUMED
    name: ClassVar[str] = "cont-schaanning"

    def __post_init__(self) -> None:
        for what in ("daily_volume_usd", "daily_volatility", "coefficient", "horizon_days"):
            require_positive(what, getattr(self, what))
        if not 0 <= self.floor < 1:
            raise ValueError(f"floor has to be at least 0 and below 1, it is {self.floor!r}")

    @property
    def depth_usd(self) -> float:
        """D: USD of sales per unit of relative price, at the start of the curve."""
        days = math.sqrt(self.horizon_days)
        return self.coefficient * self.daily_volume_usd / self.daily_volatility * days

    def _delta(self) -> float:
        """The scale of the exponential, so that the slope at v = 0 is 1 / D."""
        return (1 - self.floor) * self.depth_usd

    def _bounds(self) -> tuple[float, float]:
        room = 1 - self.floor
        low = -self._delta() * math.log((MAX_RATIO - self.floor) / room)
        if self.floor >= MIN_RATIO:
            return low, math.inf
        return low, -self._delta() * math.log((MIN_RATIO - self.floor) / room)

    def _reaching(self, ratio: float) -> float:
        if ratio <= self.floor:
            return math.inf
        return -self._delta() * math.log((ratio - self.floor) / (1 - self.floor))

    def _ratio(self, v: float) -> float:
        return self.floor + (1 - self.floor) * math.exp(-v / self._delta())

    def _average(self, low: float, high: float) -> float:
        delta = self._delta()
        decay = math.exp(-low / delta) * mean_decay((high - low) / delta)
        return self.floor + (1 - self.floor) * decay


def _mean_exp_root(slope: float, low: float, high: float) -> float:
    """Mean of exp(-slope sqrt(v)) over [low, high], 0 <= low < high.

    With s = sqrt(v) and d = s1 - s0: exp(-k s0) 2 (s0 f(kd) + d g(kd)) / (2 s0 + d), where
    f and g are the means of exp(-t) over [0, x], plain and weighted: nothing cancels.
    """
    start, end = math.sqrt(low), math.sqrt(high)
    way = (high - low) / (start + end)
    x = slope * way
    weighted = start * mean_decay(x) + way * _mean_weighted_decay(x)
    return math.exp(-slope * start) * 2 * weighted / (2 * start + way)


def _mean_weighted_decay(x: float) -> float:
    """(1 - (1 + x) exp(-x)) / x**2, the integral of u exp(-x u) over u in [0, 1]."""
    if abs(x) < SERIES_BELOW:
        return sum(c * (-x) ** n for n, c in enumerate(_SERIES))
    return (-math.expm1(-x) - x * math.exp(-x)) / (x * x)
