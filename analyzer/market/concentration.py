"""How concentrated a book or a pool of collateral is, and how much of it falls with what it backs.

    HHI           sum of squared shares: 1 / n for n equal ones, 1 for a single one
    stable share  what is held in stables
    beta          sum of shares times betas
    wrong way     2 w_c' S w_p: the covariance of collateral and positions, as it enters the
                  variance of both together; above 0 = the collateral falls when the positions do

Floats: indicators, never verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from analyzer.market.classes import asset_class, base_of
from analyzer.market.history import Floats


def hhi(values: ArrayLike) -> float:
    """Herfindahl-Hirschman index of amounts that are not negative; 0 when all are 0.

    Raises: ValueError for a negative amount or one that is not finite.
    """
    amounts = _amounts(values)
    total = float(amounts.sum())
    return 0.0 if total == 0 else float(((amounts / total) ** 2).sum())


def largest_share(values: ArrayLike, n: int = 1) -> float:
    """Share of the n largest amounts; 0 when all are 0. Raises: ValueError as `hhi`."""
    amounts = np.sort(_amounts(values))[::-1]
    total = float(amounts.sum())
    return 0.0 if total == 0 else float(amounts[:n].sum() / total)


def stable_share(value_by_factor: Mapping[str, float]) -> float:
    """Share held in stables, wrapped ones (`sDAI/DAI`) among them; 0 when nothing is held.

    Raises: ValueError as `hhi`.
    """
    total = float(_amounts(list(value_by_factor.values())).sum())
    stable = sum(value for factor, value in value_by_factor.items() if _is_stable(factor))
    return 0.0 if total == 0 else stable / total


def collateral_beta(value_by_factor: Mapping[str, float], betas: Mapping[str, float]) -> float:
    """Beta of what is held, weighted by value. Raises: ValueError for a factor without a beta."""
    missing = sorted(set(value_by_factor) - set(betas))
    if missing:
        raise ValueError(f"there is no beta of {', '.join(missing)}")
    total = sum(value_by_factor.values())
    held = sum(value * betas[factor] for factor, value in value_by_factor.items())
    return 0.0 if total == 0 else held / total


def wrong_way(collateral: ArrayLike, positions: ArrayLike, covariance: ArrayLike) -> float:
    """2 w_c' S w_p. Shapes: collateral and positions [factor], signed; covariance
    [factor, factor]."""
    held = np.asarray(collateral, dtype=np.float64)
    exposed = np.asarray(positions, dtype=np.float64)
    return float(2 * held @ np.asarray(covariance, dtype=np.float64) @ exposed)


def _is_stable(factor: str) -> bool:
    """Whether a factor is a stable, or a ratio to one."""
    base = base_of(factor)
    return asset_class(factor) == "stable" if base is None else _is_stable(base)


def _amounts(values: ArrayLike) -> Floats:
    """Amounts as float64. Raises: ValueError naming the first that is no amount."""
    amounts = np.asarray(values, dtype=np.float64).ravel()
    wrong = np.flatnonzero(~(np.isfinite(amounts) & (amounts >= 0)))
    if wrong.size:
        raise ValueError(f"amount {int(wrong[0])} is {amounts[wrong[0]]}: not zero or above")
    return amounts
