"""The smallest shock of a ray after which a cascade leaves bad debt of a size, on a grid.

Bad debt after a cascade need not grow with the shock: halving between two levels may pass over a
smaller one that does it. So every level below the answer has to be ruled out: by a ceiling of what
its cascade may leave (`ceiling`), or by running it. Where that would be too many, some are run, and
the answer says how many were not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.reverse.rays import FURTHEST, Direction, Ray
from analyzer.contagion.reverse.smallest import SIGN, RayShock

GRID = 1000
"""Levels of the grid, evenly spaced up to the furthest shock: a fall in tenths of a percent."""

MOST_RUNS = 100
"""Cascades that are run, at most about, to rule levels out one by one."""

COARSE = 16
"""Of the levels that the ceiling leaves every so many is tried first, for one that is enough."""


def grid(direction: Direction = "down") -> Floats:
    """[level]: sizes |x| of the shocks, from 0."""
    return np.linspace(0.0, FURTHEST[direction], GRID + 1, dtype=np.float64)


def smallest_cascade(
    run: Callable[[float], float],
    along: Ray,
    target: float,
    *,
    direction: Direction = "down",
    ceiling: Floats | None = None,
    most_runs: int = MOST_RUNS,
) -> RayShock:
    """The first level of the grid at which the bad debt that `run` gives is at least `target`.

    run: market return x -> bad debt of the whole cascade. ceiling: the most that it may be
    [level]; None = nothing is known. `bounded`, `tried` and `skipped` of the answer say how the
    levels below it were ruled out, or not. Raises: ValueError for a target that is not above 0.
    """
    if not target > 0:
        raise ValueError(f"target must be above 0, not {target}")
    levels, known = grid(direction), dict[int, float]()
    possible = range(GRID + 1) if ceiling is None else np.flatnonzero(ceiling >= target).tolist()

    def reaches(level: int) -> bool:
        if level not in known:
            known[level] = run(SIGN[direction] * float(levels[level]) + 0.0)
        return known[level] >= target

    found = _smallest(possible, reaches, most_runs)
    at, x = min(found, GRID), None if found > GRID else SIGN[direction] * float(levels[found]) + 0.0
    reaches(at)
    below = [level for level in possible if level < found]
    bounded, skipped = found - len(below), sum(1 for level in below if level not in known)
    return RayShock(
        ray=along,
        direction=direction,
        target=target,
        x=x,
        bad_debt=known[at],
        accounts=0,
        tried=len(known),
        note=_note(found, direction, bounded, skipped),
        bounded=bounded,
        skipped=skipped,
    )


def _smallest(possible: Sequence[int], reaches: Callable[[int], bool], most_runs: int) -> int:
    """The first of the possible levels that is enough, of those that are run; GRID + 1 = none."""
    ends = [*possible[::COARSE], *possible[-1:]]
    enough = next((level for level in ends if reaches(level)), GRID + 1)
    below = [level for level in possible if level < enough]
    first = _first(below, reaches, max(1, -(-len(below) // most_runs)))
    return enough if first is None else first


def _first(below: Sequence[int], reaches: Callable[[int], bool], stride: int) -> int | None:
    """The first of these levels that is enough, of every `stride`-th; then of those before it."""
    for place in range(0, len(below), stride):
        if reaches(below[place]):
            before = below[max(place - stride + 1, 0) : place]
            return next((level for level in before if reaches(level)), below[place])
    # What stands after the last of the stride is before a level that is known to be enough.
    tail = below[len(below) - (len(below) - 1) % stride :] if below else ()
    return next((level for level in tail if reaches(level)), None)


def _note(found: int, direction: Direction, bounded: int, skipped: int) -> str:
    """What is proven of the levels below the answer, for people."""
    step = FURTHEST[direction] / GRID
    of = f"a grid of {step:.1%}"
    if found == 0:
        return "without any shock already"
    which = f"no level of {of}" if found > GRID else f"no smaller level of {of}"
    how = f"{bounded} by a ceiling of what their cascades may leave, the others by running them"
    if skipped:
        return (
            f"{which} among those tried: {bounded} are ruled out by a ceiling of what their"
            f" cascades may leave, {skipped} were not run and may do it too"
        )
    return f"{which} does it: {how}"
