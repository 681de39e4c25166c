"""The most bad debt that a cascade may leave, scenario by scenario, without running it.

Prices of a cascade stay in a box: no lower than where all that may be closed has been sold, no
higher than where all that may be closed has been bought back. Who may be closed is whoever is below
at the worst corner of the box; more of them widen it; the box that widens no more holds. In it

    bad debt <= sum over accounts of max(-(E at the worst corner) + penalty, 0)

where only who may be closed pays penalties: shares of what is closed at the highest prices. For
accounts that are linear this is a bound (a sum is least where each of its terms is). Nonlinear ones
are asked at the ends of the box, factor by factor: right where their value is a sum over factors
of concave pieces (a maker's range), an estimate elsewhere. Funds and receipt tokens are not in it.

Source: interval iteration to the least fixed point (Tarski), as in risk-models section 7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.linear import Asked, LinearBook
from analyzer.contagion.linear.arrays import Floats

Impacts = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""(sold, bought) at the block's prices [factor, scenario] -> (lowest, highest) impact on prices."""

BELOW = 1e-3
"""How far below the box a nonlinear account is asked once more: what it holds there."""


@dataclass(frozen=True, slots=True)
class Penalties:
    """Shares of what is closed, [account]: of what the book lists as sold, and of all else that
    moves equity (collateral, where positions are sold). debts: whether closing the one is repaying
    the other, so that only what is held, not what is owed, pays."""

    sold: Floats
    rest: Floats
    debts: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Worst:
    """X, E and penalties [account, scenario] at the worst corner of a box."""

    headroom: Floats
    equity: Floats
    penalty: Floats


def ceiling(
    book: LinearBook, asked: Asked, shocks: Floats, impacts: Impacts, penalties: Penalties
) -> Floats:
    """[scenario]: the most bad debt, USD. Shapes: shocks [factor, scenario], multiples of the
    block's prices. Unknown accounts are left out.
    """
    size, width = len(book), shocks.shape[1]
    lowest, highest = shocks.copy(), shocks.copy()
    closed = np.zeros((size, width), dtype=np.bool_)
    while True:
        linear = _linear(book, penalties, lowest, highest)
        curved, held = _asked(book, asked, penalties, (shocks, lowest, highest))
        headroom = linear.headroom.copy()
        headroom[asked.accounts] = curved.headroom
        wider: NDArray[np.bool_] = closed | (headroom < 0)
        sold, bought = _traded(book, asked, wider, held)
        down, up = impacts(sold, bought)
        low, high = np.minimum(lowest, shocks * down), np.maximum(highest, shocks * up)
        still = np.allclose(low, lowest, rtol=1e-9) and np.allclose(high, highest, rtol=1e-9)
        if still and (wider == closed).all():
            break
        closed, lowest, highest = wider, low, high
    equity, paid = linear.equity.copy(), linear.penalty.copy()
    equity[asked.accounts], paid[asked.accounts] = curved.equity, curved.penalty
    lacking = np.maximum(closed * paid - equity, 0.0)
    return np.asarray(np.nansum(lacking, axis=0), dtype=np.float64)


def _dense(book: LinearBook, coefficients: Floats) -> Floats:
    """Coefficients [entry] as [account, factor]."""
    out = np.zeros((len(book), len(book.factors)))
    out[book.row, book.column] = coefficients
    return out


def _paid(
    penalties: Penalties, sold: Floats, rest: Floats, accounts: slice | NDArray[np.int64]
) -> Floats:
    """Penalties at a price of one, [account, factor(, scenario)], when all is closed."""
    shape = (-1, *(1 for _ in sold.shape[1:]))
    debts = penalties.debts[accounts].reshape(shape)
    counted = np.where(debts, np.maximum(sold, 0.0), np.abs(sold))
    of_sold = penalties.sold[accounts].reshape(shape) * counted
    out = of_sold + penalties.rest[accounts].reshape(shape) * np.abs(rest)
    return np.asarray(out, dtype=np.float64)


def _linear(book: LinearBook, penalties: Penalties, lowest: Floats, highest: Floats) -> _Worst:
    """The worst corner of each account by its coefficients."""

    def worst(cash: Floats, coefficients: Floats) -> Floats:
        matrix = _dense(book, coefficients)
        moved = np.maximum(matrix, 0.0) @ lowest + np.minimum(matrix, 0.0) @ highest
        return np.asarray(cash[:, None] + moved, dtype=np.float64)

    sold, rest = _dense(book, book.sold), _dense(book, book.equity - book.sold)
    return _Worst(
        headroom=worst(book.headroom_cash, book.headroom),
        equity=worst(book.equity_cash, book.equity),
        penalty=_paid(penalties, sold, rest, slice(None)) @ highest,
    )


def _asked(
    book: LinearBook, asked: Asked, penalties: Penalties, box: tuple[Floats, Floats, Floats]
) -> tuple[_Worst, Floats]:
    """The worst corner of the nonlinear accounts, and what they hold at the lower end, valued at
    the block's prices [account, factor, scenario]. box: prices after the shock, lowest, highest."""
    shocks, lowest, highest = box
    factors, width = shocks.shape
    count = len(asked.accounts)
    if not count:
        nothing = np.zeros((0, width))
        return _Worst(nothing, nothing, nothing), np.zeros((0, factors, width))
    columns = [shocks]
    for ends in (lowest, highest, lowest * (1 - BELOW)):
        for factor in range(factors):
            moved = shocks.copy()
            moved[factor] = ends[factor]
            columns.append(moved)
    found = asked.margin(np.hstack(columns))
    headroom, equity = (each.reshape(count, 1 + 3 * factors, width) for each in found)

    def worst(values: Floats) -> Floats:
        base = values[:, 0]
        low, high = values[:, 1 : 1 + factors], values[:, 1 + factors : 1 + 2 * factors]
        least = np.minimum(np.minimum(low, high) - base[:, None], 0.0)
        return np.asarray(base + least.sum(axis=1), dtype=np.float64)

    step = equity[:, 1 : 1 + factors] - equity[:, 1 + 2 * factors :]
    held = np.nan_to_num(step / (lowest * BELOW)[None])
    tokens = _dense(book, book.equity - book.sold)[asked.accounts][:, :, None]
    paid = _paid(penalties, held - tokens, np.broadcast_to(tokens, held.shape), asked.accounts)
    penalty = (paid * highest[None]).sum(axis=1)
    return _Worst(worst(headroom), worst(equity), penalty), held


def _traded(
    book: LinearBook, asked: Asked, closed: NDArray[np.bool_], held: Floats
) -> tuple[Floats, Floats]:
    """(sold, bought) [factor, scenario] when `closed` [account, scenario] are closed whole."""
    rest = book.equity - book.sold
    sells = _dense(book, np.maximum(book.sold, 0.0) + np.maximum(rest, 0.0))
    buys = _dense(book, np.maximum(-book.sold, 0.0) + np.maximum(-rest, 0.0))
    open_ = closed.astype(np.float64)
    sold, bought = sells.T @ open_, buys.T @ open_
    if len(asked.accounts):
        chosen = closed[asked.accounts][:, None, :]
        # What the coefficients at the block say of these is in already; here it may be more.
        sold += (np.maximum(held, 0.0) * chosen).sum(axis=0)
        bought += (np.maximum(-held, 0.0) * chosen).sum(axis=0)
    return sold, bought
