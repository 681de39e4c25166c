"""An order book: resting orders, step by step.

    bids   (ratio, usd) from the best down: what others buy, at that ratio of the price before
    asks   (ratio, usd) from the best up: what others sell
    usd    size of the step as a quantity times the price before

A forced sale takes the bids one after another; the price after it is that of the bid at which it
ended, and execution is the mean over the bids that it took. Before any sale the price is 1, the
middle. Past the last step nothing is known: the price goes on from there as an exponential with
the book's own mean depth, `-size / log(last ratio)`, and `exhausted` says so. It never stays where
the book ends, for that would make an endless buyer of the last one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from analyzer.market.depth.impact import (
    ASSUMED,
    MAX_RATIO,
    MIN_RATIO,
    both_ends,
    mean_decay,
    require_positive,
)

Step = tuple[float, float]
"""(ratio of the price before, USD at the price before)."""

FLAT = 1e-6
"""Least fall (or rise) over a whole side: a book of one price has a depth all the same."""


@dataclass(frozen=True, slots=True)
class OrderBook:
    """Bids and asks as in the module. Either side may be empty: then that side is exhausted at
    once and its price is unmoved by nothing but the tail, of the other side's mean depth."""

    bids: tuple[Step, ...]
    asks: tuple[Step, ...]
    source: str = ASSUMED
    name: ClassVar[str] = "order-book"

    def __post_init__(self) -> None:
        if not self.bids and not self.asks:
            raise ValueError("an order book has at least one bid or ask")
        for what, side in (("bids", self.bids), ("asks", self.asks)):
            for ratio, usd in side:
                require_positive(f"{what}: the ratio of a step", ratio)
                require_positive(f"{what}: the size of a step", usd)
        _check_order("bids", [ratio for ratio, _ in self.bids], falling=True)
        _check_order("asks", [ratio for ratio, _ in self.asks], falling=False)

    def price_ratio(self, v: float) -> float:
        """Price of the step at which net sales `v` end. Raises: ValueError for NaN."""
        if math.isnan(v):
            raise ValueError("net sales are not a number")
        if v == 0:
            return 1.0
        left = abs(v)
        last = 1.0
        for last, usd in self._side(v):
            if left <= usd:
                return last
            left -= usd
        exponent = math.log(last) - math.copysign(left, v) / self._tail_depth(v)
        return math.exp(min(max(exponent, math.log(MIN_RATIO)), math.log(MAX_RATIO)))

    def average_ratio(self, v0: float, v1: float) -> float:
        """Mean over the orders taken between `v0` and `v1`, in either order.

        Raises: ValueError for NaN and infinity.
        """
        low, high = both_ends(v0, v1)
        if low == high:
            return self.price_ratio(low)
        total = 0.0
        if high > 0:
            total += self._proceeds(max(low, 0.0), high, sold=True)
        if low < 0:
            total += self._proceeds(max(-high, 0.0), -low, sold=False)
        return total / (high - low)

    @property
    def most_sellable(self) -> float:
        """Every bid, in USD."""
        return sum(usd for _, usd in self.bids)

    @property
    def most_buyable(self) -> float:
        """Every ask, in USD."""
        return sum(usd for _, usd in self.asks)

    def exhausted(self, v: float) -> bool:
        """Whether `v` takes more than all orders of its side."""
        return not -self.most_buyable <= v <= self.most_sellable

    def _side(self, v: float) -> tuple[Step, ...]:
        """The orders that net sales `v` meet."""
        return self.bids if v > 0 else self.asks

    def _tail_depth(self, v: float) -> float:
        """Depth of the exponential past the end of the side that `v` meets, in USD."""
        side = self._side(v) or self.asks or self.bids
        size = sum(usd for _, usd in side)
        return size / max(abs(math.log(side[-1][0])), FLAT)

    def _proceeds(self, start: float, end: float, *, sold: bool) -> float:
        """Integral of the price ratio over absolute volume [start, end] of one side."""
        sign = 1.0 if sold else -1.0
        side = self._side(sign)
        total = begin = 0.0
        last = 1.0
        for last, usd in side:
            taken = min(end, begin + usd) - max(start, begin)
            total += max(taken, 0.0) * last
            begin += usd
        if end <= begin:
            return total
        depth, first = self._tail_depth(sign), max(start, begin)
        return total + _tail(last, sign / depth, first - begin, end - begin)


def _tail(last: float, rate: float, start: float, end: float) -> float:
    """Integral of last * exp(-rate t) over [start, end], its price held between MIN_RATIO and
    MAX_RATIO."""
    limit = math.log(MIN_RATIO if rate > 0 else MAX_RATIO)
    stop = max((math.log(last) - limit) / rate, 0.0)
    total = 0.0
    if start < stop:
        to = min(end, stop)
        total += last * math.exp(-rate * start) * mean_decay(rate * (to - start)) * (to - start)
    return total + max(end - max(start, stop), 0.0) * math.exp(limit)


def _check_order(what: str, ratios: Sequence[float], *, falling: bool) -> None:
    """Raises: ValueError unless the ratios run away from 1, the best order first."""
    side = [1.0, *ratios]
    for before, after in pairwise(side):
        if (after > before) if falling else (after < before):
            way = "fall" if falling else "rise"
            raise ValueError(f"{what} have to {way} from 1, but {after:g} follows {before:g}")
