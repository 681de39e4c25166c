"""Back-tests of a VaR: were there as many exceptions as promised, and did they come one by one.

    exception     a loss beyond the VaR that was told for that step
    Kupiec        LR_pof = -2 ln[(1-p)^(n-x) p^x / ((1-x/n)^(n-x) (x/n)^x)]           chi2(1)
    Christoffersen  LR_ind: after an exception the next is as likely as after none    chi2(1)
                    LR_cc = LR_pof over the steps that have one before them + LR_ind  chi2(2)

p = 1 - level. A small p-value says that the model is wrong; a large one only that these data do not
show it: with ten expected exceptions little is seen.

Sources: Kupiec 1995; Christoffersen 1998.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.risk.extra import library
from analyzer.risk.var.tail import check_level

REJECTED = 0.05
"""A p-value below this marks a model as failed."""


@dataclass(frozen=True, slots=True)
class Kupiec:
    """exceptions of observations, and how many were promised. statistic: LR_pof."""

    exceptions: int
    observations: int
    expected: float
    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Christoffersen:
    """transitions[a][b]: steps after one with (a = 1) or without (a = 0) an exception, that had
    one (b = 1) or not. independence, conditional: LR_ind and LR_cc, each with its p-value."""

    transitions: tuple[tuple[int, int], tuple[int, int]]
    independence: float
    independence_p: float
    conditional: float
    conditional_p: float


def kupiec(exceptions: int, observations: int, level: float) -> Kupiec:
    """The proportion-of-failures test.

    Raises: ValueError unless 0 <= exceptions <= observations, observations > 0, 0.5 < level < 1.
    """
    check_level(level)
    if not 0 <= exceptions <= observations or observations == 0:
        raise ValueError(f"{exceptions} exceptions of {observations} observations cannot be")
    promised = 1 - level
    own = exceptions / observations
    passed = observations - exceptions
    statistic = 2 * (
        _likelihood(passed, exceptions, own) - _likelihood(passed, exceptions, promised)
    )
    return Kupiec(
        exceptions, observations, promised * observations, statistic, _p_value(statistic, 1)
    )


def christoffersen(hits: ArrayLike, level: float) -> Christoffersen:
    """The tests of independence and of conditional coverage.

    Shape: hits [step], whether there was an exception, in order of time.

    Raises: ValueError for fewer than two steps, or a level outside (0.5, 1).
    """
    check_level(level)
    happened: NDArray[np.bool_] = np.asarray(hits, dtype=np.bool_)
    if happened.ndim != 1 or len(happened) < 2:
        raise ValueError("hits must be one flag a step, at least two of them")
    before, after = happened[:-1], happened[1:]
    n00, n01, n10, n11 = (
        int(np.sum((before == a) & (after == b))) for a in (False, True) for b in (False, True)
    )
    pooled = (n01 + n11) / len(after)
    null = _likelihood(n00 + n10, n01 + n11, pooled)
    free = _likelihood(n00, n01, _share(n01, n00)) + _likelihood(n10, n11, _share(n11, n10))
    independence = max(2 * (free - null), 0.0)
    conditional = max(2 * (free - _likelihood(n00 + n10, n01 + n11, 1 - level)), 0.0)
    return Christoffersen(
        transitions=((n00, n01), (n10, n11)),
        independence=independence,
        independence_p=_p_value(independence, 1),
        conditional=conditional,
        conditional_p=_p_value(conditional, 2),
    )


@dataclass(frozen=True, slots=True)
class Backtest:
    """What was told against what came. hits: [step], where the loss was beyond the VaR."""

    level: float
    hits: NDArray[np.bool_]
    coverage: Kupiec
    clustering: Christoffersen

    @property
    def failed(self) -> bool:
        """Whether one of the tests rejects the model."""
        return self.coverage.p_value < REJECTED or self.clustering.conditional_p < REJECTED


def backtest(told: ArrayLike, came: ArrayLike, level: float) -> Backtest:
    """Holds VaRs against profits. Shape: told, came [step], losses of `told` positive.

    Raises: ValueError for other shapes, fewer than two steps, or a level outside (0.5, 1).
    """
    limits, profits = (np.asarray(values, dtype=np.float64) for values in (told, came))
    if limits.shape != profits.shape or limits.ndim != 1:
        raise ValueError(f"told {limits.shape} and came {profits.shape} have one number a step")
    hits: NDArray[np.bool_] = profits < -limits
    both = christoffersen(hits, level)
    return Backtest(level, hits, kupiec(int(hits.sum()), len(hits), level), both)


def _likelihood(passed: int, failed: int, share: float) -> float:
    """ln[(1 - share)^passed share^failed], 0 ln 0 = 0."""
    special = library("scipy.special")
    return float(special.xlog1py(passed, -share) + special.xlogy(failed, share))


def _share(failed: int, passed: int) -> float:
    """Of those that there were; 0 where there was none."""
    return failed / (failed + passed) if failed + passed else 0.0


def _p_value(statistic: float, freedom: int) -> float:
    """Probability of at least this statistic if the model is right."""
    return float(library("scipy.stats").chi2.sf(max(statistic, 0.0), freedom))
