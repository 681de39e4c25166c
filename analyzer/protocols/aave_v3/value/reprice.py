"""Margin under many price vectors, float64: for stress, never for a verdict.

Collateral, thresholds and debts are linear in prices, so each account has one coefficient per
factor for each of equity, health-factor numerator, debt and borrowing limit:

    equity[account, scenario] = sum over factors of coefficient[account, factor] * shock
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analyzer.protocols.aave_v3.ray_math import PERCENT
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.base import Repriced
from analyzer.protocols.kit.unreadable import Unreadable

Array = npt.NDArray[np.float64]


@dataclass(slots=True)
class _Coefficients:
    """One entry per (account, factor) that matters; values in whole units of base currency."""

    account: list[int] = field(default_factory=list)
    factor: list[int] = field(default_factory=list)
    collateral: list[float] = field(default_factory=list)
    backing: list[float] = field(default_factory=list)
    limit: list[float] = field(default_factory=list)
    debt: list[float] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)


def reprice(valued: AaveValued, factors: Sequence[str], shocks: Array) -> Repriced:
    """Margin with each factor's price multiplied; unknown accounts are NaN.

    shocks: [factor, scenario]. A factor that `factors` does not name keeps its price. initial is
    margin equity less free collateral, as in the table of margin.
    """
    size, scenarios = len(valued.book), shocks.shape[1]
    rows = np.vstack([shocks, np.ones((1, scenarios))])
    found = _coefficients(valued, {name: i for i, name in enumerate(factors)})
    account = np.array(found.account, dtype=np.int64)
    factor = np.array(found.factor, dtype=np.int64)

    def total(values: Sequence[float]) -> Array:
        out = np.zeros((size, scenarios))
        weights = np.array(values, dtype=np.float64)
        for number in np.unique(factor):
            chosen = factor == number
            per_account = np.bincount(account[chosen], weights[chosen], minlength=size)
            out += per_account[:, None] * rows[number][None, :]
        out[found.unknown] = np.nan
        return out

    debt, backing = total(found.debt), total(found.backing)
    free = total(found.limit) - debt
    return Repriced(
        equity=total(found.collateral) - debt,
        margin_equity=backing,
        maintenance=debt,
        initial=backing - free,
    )


def _coefficients(valued: AaveValued, index: dict[str, int]) -> _Coefficients:
    """The coefficients of every account. The factors that are not named share the last row."""
    out, unit = _Coefficients(), float(valued.state.base_unit)
    for number, address in enumerate(valued.book.account_ids):
        data = valued.valuation.account_data(address)
        if isinstance(data, Unreadable):
            out.unknown.append(number)
            continue
        for holding in data.holdings:
            value = holding.value / unit
            out.account.append(number)
            out.factor.append(index.get(holding.reserve.factor, len(index)))
            out.collateral.append(value)
            out.backing.append(value * holding.threshold_bps / PERCENT)
            out.limit.append(value * holding.ltv_bps / PERCENT)
            out.debt.append(holding.debt_value / unit)
    return out
