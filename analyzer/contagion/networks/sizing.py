"""How much more an account may take on: the largest trade in one asset under initial margin.

    after a trade y (value, > 0 bought):
        free(y) = free - fee |y| - initial (|held + y| - |held|)  >=  buffer
        and, on request, the market must fall (or rise) by `away` before maintenance is reached

The first is piecewise linear in y, so its end is in closed form: up to where the position is closed
the requirement shrinks, beyond it grows. A trade that reduces a position **adds** capacity: the
largest trade against a position is therefore larger than the one along it, and a hedge is never
taken as a burden. Delta-one positions at one flat rate; tiers are for the protocol itself.

Float64, whole units of account: an indication, never what a contract will accept to the unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analyzer.contagion.linear.arrays import Floats, number, vector


@dataclass(frozen=True, slots=True)
class LargestTrades:
    """Value [account] that may be bought and sold, neither negative; 0 = nothing, not even to
    reduce. infinite = no requirement limits it."""

    bought: Floats
    sold: Floats


def largest_trades(
    free: ArrayLike, held: ArrayLike, *, initial: float, fee: float = 0.0, buffer: float = 0.0
) -> LargestTrades:
    """The largest trades after which free collateral is still at least `buffer`.

    Shape: free [account] (free collateral now: margin equity less initial requirement, signed),
    held [account] (value of the position in this asset now, negative = short). initial: share of
    |position| required; fee: share of what is traded; both not negative.

    Raises: ValueError for wrong shapes, entries that are not finite, a negative rate or fee.
    """
    position = vector("held", held, signed=True)
    spare = vector("free", free, length=len(position), signed=True) - float(buffer)
    rate, cost = number("initial", initial), number("fee", fee)
    return LargestTrades(
        bought=_along(spare, position, rate, cost), sold=_along(spare, -position, rate, cost)
    )


def within_distance(
    equity: ArrayLike, held: ArrayLike, *, maintenance: float, away: float
) -> LargestTrades:
    """The largest trades after which the asset may still move by `away` against the position (0.1 =
    10 %) before equity reaches the maintenance requirement of this one position.

        long   equity - away p >= maintenance (1 - away) p        p = position after the trade
        short  equity - away p >= maintenance (1 + away) p

    Shape: equity [account] (margin equity less what other positions require), held [account].
    away: for z standard deviations over a horizon, z sigma sqrt(horizon).

    Raises: ValueError for wrong shapes, entries that are not finite, a negative rate, an `away`
    that is not between 0 and 1.
    """
    position = vector("held", held, signed=True)
    own = vector("equity", equity, length=len(position), signed=True)
    rate, move = number("maintenance", maintenance), number("away", away, most=1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        longest = own / (move + rate * (1 - move))
        shortest = own / (move + rate * (1 + move))
    # Without equity there is no position at any distance, even where nothing is required of it.
    longest, shortest = (np.where(own > 0, most, 0.0) for most in (longest, shortest))
    return LargestTrades(
        bought=np.maximum(longest - position, 0.0), sold=np.maximum(shortest + position, 0.0)
    )


def _along(spare: Floats, position: Floats, rate: float, cost: float) -> Floats:
    """[account]: the largest purchase; a sale is the purchase of the mirrored position."""
    short = np.maximum(-position, 0.0)
    # What is spare when the short is just closed; from there each unit costs rate + fee.
    closed = spare + (rate - cost) * short
    beyond = rate + cost
    with np.errstate(divide="ignore", invalid="ignore"):
        further = np.where(beyond > 0, closed / beyond, np.inf)
        # Where closing costs more than it frees, the way may end before it is closed.
        part = np.where(cost > rate, spare / (cost - rate), 0.0)
    found = np.where(closed >= 0, short + further, np.where(spare >= 0, part, 0.0))
    return np.maximum(found, 0.0)
