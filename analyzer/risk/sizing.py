"""How large a position may become: an exact boundary, a budget of losses, several at once.

    largest      the greatest whole amount that a test passes: doubled until it fails, then halved
    within_es    the greatest amount at which ES of the whole account is within a budget
    joint        several positions together, as a convex programme:

        maximise   sum_k w_k x_k
        subject to free - sum_k [c_k (|v_k + x_k| - |v_k|) + d_k x_k] >= 0    initial margin
                   ES(-(pnl + R x)) <= budget                                 Rockafellar-Uryasev

A test of margin is concave in the amount (a hedge gives capacity first and takes it later), so the
amounts that pass are one range from 0 on; where a protocol's is not (scenario margins), the end of
a range that passes is found, and one unit more fails all the same.

Sources: Rockafellar and Uryasev 2000 for ES as a linear programme.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analyzer.market.history import Floats
from analyzer.risk.extra import library

MOST_BITS = 160
"""No amount of a contract is larger than two to this: what still passes there has no limit."""
_ENOUGH = 1e-9


def largest(passes: Callable[[int], bool], first: int = 1, most: int | None = None) -> int | None:
    """The greatest amount from 0 that passes, where one more fails; `most` where that still passes.

    first: where the search begins (a guess costs nothing but steps). None where nothing ends it.
    Raises: ValueError where 0 does not pass.
    """
    if not passes(0):
        raise ValueError("nothing more may be taken on: not even 0 passes")
    if most is not None and passes(most):
        return most
    low, high = 0, max(first, 1) if most is None else min(max(first, 1), most)
    while passes(high):
        low, high = high, high * 2 if most is None else min(high * 2, most)
        if high.bit_length() > MOST_BITS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low


def expected_shortfall(profits: ArrayLike, level: float) -> float:
    """The mean loss of the worst 1 - level of all days, the last of them by its share: convex in
    positions, as a programme has it. Shape: profits [day]."""
    losses = -np.sort(np.asarray(profits, dtype=np.float64))
    weight = (1 - level) * len(losses)
    whole = min(int(weight), len(losses))
    rest = weight - whole
    total = float(losses[:whole].sum())
    if rest > 0 and whole < len(losses):
        total += rest * float(losses[whole])
    return total / weight


def within_es(
    profits: ArrayLike, unit: ArrayLike, budget: float, level: float, most: float
) -> float | None:
    """The greatest amount up to `most` at which ES of `profits` + amount x `unit` is within
    `budget`; None where not even 0 is.

    Shape: profits, unit [day]: what the account earns, and what one more unit earns.
    """
    base, one = np.asarray(profits, dtype=np.float64), np.asarray(unit, dtype=np.float64)
    if expected_shortfall(base, level) > budget:
        return None
    if expected_shortfall(base + most * one, level) <= budget:
        return most
    low, high = 0.0, min(1.0, most)
    while expected_shortfall(base + high * one, level) <= budget:
        low, high = high, min(high * 2, most)
    while high - low > _ENOUGH * high:
        middle = (low + high) / 2
        inside = expected_shortfall(base + middle * one, level) <= budget
        low, high = (middle, high) if inside else (low, middle)
    return low


@dataclass(frozen=True, slots=True)
class Joint:
    """amounts: [position], signed; objective: sum of w x; es: of the account with them, NaN where
    no days were given."""

    amounts: Floats
    objective: float
    es: float


def joint(
    weights: ArrayLike,
    free: float,
    values: ArrayLike,
    rates: ArrayLike,
    costs: ArrayLike,
    *,
    profits: ArrayLike | None = None,
    returns: ArrayLike | None = None,
    budget: float | None = None,
    level: float = 0.99,
) -> Joint:
    """Several positions at once (see the module), in money.

    Shape: weights, values (what is held now), rates (initial margin of a position's value, c) and
    costs (what a unit costs whatever its sign, d) [position]; profits [day]; returns [day,
    position]. A position of weight 0 is a hedge: it may take any sign where that helps.

    Raises: ValueError for a free margin below zero, a budget that is exceeded already and cannot be
    met, a programme without an end, or shapes that do not fit.
    """
    cp = library("cvxpy")
    w, v, c, d = (np.asarray(one, dtype=np.float64) for one in (weights, values, rates, costs))
    if not len(w) == len(v) == len(c) == len(d):
        raise ValueError("weights, values, rates and costs have to be of the same positions")
    if free < 0:
        raise ValueError(f"a free margin of {free:g} lets nothing grow")
    scale = max(free, float(np.abs(v).sum()), 1.0)
    x = cp.Variable(len(w))
    need = cp.sum(cp.multiply(c, cp.abs(v / scale + x) - np.abs(v) / scale)) + d @ x
    bounds = [need <= free / scale]
    if budget is not None:
        if profits is None or returns is None:
            raise ValueError("a budget of losses needs days")
        base = np.asarray(profits, dtype=np.float64) / scale
        moves = np.asarray(returns, dtype=np.float64)
        at = cp.Variable()
        beyond = cp.pos(-(base + moves @ x) - at)
        bounds.append(at + cp.sum(beyond) / ((1 - level) * len(base)) <= budget / scale)
    problem = cp.Problem(cp.Maximize(w @ x), bounds)
    problem.solve(solver=cp.CLARABEL)
    if problem.status not in ("optimal", "optimal_inaccurate"):
        raise ValueError(f"no positions fulfil this together: the programme is {problem.status}")
    amounts = np.asarray(x.value, dtype=np.float64) * scale
    es = float("nan")
    if profits is not None and returns is not None:
        total = np.asarray(profits, dtype=np.float64) + np.asarray(returns) @ amounts
        es = expected_shortfall(total, level)
    return Joint(amounts, float(w @ amounts), es)
