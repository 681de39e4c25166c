"""A VaR told day by day from what came before: what a back-test needs.

    historical   quantile of the profits of the last `WINDOW` days
    filtered     of the days before, each rescaled to the volatility of the day that is told; models
                 are fitted to what came before, every `REFIT` days, and carried on in between

Profits are those of today's positions: slopes times returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from analyzer.contagion.linear.arrays import vector
from analyzer.market.history import Floats
from analyzer.market.volatility import checked
from analyzer.risk.var.garch import LEAST, Distribution, garch

WINDOW = LEAST
REFIT = 120


def historical_steps(
    returns: ArrayLike, slopes: ArrayLike, levels: Sequence[float], first: int
) -> tuple[Floats, Floats]:
    """(VaR told [step, level], profit that came [step]), from row `first` on.

    Shape: returns [row, factor], slopes [factor]. Raises: ValueError for wrong shapes.
    """
    shares = 1 - np.asarray(levels, dtype=np.float64)
    values = checked(returns)
    profits = values @ vector("slopes", slopes, length=values.shape[1], signed=True)
    told = [
        -np.quantile(profits[max(0, row - WINDOW) : row], shares)
        for row in range(first, len(profits))
    ]
    return np.array(told), profits[first:]


def filtered_steps(
    returns: ArrayLike,
    slopes: ArrayLike,
    levels: Sequence[float],
    first: int,
    *,
    refit: int = REFIT,
    distribution: Distribution = "normal",
) -> tuple[Floats, Floats]:
    """(VaR told [step, level], profit that came [step]), from row `first` on; a factor that does
    not move has no part in it.

    Shape: as `historical_steps`. Raises: ValueError as `garch`.
    """
    values = checked(returns)
    slope = vector("slopes", slopes, length=values.shape[1], signed=True)
    moves = np.ptp(values, axis=0) > 0
    values, slope = values[:, moves & (slope != 0)], slope[moves & (slope != 0)]
    shares = 1 - np.asarray(levels, dtype=np.float64)
    told = np.empty((len(values) - first, len(shares)))
    for start in range(first, len(values), refit):
        stop = min(start + refit, len(values))
        z, sigma, mu = (
            np.column_stack(parts)
            for parts in zip(*_carried(values, start, stop, distribution), strict=True)
        )
        for row in range(start, stop):
            profits = (mu[0] + sigma[row] * z[:row]) @ slope
            told[row - first] = -np.quantile(profits, shares)
    return told, values[first:] @ slope


def _carried(
    values: Floats, start: int, stop: int, distribution: Distribution
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Of each factor: z and sigma of the rows before `stop`, and mu, by a model that saw only the
    rows before `start`."""
    for column in values.T:
        model = garch(column[:start], distribution)
        sigma = np.empty(stop)
        sigma[:start] = model.sigma
        rest = column[:stop] - model.mu
        for row in range(start, stop):
            before = model.alpha * rest[row - 1] ** 2 + model.beta * sigma[row - 1] ** 2
            sigma[row] = np.sqrt(model.omega + before)
        yield rest / sigma, sigma, np.array([model.mu])
