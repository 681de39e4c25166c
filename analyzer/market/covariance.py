"""Covariance and correlation of returns, and how they are stressed.

    sample             (X - mean)' (X - mean) / (n - 1)
    EWMA               S[t] = decay S[t-1] + (1 - decay) r r',  S[0] = r[0] r[0]'
    Ledoit-Wolf        (1 - a) S + a T, a estimated; S with divisor n
        identity               T = mean variance on the diagonal
        constant correlation   T = own variances, the mean correlation everywhere
    stressed           C_th = (1 - th) C + th 11'

All come out symmetric and positive semidefinite, and stressing keeps that, since 11' is too.
Shrinking to the identity lends every factor some of the mean variance: a stable with almost none
would look like a coin. With stables among the factors take the constant correlation, which keeps
every variance.

Units: of one step of the returns, squared. Shapes: returns [row, factor], matrices
[factor, factor], float64.

Source: Ledoit and Wolf 2004a ("A well-conditioned estimator") and 2004b ("Honey, I shrunk").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from analyzer.market.history import Floats
from analyzer.market.volatility import DECAY, check_decay, checked

Target = Literal["identity", "constant-correlation"]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A shrunk covariance. shrinkage: a of the module, 0 = the sample's, 1 = the target."""

    covariance: Floats
    shrinkage: float


def sample(values: ArrayLike) -> Floats:
    """Sample covariance with divisor n - 1. Raises: ValueError for fewer than two rows."""
    returns = _rows(values, least=2)
    centred = returns - returns.mean(axis=0)
    return _symmetric(centred.T @ centred / (returns.shape[0] - 1))


def ewma(values: ArrayLike, decay: float = DECAY) -> Floats:
    """EWMA covariance after the last row; the mean return is taken as 0.

    Raises: ValueError for a decay outside [0, 1).
    """
    returns = checked(values)
    check_decay(decay)
    age = np.arange(returns.shape[0])[::-1]
    weights = (1 - decay) * decay**age
    # The recursion starts with the first return itself, which then keeps the rest of the weight.
    weights[0] = decay ** (returns.shape[0] - 1)
    return _symmetric((returns * weights[:, None]).T @ returns)


def ledoit_wolf(values: ArrayLike, target: Target = "identity") -> Shrunk:
    """The Ledoit-Wolf estimate. Raises: ValueError for fewer than two rows."""
    returns = _rows(values, least=2)
    centred = returns - returns.mean(axis=0)
    covariance = _symmetric(centred.T @ centred / returns.shape[0])
    if target == "identity":
        aim, weight = _identity(centred, covariance)
    else:
        aim, weight = _constant_correlation(centred, covariance)
    return Shrunk(_symmetric((1 - weight) * covariance + weight * aim), weight)


def correlation(covariance: ArrayLike) -> Floats:
    """The correlations of a covariance; a factor without variance correlates with nothing (0)."""
    matrix = _square("covariance", covariance)
    deviations = np.sqrt(np.diagonal(matrix))
    scale = np.divide(1.0, deviations, out=np.zeros_like(deviations), where=deviations > 0)
    out: Floats = np.clip(matrix * np.outer(scale, scale), -1, 1)
    np.fill_diagonal(out, 1.0)
    return out


def stressed_correlation(correlations: ArrayLike, theta: float) -> Floats:
    """(1 - theta) C + theta 11': all correlations drawn towards 1 by the share `theta`.

    Raises: ValueError unless 0 <= theta <= 1.
    """
    matrix = _square("correlations", correlations)
    _check_theta(theta)
    out: Floats = (1 - theta) * matrix + theta
    return out


def stressed(covariance: ArrayLike, theta: float) -> Floats:
    """A covariance with its correlations drawn towards 1 by `theta`; variances stay.

    Raises: ValueError unless 0 <= theta <= 1.
    """
    matrix = _square("covariance", covariance)
    _check_theta(theta)
    deviations = np.sqrt(np.diagonal(matrix))
    out: Floats = (1 - theta) * matrix + theta * np.outer(deviations, deviations)
    return out


def _identity(centred: Floats, covariance: Floats) -> tuple[Floats, float]:
    """Target and shrinkage of 2004a. Norms are divided by the number of factors."""
    rows, factors = centred.shape
    mean_variance = np.trace(covariance) / factors
    aim: Floats = mean_variance * np.eye(factors)
    distance = float(np.sum((covariance - aim) ** 2)) / factors
    squares = centred**2
    # mean over rows of ||x x' - S||**2, without forming any x x'
    spread = float(np.sum(squares.T @ squares)) / rows - float(np.sum(covariance**2))
    noise = min(spread / rows / factors, distance)
    return aim, 0.0 if distance == 0 else max(noise, 0.0) / distance


def _constant_correlation(centred: Floats, covariance: Floats) -> tuple[Floats, float]:
    """Target and shrinkage of 2004b, equations (2) to (5) of its appendix."""
    rows, factors = centred.shape
    deviations = np.sqrt(np.diagonal(covariance))
    correlations = correlation(covariance)
    live = deviations > 0
    pairs = np.outer(live, live) & ~np.eye(factors, dtype=bool)
    mean = float(correlations[pairs].mean()) if pairs.any() else 0.0
    aim: Floats = mean * np.outer(deviations, deviations)
    np.fill_diagonal(aim, np.diagonal(covariance))
    squares = centred**2
    spread = squares.T @ squares / rows - covariance**2
    # theta[i, j] = mean of (x_i**2 - s_ii)(x_i x_j - s_ij)
    theta = (centred**3).T @ centred / rows - np.diagonal(covariance)[:, None] * covariance
    inverse = np.divide(1.0, deviations, out=np.zeros_like(deviations), where=live)
    pull = theta * np.outer(inverse, deviations)
    off = ~np.eye(factors, dtype=bool)
    # rho: both halves of (2004b) are the same sum over ordered pairs
    rho = float(np.trace(spread)) + mean * float(pull[off].sum())
    distance = float(np.sum((covariance - aim) ** 2))
    if distance == 0:
        return aim, 0.0
    return aim, min(max((float(spread.sum()) - rho) / distance / rows, 0.0), 1.0)


def _rows(values: ArrayLike, *, least: int) -> Floats:
    """Returns with at least so many rows."""
    returns = checked(values)
    if returns.shape[0] < least:
        raise ValueError(f"{returns.shape[0]} returns are too few: at least {least} are needed")
    return returns


def _square(name: str, values: ArrayLike) -> Floats:
    """A square float64 matrix. Raises: ValueError for another shape or a number that is none."""
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be square, not of shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name} has an entry that is not a number")
    return matrix


def _check_theta(theta: float) -> None:
    """Raises: ValueError unless 0 <= theta <= 1."""
    if not 0 <= theta <= 1:
        raise ValueError(f"theta has to be from 0 to 1, it is {theta!r}")


def _symmetric(matrix: Floats) -> Floats:
    """The matrix without the asymmetry of rounding."""
    out: Floats = (matrix + matrix.T) / 2
    return out
