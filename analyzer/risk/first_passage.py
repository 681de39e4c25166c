"""The probability that a price touches a level within a horizon, under geometric Brownian motion.

    b = level / price now     m = ln b     nu = mu - sigma**2 / 2
    below (b < 1)   P = Phi((m - nu T) / (s sqrt T)) + e^(2 nu m / s**2) Phi((m + nu T) / ..)
    above (b > 1)   the mirror: m and nu change sign                            s = sigma

    long of leverage l     b = (1 - 1/l) / (1 - maintenance)
    short                  b = (1 + 1/l) / (1 + maintenance)

sigma, mu and T in one unit of time (a year with a year's volatility). Paths are watched without a
break: of a price that is looked at once a day the probability is smaller. Jumps, fat tails and
volatility that changes are not in it: it is what calm diffusion alone does.

Source: the reflection principle; reference case R17.
"""

from __future__ import annotations

import math
from typing import Literal

from analyzer.risk.extra import library

Side = Literal["long", "short"]
SIDES: tuple[Side, ...] = ("long", "short")

STEP = 1e-4
"""Of the central difference by which `vega` is taken."""

MOST_LEVERAGE = 1e6


def probability(barrier: float, sigma: float, mu: float, horizon: float) -> float:
    """P(the price touches `barrier` times its present value within `horizon`).

    Raises: ValueError unless barrier >= 0 (0 is never reached), sigma >= 0, horizon >= 0, all
    finite.
    """
    _check(barrier, sigma, mu, horizon)
    if barrier == 1:
        return 1.0
    if barrier == 0 or horizon == 0:
        return 0.0
    away, drift = math.log(barrier), mu - sigma**2 / 2
    if away > 0:
        away, drift = -away, -drift
    if sigma == 0:
        return 1.0 if drift * horizon <= away else 0.0
    spread = sigma * math.sqrt(horizon)
    tail = library("scipy.special").log_ndtr
    # In logarithms: the factor may be beyond float64 where the tail it multiplies is below it.
    ends = math.exp(float(tail((away - drift * horizon) / spread)))
    returns = 2 * drift * away / sigma**2 + float(tail((away + drift * horizon) / spread))
    return min(ends + math.exp(min(returns, 0.0)), 1.0)


def vega(barrier: float, sigma: float, mu: float, horizon: float) -> float:
    """dP / dsigma, by central difference of `STEP` (one-sided where sigma is smaller).

    Raises: ValueError as `probability`.
    """
    low = max(sigma - STEP, 0.0)
    above = probability(barrier, sigma + STEP, mu, horizon)
    return (above - probability(barrier, low, mu, horizon)) / (sigma + STEP - low)


def barrier_of(leverage: float, maintenance: float, side: Side = "long") -> float:
    """Where a position of this leverage is liquidated, as a multiple of the price now; 0 for a long
    that no fall reaches.

    maintenance: share of the position's value. 1 or nearer than 1 to it means: liquidatable now.

    Raises: ValueError unless leverage > 0, 0 <= maintenance < 1 and the side is one.
    """
    if not leverage > 0 or not math.isfinite(leverage):
        raise ValueError(f"leverage must be above zero, not {leverage!r}")
    if not 0 <= maintenance < 1:
        raise ValueError(f"maintenance must be from 0 to below 1, not {maintenance!r}")
    if side not in SIDES:
        raise ValueError(f"side is long or short, not {side!r}")
    if side == "short":
        return (1 + 1 / leverage) / (1 + maintenance)
    return max((1 - 1 / leverage) / (1 - maintenance), 0.0)


def max_leverage(
    target: float,
    sigma: float,
    mu: float,
    horizon: float,
    maintenance: float,
    side: Side = "long",
) -> float:
    """The largest leverage whose position is touched with at most probability `target`.

    Infinite where not even `MOST_LEVERAGE` is (without maintenance and volatility). From bisection,
    to 1e-12 of itself, on the side that holds.

    Raises: ValueError unless 0 < target < 1, and as `probability` and `barrier_of`.
    """
    if not 0 < target < 1:
        raise ValueError(f"target must be a probability above 0 and below 1, not {target!r}")

    def holds(leverage: float) -> bool:
        level = barrier_of(leverage, maintenance, side)
        reached = level >= 1 if side == "long" else level <= 1
        return not reached and probability(level, sigma, mu, horizon) <= target

    low, high = 1e-9, MOST_LEVERAGE
    if holds(high):
        return math.inf
    while high - low > 1e-12 * high:
        middle = math.sqrt(low * high)
        if not low < middle < high:
            break
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _check(barrier: float, sigma: float, mu: float, horizon: float) -> None:
    """Raises: ValueError naming what is none."""
    for name, value in (("barrier", barrier), ("sigma", sigma), ("horizon", horizon)):
        if not value >= 0 or not math.isfinite(value):
            raise ValueError(f"{name} must be zero or above, not {value!r}")
    if not math.isfinite(mu):
        raise ValueError(f"mu must be a number, not {mu!r}")
