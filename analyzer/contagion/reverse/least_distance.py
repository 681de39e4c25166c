"""Two small problems that have one answer each: least distance, and least squares without minus.

Solved by the active-set method of Lawson and Hanson 1974, ch. 23, dense, for tens of unknowns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.linear.arrays import Floats

INFEASIBLE = 1e-12
"""Residual of the dual problem (its goal has length 1) below which the constraints contradict."""

ROUNDING = 1e-13
"""Share of the largest coefficient below which a slope or an unknown is zero."""


def least_distance(rows: Floats, bounds: Floats) -> Floats | None:
    """z of least norm with rows z >= bounds; None when there is none.

    Shape: rows [constraint, z], bounds [constraint].

    Source: Lawson and Hanson 1974, ch. 23, algorithm LDP.
    """
    system = np.vstack([rows.T, bounds[None, :]])
    goal = np.zeros(len(system))
    goal[-1] = 1.0
    weights = non_negative_least_squares(system, goal)
    residual = system @ weights - goal
    if np.linalg.norm(residual) <= INFEASIBLE or residual[-1] >= 0:
        return None
    nearest: Floats = -residual[:-1] / residual[-1]
    return nearest


def non_negative_least_squares(system: Floats, goal: Floats) -> Floats:
    """u >= 0 that minimises |system u - goal|: the active-set method of Lawson and Hanson.

    Shape: system [equation, unknown], goal [equation]. Ends: the residual falls with each set of
    positive unknowns, so none comes back; `3 x unknowns` bounds the rounding cases.
    """
    count = system.shape[1]
    positive: NDArray[np.bool_] = np.zeros(count, dtype=np.bool_)
    u = np.zeros(count)
    tolerance = ROUNDING * max(1.0, float(np.abs(system).max(initial=0.0)))
    for _ in range(3 * count):
        slope = system.T @ (goal - system @ u)
        slope[positive] = -np.inf
        enters = int(np.argmax(slope))
        if slope[enters] <= tolerance:
            break
        positive[enters] = True
        while True:
            tried = np.zeros(count)
            tried[positive] = np.linalg.lstsq(system[:, positive], goal, rcond=None)[0]
            falls = positive & (tried <= 0)
            if not falls.any():
                u = tried
                break
            share = float((u[falls] / (u[falls] - tried[falls])).min())
            u = u + share * (tried - u)
            positive &= u > tolerance
            u[~positive] = 0.0
            if not positive.any():
                break
    return u
