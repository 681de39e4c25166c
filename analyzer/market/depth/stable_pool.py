"""A StableSwap pool (Curve's) as an impact curve, in floats.

With balances x at par, S their sum, n their number and Ann = A n (A as the contract's `A()`):

    Ann S + D = Ann D + D**(n + 1) / (n**n prod x)                       the invariant D
    price of i in j = (Ann + K / x_i) / (Ann + K / x_j),  K = D**(n + 1) / (n**n prod x)

Between a constant sum (A large, the price stays at par) and a constant product (A small), so a pool
is flat until one side runs out: its cliff. Sales of the asset are paid in one other coin; the rest
of the pool stands still. The fee stays out of the price path: it is taken from what comes out, of a
sale from the proceeds, of a purchase from what is bought.

Source: Egorov, "StableSwap", 2019; `get_D` and `get_y` of the contracts. The exact integer swap is
in `stable_swap`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from analyzer.market.depth.impact import (
    ASSUMED,
    MAX_RATIO,
    MIN_RATIO,
    Curve,
    both_ends,
    require_positive,
)

_HALVINGS = 200
_STEPS = 255
"""Newton's, as in the contract."""
CLOSE = 1e-15
"""Relative change at which a Newton iteration of floats has arrived."""


@dataclass(frozen=True, slots=True)
class StablePool:
    """A pool. amplification: the contract's `A()`. balances_usd: at par, the asset first, then what
    it is sold for, then the other coins; a unit at par is a dollar's worth of the second coin, at
    its price before. fee: a fraction of what comes out."""

    amplification: float
    balances_usd: tuple[float, ...]
    fee: float = 0.0
    source: str = ASSUMED
    _path: _Path = field(init=False, repr=False, compare=False)
    name: ClassVar[str] = "stableswap"

    def __post_init__(self) -> None:
        require_positive("amplification", self.amplification)
        if len(self.balances_usd) < 2:
            raise ValueError("a StableSwap pool has at least two balances")
        for balance in self.balances_usd:
            require_positive("a balance", balance)
        if not 0 <= self.fee < 1:
            raise ValueError(f"fee has to be at least 0 and below 1, it is {self.fee!r}")
        object.__setattr__(self, "_path", _Path(self.amplification, self.balances_usd))

    def price_ratio(self, v: float) -> float:
        """Price after net sales `v`, over the price before. Raises: ValueError for NaN."""
        return self._path.price_ratio(v if v >= 0 else v / (1 - self.fee))

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
            total += (high - start) * keep * self._path.average_ratio(start, high)
        if low < 0:
            end = min(high, 0.0)
            total += (end - low) / keep * self._path.average_ratio(low / keep, end / keep)
        return total / (high - low)

    @property
    def most_sellable(self) -> float:
        """Where the other coin is all but gone."""
        return self._path.most_sellable

    @property
    def most_buyable(self) -> float:
        """What the pool holds of the asset, less the fee."""
        return self._path.most_buyable * (1 - self.fee)

    def exhausted(self, v: float) -> bool:
        """Whether the pool holds too little for `v`."""
        return not -self.most_buyable <= v <= self.most_sellable


@dataclass(frozen=True, slots=True)
class _Path(Curve):
    """The pool without its fee. balances: the asset's, the other coin's, the rest."""

    amplification: float
    balances: tuple[float, ...]
    _d: float = field(init=False, repr=False, compare=False)
    _price: float = field(init=False, repr=False, compare=False)
    _ends: tuple[float, float] = field(init=False, repr=False, compare=False)
    name: ClassVar[str] = "stableswap"

    def __post_init__(self) -> None:
        object.__setattr__(self, "_d", invariant(self.amplification, self.balances))
        asset = self.balances[0]
        # as every later price is had, so that the first of them is exactly itself
        object.__setattr__(self, "_price", self._spot(asset, self._other(asset)))
        object.__setattr__(self, "_ends", (self._end(-1), self._end(1)))

    def _bounds(self) -> tuple[float, float]:
        return self._ends

    def _ratio(self, v: float) -> float:
        asset = self.balances[0] + v / self._price
        return self._spot(asset, self._other(asset)) / self._price

    def _average(self, low: float, high: float) -> float:
        given = self._other(self.balances[0] + low / self._price) - self._other(
            self.balances[0] + high / self._price
        )
        return given / (high - low)

    def _other(self, asset: float) -> float:
        """The balance of the other coin when that of the asset is `asset`."""
        return balance_at(self.amplification, self._d, (asset, *self.balances[2:]))

    def _spot(self, asset: float, other: float) -> float:
        """The price of the asset in the other coin."""
        ann = self.amplification * len(self.balances)
        k = self._d
        for balance in (asset, other, *self.balances[2:]):
            k *= self._d / (len(self.balances) * balance)
        return (ann + k / asset) / (ann + k / other)

    def _end(self, sign: int) -> float:
        """Where the price reaches MIN_RATIO (sign 1) or MAX_RATIO (sign -1)."""
        limit = MIN_RATIO if sign > 0 else MAX_RATIO

        def inside(v: float) -> bool:
            ratio = self._ratio(sign * v)
            return ratio > limit if sign > 0 else ratio < limit

        low, high = 0.0, self.balances[0] * self._price
        if sign > 0:
            high = self._d
            while inside(high):
                low, high = high, high * 2
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if middle in (low, high):
                break
            low, high = (middle, high) if inside(middle) else (low, middle)
        return sign * low


def invariant(amplification: float, balances: Sequence[float]) -> float:
    """D of the balances, in their unit."""
    n, total = len(balances), math.fsum(balances)
    ann, d = amplification * n, total
    for _ in range(_STEPS):
        p = d
        for balance in balances:
            p *= d / (n * balance)
        # the contract's step; multiplied out so that it holds for Ann below 1 too
        after = (ann * total + p * n) * d / ((ann - 1) * d + (n + 1) * p)
        if abs(after - d) <= CLOSE * d:
            return after
        d = after
    return d


def balance_at(amplification: float, d: float, others: Sequence[float]) -> float:
    """The balance that is left beside `others` at the invariant `d`."""
    n = len(others) + 1
    ann = amplification * n
    c = d
    for balance in others:
        c *= d / (n * balance)
    c *= d / (ann * n)
    b, y = math.fsum(others) + d / ann - d, d
    for _ in range(_STEPS):
        after = (y * y + c) / (2 * y + b)
        if abs(after - y) <= CLOSE * y:
            return after
        y = after
    return y
