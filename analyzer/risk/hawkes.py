"""Do liquidations bring more liquidations: a Hawkes process of their times.

    intensity(t) = mu + sum over t_i < t of alpha e^(-beta (t - t_i))
    branching    n = alpha / beta: how many further ones each brings; 1 = it never ends by itself

    ln L = sum ln intensity(t_i) - mu T - n sum (1 - e^(-beta (T - t_i)))

The sum over earlier events is a recursion, so a likelihood costs one pass. Parameters are those of
the largest likelihood; errors come from its curvature there (the delta method for n) and mean
nothing at an edge: with n near 0, beta is not known. `gain` says how much better than events that
come evenly it is.

Times must differ: several liquidations of one block are one event of the chain's making. What else
drives both (a falling price) looks like contagion here; it is not told apart.

Sources: Hawkes 1971; the recursion is Ogata's 1981.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analyzer.market.history import Floats
from analyzer.risk.extra import library

LEAST = 20
"""Events below which nothing is fitted."""


@dataclass(frozen=True, slots=True)
class Hawkes:
    """A fitted process. Rates per unit of time of what went in.

    branching_error: standard error of the branching ratio, NaN where the likelihood is flat. gain:
    log likelihood less that of a constant rate. events: distinct times.
    """

    mu: float
    alpha: float
    beta: float
    branching: float
    branching_error: float
    loglik: float
    gain: float
    events: int
    horizon: float


def fit(times: ArrayLike, horizon: float) -> Hawkes:
    """The process that makes these times most likely.

    Shape: times [event], ascending, each above the one before, within [0, horizon].

    Raises: ValueError for times that are none of that, or fewer than `LEAST`.
    """
    moments = _checked(times, horizon)
    count, rate = len(moments), len(moments) / horizon
    # In units in which events come once: the optimiser's numbers are then near one.
    scaled, end = moments * rate, horizon * rate

    def loss(logs: Floats) -> float:
        mu, branching, beta = np.exp(logs)
        return -log_likelihood(scaled, end, mu, branching * beta, beta)

    optimise = library("scipy.optimize").minimize
    starts = [
        np.log([1 - branching, branching, beta]) for branching in (0.2, 0.7) for beta in (0.3, 3.0)
    ]
    bounds = [(-20.0, 5.0), (-20.0, 3.0), (-10.0, 10.0)]
    tried = [optimise(loss, start, method="L-BFGS-B", bounds=bounds) for start in starts]
    best = min(tried, key=lambda one: float(one.fun))
    mu, branching, beta = (float(value) for value in np.exp(best.x))
    loglik = -float(best.fun) + count * math.log(rate)
    return Hawkes(
        mu=mu * rate,
        alpha=branching * beta * rate,
        beta=beta * rate,
        branching=branching,
        branching_error=branching * _error(loss, np.asarray(best.x), place=1),
        loglik=loglik,
        gain=loglik - count * (math.log(rate) - 1),
        events=count,
        horizon=float(horizon),
    )


def log_likelihood(times: ArrayLike, horizon: float, mu: float, alpha: float, beta: float) -> float:
    """ln L of the module's process. Shape: times [event], ascending. One pass over the events."""
    moments = np.asarray(times, dtype=np.float64)
    faded = np.exp(-beta * np.diff(moments))
    excited = np.empty(len(moments))
    carried = 0.0
    excited[0] = 0.0
    for number, factor in enumerate(faded.tolist(), 1):
        carried = factor * (1.0 + carried)
        excited[number] = carried
    compensated = mu * horizon + alpha / beta * float(-np.expm1(-beta * (horizon - moments)).sum())
    return float(np.log(mu + alpha * excited).sum()) - compensated


def _checked(times: ArrayLike, horizon: float) -> Floats:
    """The times. Raises: ValueError as `fit`."""
    moments = np.asarray(times, dtype=np.float64)
    if moments.ndim != 1 or not np.isfinite(moments).all():
        raise ValueError("times must be one number an event")
    if len(moments) < LEAST:
        raise ValueError(f"{len(moments)} events are too few: at least {LEAST} are needed")
    if not (np.diff(moments) > 0).all():
        raise ValueError("times must ascend, and no two may be equal")
    if not 0 <= moments[0] <= moments[-1] <= horizon < math.inf:
        raise ValueError(f"times must lie within 0 and the horizon {horizon!r}")
    return moments


def _error(loss: Callable[[Floats], float], at: Floats, place: int, step: float = 1e-3) -> float:
    """The standard error of one parameter (a logarithm), from the curvature of `loss` at `at`; NaN
    where it is not that of a minimum."""
    size = len(at)
    hessian = np.empty((size, size))
    unit = np.eye(size) * step
    for i in range(size):
        for j in range(size):
            hessian[i, j] = (
                loss(at + unit[i] + unit[j])
                - loss(at + unit[i] - unit[j])
                - loss(at - unit[i] + unit[j])
                + loss(at - unit[i] - unit[j])
            ) / (4 * step**2)
    try:
        variance = float(np.linalg.inv(hessian)[place, place])
    except np.linalg.LinAlgError:
        return math.nan
    return math.sqrt(variance) if variance > 0 else math.nan
