"""Correlations as they move: rolling, shrunk, stressed, and when one changed.

    rolling    EWMA (decay 0.94), a row a step            shrunk   Ledoit-Wolf or OAS (scikit-learn)
    changes    PELT of `ruptures` on x[t] = z_1 z_2 (z = returns over their own EWMA volatility),
               then a test of both sides: |atanh r1 - atanh r2| / sqrt(1/(n1-3) + 1/(n2-3))

A change is told where the test's p-value, times the number of pairs and of breaks tried, is below
`SIGNIFICANT`. Returns are fat-tailed and the break was looked for: an alarm, no proof.

Sources: RiskMetrics 1996; Ledoit and Wolf 2004; Killick, Fearnhead and Eckley 2012; Fisher 1921.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from analyzer.market.covariance import correlation
from analyzer.market.history import Floats
from analyzer.market.volatility import DECAY, check_decay, checked
from analyzer.market.volatility import ewma as ewma_volatility
from analyzer.risk.extra import library

LEAST = 60
"""Steps on each side of a change."""
SIGNIFICANT = 0.001
JUMP = 5
"""Steps between the places where a break is looked for."""
WARM = 20
"""First steps that only make a volatility: one made of a single return is none."""

Shrinkage = Literal["ledoit-wolf", "oas"]


@dataclass(frozen=True, slots=True)
class Change:
    """A pair whose correlation changed at row `at` of the returns: before and after it, over so
    many steps each. p_value: of equal correlations, corrected for what was tried."""

    first: int
    second: int
    at: int
    before: float
    after: float
    steps_before: int
    steps_after: int
    p_value: float


def rolling(returns: ArrayLike, decay: float = DECAY) -> Floats:
    """EWMA correlations after each row. Shape: returns [row, factor] -> [row, factor, factor].

    A factor that has not moved yet correlates with nothing (0). Raises: ValueError as
    `market.volatility`.
    """
    values = checked(returns)
    check_decay(decay)
    covariance = np.outer(values[0], values[0])
    out = np.empty((*values.shape, values.shape[1]))
    for row, now in enumerate(values):
        if row:
            covariance = decay * covariance + (1 - decay) * np.outer(now, now)
        out[row] = correlation(covariance)
    return out


def shrunk(returns: ArrayLike, how: Shrinkage = "ledoit-wolf") -> Floats:
    """The shrunk correlation of standardised returns. Shape: [row, factor] -> [factor, factor].

    Standardised first: shrinking raw returns would lend a stable the variance of a coin. Raises:
    ValueError for fewer than two rows or another way of shrinking.
    """
    values = checked(returns)
    if len(values) < 2:
        raise ValueError(f"{len(values)} returns are too few: at least 2 are needed")
    covariance = library("sklearn.covariance")
    estimate = {"ledoit-wolf": covariance.ledoit_wolf, "oas": covariance.oas}.get(how)
    if estimate is None:
        raise ValueError(f"shrinkage is ledoit-wolf or oas, not {how!r}")
    deviation = values.std(axis=0)
    moving = deviation > 0
    out = np.eye(values.shape[1])
    if moving.sum() > 1:
        centred = (values[:, moving] - values[:, moving].mean(axis=0)) / deviation[moving]
        out[np.ix_(moving, moving)] = correlation(np.asarray(estimate(centred)[0]))
    return out


def changes(returns: ArrayLike) -> list[Change]:
    """Every change of a correlation between two factors, in order of pairs and time.

    Shape: returns [row, factor], oldest first; with fewer than `WARM` + 2 x `LEAST` rows
    there is none.
    """
    values = checked(returns)
    if len(values) < WARM + 2 * LEAST:
        return []
    volatility = ewma_volatility(values)[WARM - 1 : -1]
    z = np.divide(values[WARM:], volatility, out=np.zeros_like(volatility), where=volatility > 0)
    moving = [number for number in range(values.shape[1]) if np.ptp(values[:, number]) > 0]
    pairs = list(combinations(moving, 2))
    found = [(pair, _breaks(z[:, pair[0]] * z[:, pair[1]])) for pair in pairs]
    tried = sum(len(at) - 2 for _, at in found)
    return [
        change
        for pair, at in found
        for change in _tested(z, pair, at, tried)
        if change.p_value < SIGNIFICANT
    ]


def _breaks(products: Floats) -> list[int]:
    """Where the mean of the products changes: 0, the breaks, the end."""
    # Clipped, so that one wild day is no break of its own.
    most = float(np.quantile(np.abs(products), 0.99))
    signal = np.clip(products, -most, most)
    variance = float(signal.var())
    if variance == 0:
        return [0, len(products)]
    penalty = 3 * np.log(len(signal)) * variance
    pelt = library("ruptures").KernelCPD(kernel="linear", min_size=LEAST, jump=JUMP)
    ends = pelt.fit(signal.reshape(-1, 1)).predict(pen=float(penalty))
    return [0, *map(int, ends)]


def _tested(z: Floats, pair: tuple[int, int], at: list[int], tried: int) -> list[Change]:
    """Both sides of each break compared."""
    first, second = pair
    normal = library("scipy.stats").norm
    out = []
    for start, middle, end in zip(at, at[1:], at[2:], strict=False):
        r1, r2 = (_between(z[low:high, first], z[low:high, second])
                  for low, high in ((start, middle), (middle, end)))  # fmt: skip
        n1, n2 = middle - start, end - middle
        apart = abs(np.arctanh(r1) - np.arctanh(r2)) / np.sqrt(1 / (n1 - 3) + 1 / (n2 - 3))
        p_value = min(float(2 * normal.sf(apart)) * tried, 1.0)
        out.append(Change(first, second, WARM + middle, r1, r2, n1, n2, p_value))
    return out


def _between(x: Floats, y: Floats) -> float:
    """The correlation of two samples, within what has a finite inverse tangent; 0 without any."""
    spread = float(x.std() * y.std())
    own = 0.0 if spread == 0 else float(((x - x.mean()) * (y - y.mean())).mean()) / spread
    return min(max(own, -0.999999), 0.999999)
