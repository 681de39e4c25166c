"""Volatility of returns: realised, and exponentially weighted.

    realised   sqrt(mean of r**2)
    EWMA       s2[t] = decay s2[t-1] + (1 - decay) r[t]**2,  s2[0] = r[0]**2

The mean return is taken as 0, as is usual over short horizons. Units: of one step of the returns;
`daily` brings them to a day.

Source: RiskMetrics technical document, 1996 (decay 0.94 for daily returns).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analyzer.market.history import Floats
from analyzer.market.returns import DAY_S

DECAY = 0.94


def realised(values: ArrayLike) -> Floats:
    """Realised volatility of each factor. Shape: values [row, factor] -> [factor].

    Raises: ValueError as `checked`.
    """
    out: Floats = np.sqrt(np.mean(checked(values) ** 2, axis=0))
    return out


def ewma(values: ArrayLike, decay: float = DECAY) -> Floats:
    """EWMA volatility after each row. Shape: values [row, factor] -> [row, factor].

    Raises: ValueError as `checked`, and for a decay outside [0, 1).
    """
    squares = checked(values) ** 2
    check_decay(decay)
    variance = np.empty_like(squares)
    variance[0] = squares[0]
    for row in range(1, squares.shape[0]):
        variance[row] = decay * variance[row - 1] + (1 - decay) * squares[row]
    out: Floats = np.sqrt(variance)
    return out


def daily(volatility: Floats, step_s: int) -> Floats:
    """A volatility over `step_s` seconds as one over a day, by the square root of time."""
    out: Floats = volatility * np.sqrt(DAY_S / step_s)
    return out


def checked(values: ArrayLike) -> Floats:
    """`values` as a float64 array [row, factor].

    Raises: ValueError when it has another shape, no row, or an entry that is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] == 0:
        raise ValueError(f"returns must have rows and factors, not shape {array.shape}")
    if not np.isfinite(array).all():
        row, factor = (int(axis[0]) for axis in np.nonzero(~np.isfinite(array)))
        raise ValueError(f"returns[{row}, {factor}] is {array[row, factor]}, not a number")
    return array


def check_decay(decay: float) -> None:
    """Raises: ValueError unless 0 <= decay < 1."""
    if not 0 <= decay < 1:
        raise ValueError(f"decay has to be at least 0 and below 1, it is {decay!r}")
