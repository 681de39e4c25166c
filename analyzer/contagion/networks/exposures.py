"""Who may owe whom how much, where only the sums are known.

    x_ij = a_i b_j off the diagonal, 0 on it
    sum_j x_ij = row_sums[i]        sum_i x_ij = col_sums[j]

Of all matrices with these margins and an empty diagonal it is the one that is nearest to spreading
everything evenly (least relative entropy to ones off the diagonal), and so the one that assumes
least. It is found by scaling rows and columns in turn (RAS, iterative proportional fitting).

What holds, and is tested: both margins, the empty diagonal, zero rows and columns stay zero. What
does **not** hold: that exposures are like that. Real networks are sparse, and an even spread makes
contagion look smaller than it is; it is a benchmark.

Source: Upper and Worms 2004; Anand, Craig and von Peter 2015, p. 628; vector R6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analyzer.contagion.linear.arrays import Floats, vector

TOLERANCE = 1e-12
"""Share of the whole by which a margin may be off when it counts as met."""
MOST_ITERATIONS = 100_000


def maximum_entropy(row_sums: ArrayLike, col_sums: ArrayLike) -> Floats:
    """The matrix of exposures [i, j] with these margins and an empty diagonal that is nearest to
    even.

    row_sums [node]: what i has lent to all; col_sums [node]: what j owes to all; one unit. Both
    have one sum. float64.

    Raises: ValueError for wrong shapes, entries that are negative or not finite, sums that differ
    (by more than 1e-9 of them), and a node whose claims exceed what all others owe (or the other
    way round): no matrix with an empty diagonal has such margins. ArithmeticError when it has not
    settled after 100,000 rounds: then the margins are met only in the limit, at the very bound.
    """
    lent = vector("row_sums", row_sums)
    owed = vector("col_sums", col_sums, length=lent.size)
    total = float(lent.sum())
    if abs(total - float(owed.sum())) > 1e-9 * max(total, float(owed.sum())):
        raise ValueError(f"row sums come to {total}, column sums to {owed.sum()}: they are one sum")
    too_much = np.flatnonzero(lent + owed > total * (1 + 1e-12))
    if too_much.size:
        raise ValueError(
            f"node {int(too_much[0])} has more claims and debts than all others can be party to"
        )
    found = np.outer(lent > 0, owed > 0).astype(np.float64)
    np.fill_diagonal(found, 0.0)
    for _ in range(MOST_ITERATIONS):
        found *= _scale(lent, found.sum(axis=1))[:, None]
        found *= _scale(owed, found.sum(axis=0))[None, :]
        if np.abs(found.sum(axis=1) - lent).max(initial=0.0) <= TOLERANCE * total:
            return found
    raise ArithmeticError(f"the margins are not met after {MOST_ITERATIONS} rounds")


def _scale(wanted: Floats, now: Floats) -> Floats:
    """What rows or columns are multiplied with; empty ones stay empty."""
    return np.divide(wanted, now, out=np.zeros_like(wanted), where=now > 0)
