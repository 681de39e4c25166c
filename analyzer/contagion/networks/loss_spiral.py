"""The loss spiral in one asset: how far a price falls after a shock, and when it runs away.

    y = x + psi Q(y)             Q(y) = what is closed at a drop of y     y = final drop
    kappa(y) = psi q(y)          q = dQ/dy, the density of closings       multiplier 1 / (1 - kappa)

Drops are relative to the price before the shock, psi is the relative drop a unit sold, so kappa is
how much further the price falls for each bit that it falls. Where kappa reaches 1 it runs until
the density thins out: there is no multiplier there, the final drop says where it ends.

Long-only, linear impact, full close-outs: there the final drop is the least fixed point, and no
order of closing changes it.

Source: reference case R16 (uniform density: y = x / (1 - kappa) while it lasts).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analyzer.contagion.linear.arrays import Floats, number, vector


def kappa(
    drops: ArrayLike, quantities: ArrayLike, impact: float, at: ArrayLike, *, bandwidth: float
) -> Floats:
    """The spectral radius of the price feedback at each of the drops `at`.

    Shape: drops and quantities [account], at [point]; result [point]. drops: the relative price
    drop at which an account is closed (0.1 = at -10 %; one at or above its level already is at 0);
    quantities: units closed there; impact: relative drop a unit sold.

    The density is smoothed by a window of width `bandwidth` around the point, of which only the
    part above a drop of 0 counts (nothing can be closed at a rise). float64.

    Raises: ValueError for wrong shapes, negative or non-finite entries, a bandwidth of zero.
    """
    levels, closed = _sorted(drops, quantities)
    slope = number("impact", impact)
    points = vector("at", at)
    width = number("bandwidth", bandwidth)
    if width == 0:
        raise ValueError("bandwidth must be above zero: a density needs a window")
    low, high = np.maximum(points - width / 2, 0.0), points + width / 2
    upto, before = np.searchsorted(levels, high, side="right"), np.searchsorted(levels, low)
    density: Floats = (closed[upto] - closed[before]) / (high - low)
    return slope * density


def multiplier(kappas: ArrayLike) -> Floats:
    """1 / (1 - kappa): how much of a small further drop becomes of it. [point]; infinite from
    kappa = 1 on. Raises: ValueError for negative or non-finite entries."""
    feedback = vector("kappas", kappas)
    result = np.full(feedback.shape, np.inf)
    np.divide(1.0, 1.0 - feedback, out=result, where=feedback < 1)
    return result


def final_drop(drops: ArrayLike, quantities: ArrayLike, impact: float, shock: float) -> float:
    """The least y >= shock with y = shock + impact * (all closed at drops below y).

    As in `kappa`; `shock` is a relative drop, not negative. Exact but for float64: the accounts are
    walked in the order of their levels. A drop above 1 means a price of zero.

    Raises: ValueError for wrong shapes, negative or non-finite entries.
    """
    levels, closed = _sorted(drops, quantities)
    start, slope = number("shock", shock), number("impact", impact)
    # The drop that stands when the accounts before a level are closed: it goes on until the first
    # level that it does not pass.
    standing = start + slope * closed
    held = np.flatnonzero(levels >= standing[:-1])
    return float(standing[held[0]] if held.size else standing[-1])


def _sorted(drops: ArrayLike, quantities: ArrayLike) -> tuple[Floats, Floats]:
    """The levels in order, and what is closed in all before each of them (and after the last)."""
    levels = vector("drops", drops)
    amounts = vector("quantities", quantities, length=levels.size)
    order = np.argsort(levels, kind="stable")
    closed = np.zeros(levels.size + 1)
    np.cumsum(amounts[order], out=closed[1:])
    return levels[order], closed
