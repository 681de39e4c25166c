"""A market that gives way gently and then ends: the curve of the stated defaults.

The proceeds of a sale of v, in USD at the price before, go through two markets one after another:

    F(v) = H(G(v)),   G(v) = v (1 + (v / g)**a)**(-1/a),   H(y) = y (1 + (y / h)**s)**(-1/s)

G is the gentle part: it loses about (v / g)**a / a of the sale, and g is such that a sale of
`one_percent_usd` loses one percent in it. H is the cliff: what the thin side holds, `holds_usd`,
is all that there is to be had; below it H takes next to nothing, past it everything, the more
suddenly the larger the `steepness` s (s = 1 is a constant product of depth h). The price is F'(v).
Where it is a tenth of the price before, or ten times it, the market ends (LAST_SOLD, LAST_BOUGHT):
nobody quotes beyond, and what is left of a trade is not made.

Purchases walk the same way back: y bought cost the v with F(v) = y, so the last of `holds_usd` has
no price. A token that can be minted (`minted`: a staking token, by staking) is bought past it: then
its purchases know the gentle part only.

Source: own form; fitted in `default_pairs.toml` (see there). s = 1 is Uniswap's x y = k, any s its
constant-elasticity kin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from analyzer.market.depth.impact import (
    ASSUMED,
    LAST_BOUGHT,
    LAST_SOLD,
    Curve,
    require_positive,
)

_HALVINGS = 200


@dataclass(frozen=True, slots=True)
class Cliff(Curve):
    """The curve of the module. one_percent_usd: sale that loses one percent in the gentle part.
    holds_usd: h. exponent: a. steepness: s. minted: whether purchases know no cliff."""

    one_percent_usd: float
    holds_usd: float
    exponent: float = 0.65
    steepness: float = 8.0
    minted: bool = False
    source: str = ASSUMED
    _gentle_usd: float = field(init=False, repr=False, compare=False)
    """g of the module."""
    _ends: tuple[float, float] = field(init=False, repr=False, compare=False)
    name: ClassVar[str] = "cliff"

    def __post_init__(self) -> None:
        for what in ("one_percent_usd", "holds_usd", "exponent", "steepness"):
            require_positive(what, getattr(self, what))
        for what in ("exponent", "steepness"):
            if not 0.1 <= getattr(self, what) <= 100:
                raise ValueError(f"{what} has to be from 0.1 to 100, it is {getattr(self, what)}")
        a = self.exponent
        gentle = self.one_percent_usd / math.pow(math.expm1(-a * math.log(0.99)), 1 / a)
        object.__setattr__(self, "_gentle_usd", gentle)
        object.__setattr__(self, "_ends", (self._most_bought(), self._most_sold()))

    def proceeds(self, sold_usd: float) -> float:
        """F(v), v >= 0: what a sale fetches, in USD at the price before."""
        return _through(
            _through(sold_usd, self._gentle_usd, self.exponent), self.holds_usd, self.steepness
        )

    def cost(self, bought_usd: float) -> float:
        """What a purchase of y >= 0 costs, in USD; infinite for more than there is."""
        y = bought_usd if self.minted else _back(bought_usd, self.holds_usd, self.steepness)
        return _back(y, self._gentle_usd, self.exponent)

    def _bounds(self) -> tuple[float, float]:
        return self._ends

    def _ratio(self, v: float) -> float:
        if v < 0:
            return 1 / self._slope(self.cost(-v), cliff=not self.minted)
        return self._slope(v, cliff=True)

    def _average(self, low: float, high: float) -> float:
        total = 0.0
        if high > 0:
            total += self.proceeds(high) - self.proceeds(max(low, 0.0))
        if low < 0:
            total += self.cost(-low) - self.cost(max(-high, 0.0))
        return total / (high - low)

    def _slope(self, v: float, *, cliff: bool) -> float:
        """F'(v), or G'(v) without the cliff."""
        gentle, a = self._gentle_usd, self.exponent
        out = _slope_through(v, gentle, a)
        if cliff:
            out *= _slope_through(_through(v, gentle, a), self.holds_usd, self.steepness)
        return out

    def _most_sold(self) -> float:
        """The sale at whose end the price is LAST_SOLD."""
        low, high = 0.0, 1.0
        while self._slope(high, cliff=True) > LAST_SOLD:
            low, high = high, high * 2
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (
                (middle, high) if self._slope(middle, cliff=True) > LAST_SOLD else (low, middle)
            )
        return low

    def _most_bought(self) -> float:
        """The purchase, as a v below zero, at whose end the price is LAST_BOUGHT."""
        low, high = 0.0, self._gentle_usd if self.minted else self.holds_usd
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            paid = self.cost(middle)
            fits = paid < math.inf and self._slope(paid, cliff=not self.minted) > 1 / LAST_BOUGHT
            low, high = (middle, high) if fits else (low, middle)
        return -low


def _through(v: float, depth: float, power: float) -> float:
    """v (1 + (v / depth)**power)**(-1/power)."""
    if v / depth <= 0:
        return max(v, 0.0)
    exponent = power * math.log(v / depth)
    if exponent > 700:
        return depth
    return v * math.exp(-math.log1p(math.exp(exponent)) / power)


def _back(y: float, depth: float, power: float) -> float:
    """The v that `_through` takes to y; infinite from `depth` on."""
    if y / depth <= 0:
        return max(y, 0.0)
    if y >= depth:
        return math.inf
    left = -math.expm1(power * math.log(y / depth))
    return y * math.exp(-math.log(left) / power) if left > 0 else math.inf


def _slope_through(v: float, depth: float, power: float) -> float:
    """The derivative of `_through`: (1 + (v / depth)**power)**(-1/power - 1)."""
    if v / depth <= 0:
        return 1.0
    exponent = power * math.log(v / depth)
    more = exponent if exponent > 700 else math.log1p(math.exp(exponent))
    return math.exp(-more * (1 / power + 1))
