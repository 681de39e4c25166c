"""A peg band: someone mints and redeems a token near its peg, up to a capacity, behind its market.

    price         the market's own, down to 1 - within (up to 1 + within for purchases);
                  there it stays while the capacity lasts; then the market's own goes on

A cascade is over within a day, so one day's capacity is what it has. There is no band by default:
a window that nobody has read may be closed, and an invented one would hold a price up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from analyzer.market.depth.impact import ImpactCurve, both_ends, require_positive

_HALVINGS = 200
_FAR_USD = 1e18


@dataclass(frozen=True, slots=True)
class PegBand:
    """A curve with a band behind it. within: a fraction (0.001 = 0.1 %). capacity_usd: what is
    minted and what is redeemed, each, in a day, at the price before."""

    curve: ImpactCurve
    within: float
    capacity_usd: float
    _sold_before: float = field(init=False, repr=False, compare=False)
    _bought_before: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require_positive("peg_within", self.within)
        require_positive("peg_capacity_usd_per_day", self.capacity_usd)
        if self.within >= 1:
            raise ValueError(f"peg_within has to be below 1, it is {self.within:g}")
        object.__setattr__(self, "_sold_before", self._reach(1))
        object.__setattr__(self, "_bought_before", self._reach(-1))

    @property
    def name(self) -> str:
        """The kind of the curve that has the band."""
        return self.curve.name

    @property
    def source(self) -> str:
        """Its source and the band."""
        return (
            f"{self.curve.source}, minted and redeemed within {self.within * 100:g} % for "
            f"{self.capacity_usd:g} USD a day"
        )

    def price_ratio(self, v: float) -> float:
        """Price after net sales `v`, over the price before. Raises: ValueError for NaN."""
        if math.isnan(v):
            raise ValueError("net sales are not a number")
        own, in_band = self._split(v)
        if in_band and abs(in_band) < self.capacity_usd:
            return 1 - math.copysign(self.within, v)
        return self.curve.price_ratio(own)

    def average_ratio(self, v0: float, v1: float) -> float:
        """Mean execution price between `v0` and `v1`, in either order.

        Raises: ValueError for NaN and infinity.
        """
        low, high = both_ends(v0, v1)
        if low == high:
            return self.price_ratio(low)
        total = 0.0
        for start, end in ((low, min(high, 0.0)), (max(low, 0.0), high)):
            if start < end:
                (own_start, band_start), (own_end, band_end) = self._split(start), self._split(end)
                total += (own_end - own_start) * self.curve.average_ratio(own_start, own_end)
                at = 1 - self.within if end > 0 else 1 + self.within
                total += (band_end - band_start) * at
        return total / (high - low)

    @property
    def most_sellable(self) -> float:
        """The curve's own, and the capacity where the band is met on the way."""
        met = self._sold_before < self.curve.most_sellable
        return self.curve.most_sellable + met * self.capacity_usd

    @property
    def most_buyable(self) -> float:
        """Likewise."""
        met = self._bought_before < self.curve.most_buyable
        return self.curve.most_buyable + met * self.capacity_usd

    def exhausted(self, v: float) -> bool:
        """Whether `v` is beyond what the curve and its band bear."""
        return not -self.most_buyable <= v <= self.most_sellable

    def _split(self, v: float) -> tuple[float, float]:
        """(volume on the curve, volume in the band) of `v`, both with its sign."""
        before = self._sold_before if v > 0 else self._bought_before
        band = min(max(abs(v) - before, 0.0), self.capacity_usd)
        return math.copysign(abs(v) - band, v), math.copysign(band, v)

    def _reach(self, sign: int) -> float:
        """Sales (sign 1) or purchases after which the market's own price is at the band's edge;
        infinite where it never gets there."""

        def inside(volume: float) -> bool:
            return abs(1 - self.curve.price_ratio(sign * volume)) <= self.within

        if inside(_FAR_USD):
            return math.inf
        low, high = 0.0, _FAR_USD
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if inside(middle) else (low, middle)
        return low
