"""The tail of a sample of returns or profits: its VaR and ES, each with its standard error.

    q     the (1 - level) quantile, between two order statistics linearly
    VaR = -q                         ES = -mean of all that are not above q

    s.e. of VaR   Maritz and Jarrett's, over the order statistics
    s.e. of ES    sqrt((variance of the tail + level (ES - VaR)**2) / (n (1 - level)))

The errors are those of independent draws: of clustered losses, and of overlapping windows, they
are too small. Beyond the largest loss of the sample nothing is known.

Sources: Maritz and Jarrett 1978; the second is the asymptotic variance of the sample's ES, as in
Manistre and Hancock 2005.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analyzer.market.history import Floats
from analyzer.risk.extra import library

LEAST = 30
"""Fewer observations than these tell nothing of a tail."""


@dataclass(frozen=True, slots=True)
class Tail:
    """VaR and ES, losses positive, in the unit of what went in.

    level: 0.99 = the worst hundredth. var_error, es_error: standard errors. observations: of the
    sample; beyond: how many of them make up the ES.
    """

    level: float
    var: float
    es: float
    var_error: float
    es_error: float
    observations: int
    beyond: int


def historical(returns: ArrayLike, level: float) -> Tail:
    """The tail of returns as they were. Shape: returns [row].

    Raises: ValueError as `tail_of`.
    """
    return tail_of(returns, level)


def tail_of(values: ArrayLike, level: float) -> Tail:
    """The tail of a sample. Shape: values [row], profits positive.

    Raises: ValueError for a level outside (0.5, 1), another shape, a value that is not finite, or
    fewer than `LEAST` of them.
    """
    sample = checked_sample(values)
    check_level(level)
    cut = float(np.quantile(sample, 1 - level))
    worst = sample[sample <= cut]
    mean = float(worst.mean())
    spread = float(worst.var(ddof=1)) if len(worst) > 1 else 0.0
    own = (spread + level * (mean - cut) ** 2) / (len(sample) * (1 - level))
    jarrett = library("scipy.stats.mstats").mjci(sample, [1 - level])
    return Tail(
        level=level,
        var=-cut,
        es=-mean,
        var_error=float(np.asarray(jarrett)[0]),
        es_error=float(np.sqrt(own)),
        observations=len(sample),
        beyond=len(worst),
    )


def checked_sample(values: ArrayLike) -> Floats:
    """`values` as float64 [row]; a frame of one column is that column. Raises: ValueError as
    `tail_of`."""
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim == 2 and sample.shape[1] == 1:
        sample = sample[:, 0]
    if sample.ndim != 1:
        raise ValueError(f"a sample has one dimension, not shape {sample.shape}")
    if not np.isfinite(sample).all():
        row = int(np.flatnonzero(~np.isfinite(sample))[0])
        raise ValueError(f"value {row} is {sample[row]}, not a number")
    if len(sample) < LEAST:
        raise ValueError(f"{len(sample)} values are too few: at least {LEAST} are needed")
    return sample


def check_level(level: float) -> None:
    """Raises: ValueError unless 0.5 < level < 1."""
    if not 0.5 < level < 1:
        raise ValueError(f"level has to be above 0.5 and below 1 (0.99), it is {level!r}")
