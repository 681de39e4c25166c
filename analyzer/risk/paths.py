"""The probability that a portfolio touches its liquidation within a horizon, by simulation.

    factors    geometric Brownian motions of a given covariance: m' = m exp(-s**2 dt / 2 + s dW)
    headroom   X(m) of the account; touched where X falls below zero
    between two points of the grid: a Brownian bridge, touched with exp(-2 X X' / v), v = the
    variance of X over the step at its beginning

Every path gives a probability and not a yes or no, so few are needed; the error is that of their
mean. With one linear position it agrees with the closed form (`first_passage`), which is the test.
Covariance and horizon are in steps of the returns. No drift, no jumps, no fat tails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analyzer.contagion.linear.arrays import matrix, vector
from analyzer.market.history import Floats

PATHS = 4_096
POINTS = 32
"""Points of the grid a horizon; the bridge watches between them."""

Headroom = Callable[[Floats], Floats]
"""Multipliers [factor, path] -> X [path]."""


@dataclass(frozen=True, slots=True)
class Touched:
    """probability within the horizon, and the standard error of its simulation."""

    probability: float
    error: float
    paths: int


def touch(
    headroom: Headroom,
    slopes: ArrayLike,
    covariance: ArrayLike,
    horizon: float,
    *,
    volatility: float = 1.0,
    paths: int = PATHS,
    seed: int = 0,
) -> Touched:
    """How likely X falls below zero within `horizon` steps.

    Shape: slopes [factor], dX/dm at the block; covariance [factor, factor], of log returns over one
    step. volatility: multiplies all volatilities (1.1 = a tenth more); with one seed two calls
    differ by it alone.

    Raises: ValueError for wrong shapes, a horizon or a number of paths that is not above zero.
    """
    slope = vector("slopes", slopes, signed=True)
    spread = matrix("covariance", covariance, rows=len(slope), columns=len(slope), signed=True)
    if not horizon > 0 or not volatility >= 0 or paths < 2:
        raise ValueError("horizon must be above zero, volatility zero or above, two paths at least")
    step = spread * volatility**2 * horizon / POINTS
    root, drift = _root(step), -np.diagonal(step)[:, None] / 2
    random = np.random.default_rng(seed)
    moved = np.ones((len(slope), paths))
    before = headroom(moved)
    untouched = np.where(before < 0, 0.0, 1.0)
    for _ in range(POINTS):
        weighted = slope[:, None] * moved
        variance = np.einsum("ip,ij,jp->p", weighted, step, weighted)
        moved = moved * np.exp(drift + root @ random.standard_normal((len(slope), paths)))
        after = headroom(moved)
        untouched *= 1 - _between(before, after, variance)
        before = after
    touched = 1 - untouched
    error = float(touched.std(ddof=1) / np.sqrt(paths))
    return Touched(float(touched.mean()), error, paths)


def _between(before: Floats, after: Floats, variance: Floats) -> Floats:
    """[path]: the probability that a bridge from X to X' passes zero; 1 where an end is below."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        passed = np.exp(-2 * before * after / variance)
    still = np.where(variance > 0, passed, 0.0)
    return np.where((before < 0) | (after < 0), 1.0, np.minimum(still, 1.0))


def _root(covariance: Floats) -> Floats:
    """R with R R' = covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    root: Floats = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
