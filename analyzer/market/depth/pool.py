"""A Uniswap V3 pool as an impact curve, in floats.

With s = sqrt(price / price before) and w = liquidity * sqrt(price before), in USD, constant from
one initialised tick to the next, the pool gives for the asset, whichever of the two tokens it is:

    sold    v = w (1/s_end - 1/s_start)        at prices falling from s_start**2 to s_end**2
    paid        w (s_start - s_end)            so the mean over a segment is s_start s_end

The fee stays out of the price path: of a sale of v only v (1 - fee) moves the price, and the seller
is paid for that part alone; a buyer takes v out and pays 1 / (1 - fee) of its price.

Where the liquidity read ends, so does the pool: the price goes to MIN_RATIO (MAX_RATIO), for
nobody buys there, and `exhausted` says so. The exact integer swap is in `swap`.

Source: Uniswap v3 core whitepaper, sections 6.2 and 6.4.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

from analyzer.market.depth.impact import ASSUMED, MAX_RATIO, MIN_RATIO, both_ends, require_positive


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of constant liquidity. low < high: sqrt of price ratios; weight_usd: w of the
    module (0 = a gap that the price jumps across)."""

    low: float
    high: float
    weight_usd: float


@dataclass(frozen=True, slots=True)
class ConcentratedPool:
    """Segments that follow on one another, lowest first, and have 1 among them. fee: a fraction."""

    segments: tuple[Segment, ...]
    fee: float = 0.0
    source: str = ASSUMED
    _down: tuple[_Way, ...] = field(init=False, repr=False, compare=False)
    _up: tuple[_Way, ...] = field(init=False, repr=False, compare=False)
    name: ClassVar[str] = "concentrated-pool"

    def __post_init__(self) -> None:
        if not 0 <= self.fee < 1:
            raise ValueError(f"fee has to be at least 0 and below 1, it is {self.fee!r}")
        if not self.segments or not self.segments[0].low <= 1 <= self.segments[-1].high:
            raise ValueError("the segments of a pool have to hold its price")
        for segment in self.segments:
            require_positive("the lower end of a segment", segment.low)
            if not segment.low < segment.high or not 0 <= segment.weight_usd < math.inf:
                raise ValueError(f"{segment} is no stretch of liquidity")
        for before, after in pairwise(self.segments):
            if before.high != after.low:
                raise ValueError(f"between {before} and {after} the liquidity is not known")
        object.__setattr__(self, "_down", tuple(_ways(self.segments, sold=True)))
        object.__setattr__(self, "_up", tuple(_ways(self.segments, sold=False)))

    def price_ratio(self, v: float) -> float:
        """Price after net sales `v`, over the price before. Raises: ValueError for NaN."""
        if math.isnan(v):
            raise ValueError("net sales are not a number")
        sold = v > 0
        moving = v * (1 - self.fee) if sold else -v
        ways = self._down if sold else self._up
        place = bisect_left(ways, moving, key=_end)
        if place < len(ways):
            return ways[place].root_after(moving) ** 2
        return MIN_RATIO if sold else MAX_RATIO

    def average_ratio(self, v0: float, v1: float) -> float:
        """What was paid between `v0` and `v1`, fee included, over the sales.

        Raises: ValueError for NaN and infinity.
        """
        (low, high), keep = both_ends(v0, v1), 1 - self.fee
        if low == high:
            return self.price_ratio(low) * (keep if low >= 0 else 1 / keep)
        total = 0.0
        if high > 0:
            start = max(low, 0.0)
            share = (high - start) / (high - low)
            total += share * keep * self._mean(start * keep, high * keep, sold=True)
        if low < 0:
            start = max(-high, 0.0)
            share = (-low - start) / (high - low)
            total += share / keep * self._mean(start, -low, sold=False)
        return total

    @property
    def most_sellable(self) -> float:
        """What the liquidity that was read takes, fee included."""
        return _held(self._down) / (1 - self.fee)

    @property
    def most_buyable(self) -> float:
        """What it gives."""
        return _held(self._up)

    def exhausted(self, v: float) -> bool:
        """Whether the pool holds too little for `v`, as far as it was read."""
        return not -self.most_buyable <= v <= self.most_sellable

    def _mean(self, start: float, end: float, *, sold: bool) -> float:
        """Mean price ratio over the volume [start, end] that moves the price, in one direction.

        Each segment's mean is the product of its two square roots, so that nothing cancels
        however short the way is.
        """
        if start == end:
            return self.price_ratio(start / (1 - self.fee) if sold else -start)
        total, begin = 0.0, start
        ways = self._down if sold else self._up
        for way in ways[bisect_left(ways, start, key=_end) :]:
            if begin == end:
                break
            to = min(end, way.end)
            if to > begin:
                total += (to - begin) / (end - start) * way.root_after(begin) * way.root_after(to)
                begin = to
        return total + (end - begin) / (end - start) * (MIN_RATIO if sold else MAX_RATIO)


@dataclass(frozen=True, slots=True)
class _Way:
    """A segment as volume meets it: from `begin` to `end` in USD that move the price, from the
    sqrt ratio `start` on, down when sold and up when bought."""

    begin: float
    end: float
    start: float
    weight_usd: float
    sold: bool

    def root_after(self, moving: float) -> float:
        """The sqrt of the price ratio after `moving` in all, begin <= moving <= end."""
        if self.weight_usd == 0:
            return self.start
        more = (moving - self.begin) * (1 if self.sold else -1)
        return self.weight_usd / (self.weight_usd / self.start + more)


def _held(ways: Sequence[_Way]) -> float:
    """The volume that moves the price to the end of the liquidity."""
    return ways[-1].end if ways else 0.0


def _end(way: _Way) -> float:
    """Where a way ends."""
    return way.end


def _ways(segments: Sequence[Segment], *, sold: bool) -> Iterator[_Way]:
    """The segments in the order in which sales (or purchases) use them."""
    at, begin = 1.0, 0.0
    for segment in reversed(segments) if sold else segments:
        to = segment.low if sold else segment.high
        if (to >= at) if sold else (to <= at):
            continue
        end = begin + segment.weight_usd * abs(1 / to - 1 / at)
        yield _Way(begin, end, at, segment.weight_usd, sold)
        at, begin = to, end
