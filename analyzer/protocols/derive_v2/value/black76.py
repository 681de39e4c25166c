"""Black-76 prices of calls and puts, with the contracts' own rounding.

    total = vol * sqrt(tau)      m = K / F      k = ln m
    d1 = (total^2 / 2 - k) / total               d2 = d1 - total
    call = N(d1) - m N(d2)       put = call + m - 1        both times F * discount

Source: derivexyz/lyra-utils `Black76`.
"""

from __future__ import annotations

from functools import lru_cache

from analyzer.model.integers import WAD, trunc_div
from analyzer.protocols.derive_v2.fixed_point import ln, normal_cdf, sqrt

SECONDS_PER_YEAR = 365 * 24 * 3_600
MAX_TOTAL_VOL = 24 * WAD
"""From here on a call is worth its forward: N(d1) is 1 and m N(d2) is 0 at 18 decimals."""


def annualise(seconds: int) -> int:
    """Seconds as years of 365 days, 18 decimals, rounded down."""
    return seconds * WAD // SECONDS_PER_YEAR


@lru_cache(maxsize=1 << 18)
def prices(
    *, seconds: int, volatility: int, forward: int, strike: int, discount: int
) -> tuple[int, int]:
    """(call, put) of one unit, 18 decimals, each product rounded down in the contract's order.

    seconds: to expiry, >= 0. A call is never above the discounted forward, a put never above the
    discounted strike.
    """
    forward_discounted = forward * discount // WAD
    if strike == 0:
        return forward_discounted, 0
    strike_discounted = strike * discount // WAD
    if forward == 0:
        return 0, strike_discounted
    total_vol = volatility * sqrt(annualise(seconds)) // WAD
    moneyness = strike * WAD // forward
    call = _standard_call(moneyness, total_vol)
    put = max(0, call + moneyness - WAD)
    return (
        min(call * forward_discounted // WAD, forward_discounted),
        min(put * forward_discounted // WAD, strike_discounted),
    )


def _standard_call(moneyness: int, total_vol: int) -> int:
    """The call at forward 1 and discount 1. Zero moneyness or volatility count as one unit."""
    if total_vol >= MAX_TOTAL_VOL:
        return WAD
    total_vol = max(1, total_vol)
    moneyness = max(1, moneyness)
    half_variance = (total_vol >> 1) * total_vol // WAD
    d1 = trunc_div((half_variance - ln(moneyness)) * WAD, total_vol)
    strike_part = moneyness * normal_cdf(d1 - total_vol) // WAD
    return max(0, normal_cdf(d1) - strike_part)
