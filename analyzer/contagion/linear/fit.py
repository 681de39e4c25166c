"""From repriced probes to coefficients: is an account linear in its factors, and which ones.

One probe at the block's prices and one for each factor give cash and slopes; further probes, of all
factors together and of each for itself, check what these give back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.linear.arrays import Floats
from analyzer.protocols.base import Repriced

LINEAR_TOLERANCE = 1e-9
"""Largest difference from `reprice`, as a share of the account's gross value at that probe, that
is rounding: float64 sums of a few hundred legs stay far below, any curvature that matters above."""

PROBE = 1.5
"""Multiplier of the one factor that is moved. Its distance from 1 is a power of two, so that the
division brings no rounding of its own."""

CHECKS = (0.05, 0.5, 0.9, 1.1, 2.0, 4.0)
"""Multipliers of all factors together at which the linear form is checked."""

RANDOM_CHECKS = 6
"""Further checks, every factor for itself between 0.25 and 2 (the same ones every time)."""

ZERO = 1e-13
"""Share of gross value below which a probed coefficient is the probes' own rounding."""


def probes(factors: int) -> Floats:
    """[factor, probe]: all at 1, each factor alone at `PROBE`, then the checks."""
    single = np.ones((factors, 1 + factors))
    single[np.arange(factors), 1 + np.arange(factors)] = PROBE
    together = np.repeat(np.array([CHECKS]), factors, axis=0)
    apart = np.random.default_rng(0).uniform(0.25, 2.0, (factors, RANDOM_CHECKS))
    return np.hstack([single, together, apart])


@dataclass(frozen=True, slots=True)
class Fitted:
    """One block of accounts: dense coefficients [account, factor], and how well they fit."""

    headroom_cash: Floats
    headroom: Floats
    equity_cash: Floats
    equity: Floats
    fits: NDArray[np.bool_]
    unknown: NDArray[np.bool_]


def probed(repriced: Repriced, moves: Floats, *, every_test: bool = False) -> Fitted:
    """Coefficients from the probes, checked at the further ones. every_test: see `linear_book`."""
    headroom = repriced.to_liquidation(every_test=every_test)
    unknown = np.asarray(np.isnan(headroom + repriced.equity).any(axis=1))
    x_cash, x_slope, x_fits = _fit(headroom, moves)
    e_cash, e_slope, e_fits = _fit(repriced.equity, moves)
    for slope in (x_slope, e_slope):
        slope[unknown] = 0.0
    for cash in (x_cash, e_cash):
        cash[unknown] = np.nan
    fits = np.logical_and(x_fits, e_fits)
    return Fitted(x_cash, x_slope, e_cash, e_slope, fits, unknown)


def _fit(values: Floats, moves: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """(cash [account], slope [account, factor], whether all probes are given back [account])."""
    factors = len(moves)
    base = values[:, 0]
    slope = (values[:, 1 : 1 + factors] - base[:, None]) / (PROBE - 1.0)
    slope[np.abs(slope) <= ZERO * np.abs(values).max(axis=1)[:, None]] = 0.0
    cash = base - slope.sum(axis=1)
    gross = np.abs(cash)[:, None] + np.abs(slope) @ moves
    off = np.abs(cash[:, None] + slope @ moves - values)
    fits: NDArray[np.bool_] = np.all(off <= LINEAR_TOLERANCE * gross, axis=1)
    return cash, slope, fits
