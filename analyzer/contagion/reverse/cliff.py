"""Cliffs of a ray: where one percent more of a fall changes bad debt by a quarter or more.

    D(x) = sum over accounts of max(-E(x), 0)      before anything is sold, x = 0, -1 %, -2 % ...
    cliff  D(x - 1 %) >= 1.25 D(x), and the rise is at least `MATTERS` of all that the ray moves

The second condition leaves out the first cents of bad debt, which always are many times nothing. A
cliff inside one percent is told by that percent. Accounts of which nothing is known are in no D.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analyzer.contagion.linear import Asked, LinearBook
from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.reverse.rays import Ray

STEP = 0.01
RISE = 0.25
MATTERS = 0.0005
"""Share of the value that the ray moves, without sign, that a rise has to reach."""


@dataclass(frozen=True, slots=True)
class Cliff:
    """From `level` (-0.3 = a fall of 30 %) one percent further. before, after: bad debt there, in
    units of account. fell: accounts whose equity passes zero in between. most: [(number, rise)] of
    the accounts whose shortfall grows most, the largest first."""

    level: float
    before: float
    after: float
    fell: int
    most: tuple[tuple[int, float], ...]


def cliffs(
    book: LinearBook, along: Ray, nonlinear: Asked | None = None, *, named: int = 3
) -> list[Cliff]:
    """The cliffs of falls along a ray, the nearest first. named: accounts told of each.

    Raises: ValueError when the book has nonlinear accounts and nobody answers for them.
    """
    if book.nonlinear.any() and nonlinear is None:
        raise ValueError(f"{int(book.nonlinear.sum())} accounts are nonlinear: give `nonlinear`")
    moved = np.abs(book.equity * along.beta[book.column])
    least = MATTERS * float(moved[~book.unknown[book.row]].sum())
    count = round(1 / STEP)
    found = []
    before = _shortfalls(book, along, nonlinear, 0.0)
    for number in range(count):
        level = number * STEP
        after = _shortfalls(book, along, nonlinear, (number + 1) * STEP)
        low, high = float(before.sum()), float(after.sum())
        if high - low >= least > 0 and high >= (1 + RISE) * low:
            rise = after - before
            most = np.argsort(-rise, kind="stable")[:named]
            found.append(
                Cliff(
                    level=-level + 0.0,
                    before=low,
                    after=high,
                    fell=int(((before == 0) & (after > 0)).sum()),
                    most=tuple((int(n), float(rise[n])) for n in most if rise[n] > 0),
                )
            )
        before = after
    return found


def _shortfalls(book: LinearBook, along: Ray, nonlinear: Asked | None, fall: float) -> Floats:
    """[account]: what it lacks after a fall of the market; 0 for an unknown one."""
    multipliers = along.at([-fall])
    equity = book.equity_at(multipliers)[:, 0]
    if nonlinear is not None and len(nonlinear.accounts):
        equity[nonlinear.accounts] = nonlinear.margin(multipliers)[1][:, 0]
    return np.maximum(-np.nan_to_num(equity), 0.0)
