"""Margin under many price vectors, float64: for stress, never for a verdict.

At fixed amounts every term of a health is linear in prices, the credit of spreads too (what a pair
has in common is a size, not a value), so that each account has one coefficient per factor:

    health[account, scenario] = fixed + sum over factors of coefficient[account, factor] x shock
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analyzer.model.integers import WAD
from analyzer.protocols.base import Repriced
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.arithmetic import INF
from analyzer.protocols.nado.state.state import QUOTE
from analyzer.protocols.nado.value.account import Numbers, Valuation
from analyzer.protocols.nado.value.health import (
    NOT_BORROWABLE,
    HealthType,
    matched,
    spread_gain,
    weight,
)
from analyzer.protocols.nado.value.value import NadoValued

Array = npt.NDArray[np.float64]
_ONE = float(WAD)


@dataclass(slots=True)
class _Coefficients:
    """One entry per term: account, factor (the last row: no factor), and its value by health."""

    account: list[int] = field(default_factory=list)
    factor: list[int] = field(default_factory=list)
    values: dict[HealthType, list[float]] = field(
        default_factory=lambda: {kind: [] for kind in HealthType}
    )
    unknown: list[int] = field(default_factory=list)

    def add(self, account: int, factor: int, values: Sequence[float]) -> None:
        """One term's value in each health."""
        self.account.append(account)
        self.factor.append(factor)
        for kind, value in zip(HealthType, values, strict=True):
            self.values[kind].append(value)


def reprice(valued: NadoValued, factors: Sequence[str], shocks: Array) -> Repriced:
    """Margin with each factor's price multiplied; unknown accounts are NaN.

    shocks: [factor, scenario]. A factor that `factors` does not name keeps its price.
    """
    size, scenarios = len(valued.book), shocks.shape[1]
    rows = np.vstack([shocks, np.ones((1, scenarios))])
    index = {name: number for number, name in enumerate(factors)}
    found = _coefficients(valued, index)
    account = np.array(found.account, dtype=np.int64)
    factor = np.array(found.factor, dtype=np.int64)

    def total(kind: HealthType) -> Array:
        out = np.zeros((size, scenarios))
        values = np.array(found.values[kind], dtype=np.float64)
        for number in np.unique(factor):
            chosen = factor == number
            per_account = np.bincount(account[chosen], values[chosen], minlength=size)
            out += per_account[:, None] * rows[number][None, :]
        out[found.unknown] = np.nan
        return out

    pnl = total(HealthType.PNL)
    return Repriced(
        equity=pnl,
        margin_equity=pnl,
        maintenance=pnl - total(HealthType.MAINTENANCE),
        initial=pnl - total(HealthType.INITIAL),
    )


def _coefficients(valued: NadoValued, index: dict[str, int]) -> _Coefficients:
    """The terms of every account."""
    out, state, last = _Coefficients(), valued.state, len(index)
    place = {p.product_id: index.get(p.factor, last) for p in state.products()}
    place[QUOTE] = last
    for account, name in enumerate(valued.book.account_ids):
        numbers = valued.valuation.numbers(name)
        if isinstance(numbers, Unreadable):
            out.unknown.append(account)
            continue
        for product, values in _terms(valued.valuation, numbers):
            out.add(account, last if product is None else place[product], values)
    return out


def _terms(
    valuation: Valuation, numbers: Numbers
) -> Iterator[tuple[int | None, tuple[float, ...]]]:
    """(product whose price moves it, None for none; its value in each health)."""
    market, held = valuation.market, numbers.held

    def weighted(product: int, amount: int) -> Iterator[tuple[int | None, tuple[float, ...]]]:
        kind_of = market.spots.get(product) or market.perps[product]
        value = amount / _ONE * (market.prices[product] / _ONE)
        shares = [weight(kind_of.risk, amount, kind) for kind in HealthType]
        marked = [share == NOT_BORROWABLE for share in shares]
        yield (
            product,
            tuple(
                0.0 if mark else value * share / _ONE
                for share, mark in zip(shares, marked, strict=True)
            ),
        )
        if any(marked):
            yield None, tuple(-INF / _ONE if mark else 0.0 for mark in marked)

    for product, amount in held.spots.items():
        yield from weighted(product, amount)
    for product, (amount, v_quote) in held.perps.items():
        if amount:
            yield from weighted(product, amount)
        yield None, (v_quote / _ONE,) * len(HealthType)
    for pair in market.spreads:
        amount = held.spots.get(pair[0], 0)
        size = matched(amount, held.perps.get(pair[1], (0, 0))[0]) / _ONE
        if not size:
            continue
        gains = [
            0 if kind is HealthType.PNL else spread_gain(market, pair, amount, kind)
            for kind in HealthType
        ]
        for product in pair:
            notional = size * (market.prices[product] / _ONE)
            yield product, tuple(notional * gain / _ONE for gain in gains)
