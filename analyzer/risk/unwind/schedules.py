"""Schedules of a sale over time, in closed form.

Almgren and Chriss: N sales over T, temporary impact eta, permanent impact gamma, price deviation
sigma per square root of time, fixed cost eps a unit, lam the price of risk (cost + lam variance):

    tau = T/N     eta~ = eta - gamma tau/2     cosh(kappa tau) = 1 + lam sigma^2 tau^2 / (2 eta~)
    x_j = X sinh(kappa (T - t_j)) / sinh(kappa T)      lam = 0: the straight line
    E   = gamma X^2/2 + eps sum |n_j| + (eta~/tau) sum n_j^2      sd = sigma sqrt(tau sum x_j^2)

Obizhaeva and Wang: a block book that refills at rate rho: a block X/(rho T + 2) at both ends, and
rho times that in between, evenly.

Prices are arithmetic: for a large sigma sqrt(T) they may fall below zero, and no figure here says
so. Permanent impact costs the same whatever the schedule.

Sources: Almgren and Chriss 2000 (R8); Obizhaeva and Wang 2013 (R9).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analyzer.market.history import Floats


@dataclass(frozen=True, slots=True)
class AlmgrenChriss:
    """A schedule. trajectory: [N + 1], what is still held at each time, X first, 0 last.
    expected_cost and sd: in money, against selling all at the price now. kappa: how fast it sells,
    per unit of time; 0 = evenly."""

    trajectory: Floats
    expected_cost: float
    sd: float
    kappa: float


@dataclass(frozen=True, slots=True)
class ObizhaevaWang:
    """A schedule: a block at the start, one at the end, and an even rate between them."""

    first: float
    last: float
    rate: float


def almgren_chriss(
    X: float,  # noqa: N803
    T: float,  # noqa: N803
    N: int,  # noqa: N803
    sigma: float,
    eps: float,
    eta: float,
    gamma: float,
    lam: float,
) -> AlmgrenChriss:
    """The schedule of least expected cost + lam variance. X below 0 buys.

    Raises: ValueError for a time or number of steps that is not above zero, a negative or
    non-finite parameter, or permanent impact so large that selling in one go costs least
    (eta <= gamma tau / 2).
    """
    _check(T=T, N=N, sigma=sigma, eps=eps, eta=eta, gamma=gamma, lam=lam)
    if T <= 0 or N < 1 or int(N) != N:
        raise ValueError(f"a schedule needs a time and whole steps above zero, not {T!r}, {N!r}")
    if not math.isfinite(X):
        raise ValueError(f"an amount has to be a number, not {X!r}")
    tau = T / N
    tilde = eta - gamma * tau / 2
    if tilde <= 0:
        raise ValueError(
            f"eta {eta:g} has to be above gamma tau / 2 = {gamma * tau / 2:g}: else no schedule of"
            " several steps is best"
        )
    # arccosh(1 + y) loses y below the rounding of 1; 2 arcsinh(sqrt(y/2)) does not.
    kappa = 2 * math.asinh(math.sqrt(lam * sigma**2 * tau**2 / (4 * tilde))) / tau
    left = (N - np.arange(N + 1)) / N
    held: Floats = X * left if kappa == 0 else X * _sinh_ratio(kappa * T, left)
    sold = -np.diff(held)
    cost = gamma * X**2 / 2 + eps * float(np.abs(sold).sum()) + tilde / tau * float((sold**2).sum())
    spread = sigma * math.sqrt(tau * float((held[1:] ** 2).sum()))
    return AlmgrenChriss(held, cost, spread, kappa)


def obizhaeva_wang(X: float, T: float, rho: float) -> ObizhaevaWang:  # noqa: N803
    """The schedule of least expected cost. Raises: ValueError for a time below zero or a rate of
    refilling that is not above it."""
    _check(T=T)
    if not (math.isfinite(rho) and rho > 0 and math.isfinite(X)):
        raise ValueError(f"a book has to refill at a rate above zero, not {rho!r}")
    block = X / (rho * T + 2)
    return ObizhaevaWang(block, block, rho * block)


def _sinh_ratio(at: float, left: Floats) -> Floats:
    """sinh(at left) / sinh(at), without overflow. Shape: left [step], from 1 to 0."""
    out: Floats = np.exp(at * (left - 1)) * np.expm1(-2 * at * left) / np.expm1(-2 * at)
    return out


def _check(**given: float) -> None:
    """Raises: ValueError for a negative or non-finite parameter."""
    for name, value in given.items():
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} has to be a number from 0, not {value!r}")
