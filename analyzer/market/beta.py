"""Betas: by how much a factor moves when the market factor does.

    beta_k = cov(r_k, r_m) / var(r_m)

Used for assets that a scenario does not name, linearly: 1 + beta (m - 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from analyzer.market.returns import Returns
from analyzer.model.errors import InputError


@dataclass(frozen=True, slots=True)
class Beta:
    """One factor's beta. standard_error: of the regression on the market with a constant (NaN
    with two returns); r_squared: the share of its variance that the market explains."""

    factor: str
    beta: float
    standard_error: float
    r_squared: float
    observations: int


def betas(returns: Returns, market: str) -> list[Beta]:
    """The beta of every factor but the market, in the order of the returns.

    Raises: InputError when the market has no returns, or they do not move.
    """
    reference = returns.column(market)
    moves = reference - reference.mean()
    variance = float(moves @ moves)
    if variance == 0:
        raise InputError(f"the returns of {market} do not move: nothing has a beta to them")
    return [
        _beta(factor, returns.column(factor), moves, variance)
        for factor in returns.factors
        if factor != market
    ]


def exact(found: Sequence[Beta], places: int = 4) -> Mapping[str, Fraction]:
    """Betas as a scenario takes them: rounded to so many decimals, exact from there on."""
    unit = 10**places
    return {one.factor: Fraction(round(one.beta * unit), unit) for one in found}


def _beta(factor: str, values: np.ndarray, moves: np.ndarray, variance: float) -> Beta:
    """The regression of one factor on the centred market."""
    own = values - values.mean()
    beta = float(own @ moves) / variance
    rest = own - beta * moves
    total, left = float(own @ own), float(rest @ rest)
    count = values.size
    freedom = count - 2
    error = float(np.sqrt(left / freedom / variance)) if freedom > 0 else float("nan")
    return Beta(factor, beta, error, 0.0 if total == 0 else 1 - left / total, count)
