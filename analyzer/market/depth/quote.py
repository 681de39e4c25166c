"""What a trade costs: the average share that is lost between one thing and another."""

from __future__ import annotations

import math

from analyzer.market.depth.impact import ImpactCurve
from analyzer.market.depth.route import Market
from analyzer.protocols.kit.factors import default_factor

_HALVINGS = 100
DEEP = 0.9
"""What counts as depth: sales that take the price down to this share of itself."""
_LARGEST_USD = 1e15
BY_DEFAULT = Market()
"""Nothing but the stated defaults."""


def quote(source: str, target: str, usd: float, market: Market = BY_DEFAULT) -> float:
    """The share of `usd` (at the prices before) that is lost by selling `source` for `target`, on
    average, 0 to 1. Symbols or factors: `wstETH`, `stETH/ETH`. What a market cannot bear stays
    unsold, and counts as lost.

    Raises: ValueError unless `usd` is a number above zero.
    """
    if not math.isfinite(usd) or usd <= 0:
        raise ValueError(f"a sale has to be a number of USD above zero, it is {usd!r}")
    got = usd
    for leg in market.legs(default_factor(source), default_factor(target)):
        got = proceeds_usd(leg.curve, got) if leg.sold else bought_usd(leg.curve, got)
    return 1 - got / usd


def proceeds_usd(curve: ImpactCurve, usd: float) -> float:
    """What a sale of `usd` fetches, at the prices before; the rest of it stays unsold."""
    sold = min(usd, curve.most_sellable)
    return sold * curve.average_ratio(0.0, sold)


def bought_usd(curve: ImpactCurve, usd: float) -> float:
    """What `usd` buy, at the price before, to a float's precision; the rest of it is not spent."""
    low, high = 0.0, min(usd, curve.most_buyable)
    if high * curve.average_ratio(-high, 0.0) <= usd:
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        cheap = middle * curve.average_ratio(-middle, 0.0) <= usd
        low, high = (middle, high) if cheap else (low, middle)
    return low


def depth_usd(curve: ImpactCurve, *, bought: bool = False) -> float | None:
    """Net sales in USD that take the price down to `DEEP` of itself, or net purchases that take it
    up by as much; None when none do."""

    def is_within(usd: float) -> bool:
        if bought:
            return curve.price_ratio(-usd) < 2 - DEEP
        return curve.price_ratio(usd) > DEEP

    low, high = 0.0, _LARGEST_USD
    if is_within(high):
        return None
    for _ in range(2 * _HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_within(middle) else (low, middle)
    return high
