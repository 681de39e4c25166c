"""Auto-deleveraging: how a deficit is taken from the profits of the winners.

Every rule returns haircut **fractions** h of the winners' profits w, in input order:

    0 <= h <= 1        sum w h = min(budget, what the rule may take at most)

What the rule cannot take is left to the next layer: `budget - profits @ haircuts`. Who has no
profit has haircut 0. Amounts are float64, in one unit; `profits` are those of winners, so none is
negative.

    queue         the highest rank first, each to the last unit, then the next; equal ranks share
    pro_rata      one fraction for all                     h = budget / sum w
    capped        one fraction, but for caps               h = min(eta, cap)
    risk_aware    in proportion to leverage and a penalty  h = min(1, eta * leverage * g(leverage))

What holds, and is tested: the sum, the bounds, invariance under permutation; in a queue the higher
rank never has the smaller haircut; pro rata, a winner who splits into several pays the same in all.
What does **not** hold: a deficit taken in two parts is not the same as taken at once under caps
or weights (the second part starts from other profits), so a caller collects it before it asks.

Source: arXiv 2512.01112 (rules); notes of the reference file on who pays for a deficit; R15.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from analyzer.contagion.linear.arrays import Floats, number, vector


def queue(budget: float, profits: ArrayLike, rank: ArrayLike) -> Floats:
    """Haircut fractions [winner] when winners pay one after the other, the highest `rank` first.

    `rank` [winner] is the score of the venue's queue, for instance return x effective leverage:
    any finite number, larger = earlier. Winners of one rank share what falls on that rank pro rata,
    so that the order of the input decides nothing.

    Raises: ValueError for wrong shapes, a negative budget or profit, entries that are not finite.
    """
    left = number("budget", budget)
    gains = vector("profits", profits)
    score = vector("rank", rank, length=gains.size, signed=True)
    haircuts = np.zeros(gains.size)
    for level in np.unique(score)[::-1]:
        here = score == level
        taken = pro_rata(left, gains[here])
        haircuts[here] = taken
        left = max(left - float(gains[here] @ taken), 0.0)
    return haircuts


def pro_rata(budget: float, profits: ArrayLike) -> Floats:
    """Haircut fractions [winner]: the same for all, `budget` / sum of profits, at most 1.

    Raises: ValueError for wrong shapes, a negative budget or profit, entries that are not finite.
    """
    gains = vector("profits", profits)
    return _fill(number("budget", budget), gains, np.ones(gains.size), np.ones(gains.size))


def capped(budget: float, profits: ArrayLike, caps: ArrayLike) -> Floats:
    """Haircut fractions [winner]: one fraction eta, but nobody above its own cap.

    `caps` [winner] are fractions, 0 to 1. eta is such that the budget is met; when all caps
    together do not meet it, everybody is at the cap.

    Raises: ValueError for wrong shapes, a negative budget or profit, a cap outside [0, 1], entries
    that are not finite.
    """
    gains = vector("profits", profits)
    limits = vector("caps", caps, length=gains.size)
    if (limits > 1).any():
        raise ValueError(f"caps are fractions of the profit, at most 1, not {limits.max()}")
    return _fill(number("budget", budget), gains, np.ones(gains.size), limits)


def risk_aware(
    budget: float, profits: ArrayLike, leverage: ArrayLike, g: Callable[[float], float]
) -> Floats:
    """Haircut fractions [winner] in proportion to leverage x g(leverage), at most 1.

    The amount taken from a winner is so in proportion to profit x leverage x g(leverage). What one
    whose whole profit is gone cannot pay is spread over the others in the same proportion. A
    winner of weight zero pays nothing, even if the budget is then not met.

    `leverage` [winner] is not negative; `g` is asked for one leverage at a time.

    Raises: ValueError for wrong shapes, a negative budget, profit, leverage or g, entries that are
    not finite.
    """
    gains = vector("profits", profits)
    levels = vector("leverage", leverage, length=gains.size)
    penalty = vector("g(leverage)", [g(float(level)) for level in levels])
    weight = vector("leverage * g(leverage)", levels * penalty)
    return _fill(number("budget", budget), gains, weight, np.ones(gains.size))


def _fill(budget: float, gains: Floats, weight: Floats, caps: Floats) -> Floats:
    """min(cap, eta * weight) with eta such that the gains so taken are the budget, or all caps.

    As eta grows, winners reach their caps in the order of cap / weight: the caps are taken one
    after the other until the rest of the budget falls on those below theirs.
    """
    haircuts = np.zeros(gains.size)
    paying = np.flatnonzero((gains > 0) & (weight > 0))
    turn = paying[np.argsort(caps[paying] / weight[paying], kind="stable")]
    # Amount that one unit of eta takes from this winner and all who are capped later.
    slopes = np.cumsum((gains * weight)[turn][::-1])[::-1]
    left = budget
    for place, winner in enumerate(turn):
        if left == 0:
            break
        # Compared before it is divided: the gains may be too small for a quotient.
        if left * weight[winner] <= caps[winner] * slopes[place]:
            eta = left / slopes[place]
            rest = turn[place:]
            # Rounding may lift a later one a last bit above its cap.
            haircuts[rest] = np.minimum(eta * weight[rest], caps[rest])
            return haircuts
        haircuts[winner] = caps[winner]
        left = max(left - gains[winner] * caps[winner], 0.0)
    return haircuts
