"""What days do to accounts: the change of equity and of headroom, account by account, by date.

    change[account, day] = E(1 + r[day]) - E(1)        of equity; of headroom likewise
    linear accounts    one sparse product              nonlinear ones   asked of their protocol

An account that holds a factor without days has no row of its own (NaN): a day of which a part is
not known is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.linear import Asked, LinearBook
from analyzer.market.history import Floats
from analyzer.risk.days import Days
from analyzer.risk.extra import library

BLOCK = 4_000_000
"""Accounts x days of one block: 32 MB an array."""
FEW = 16
"""Nonlinear accounts up to which each is asked for itself."""


@dataclass(frozen=True, slots=True)
class Changes:
    """A block of accounts. accounts: [row], their numbers in the book. equity, headroom:
    [row, day], units of account; NaN where nothing is known."""

    accounts: NDArray[np.int64]
    equity: Floats
    headroom: Floats


def changes(
    book: LinearBook,
    days: Days,
    accounts: NDArray[np.int64],
    nonlinear: Asked | None = None,
) -> Iterator[Changes]:
    """The changes of `accounts` (numbers in the book), block by block, in their order.

    days: in the order of the book's factors. Raises: ValueError for other factors, or nonlinear
    accounts that nobody answers for.
    """
    if tuple(book.factors) != days.factors:
        raise ValueError("the days are of other factors than the book's")
    if nonlinear is None and book.nonlinear[accounts].any():
        raise ValueError("some accounts are nonlinear: give `nonlinear`")
    sparse = library("scipy.sparse")
    shape = (len(book), len(book.factors))
    equity, headroom = (
        sparse.csr_array((values, book.column, book.indptr), shape=shape)
        for values in (book.equity, book.headroom)
    )
    moves = days.values.T
    gone = unknown_accounts(book, days)
    step = max(1, BLOCK // max(1, moves.shape[1]))
    asked = None if nonlinear is None else _asked(nonlinear, accounts, 1 + moves)
    for start in range(0, len(accounts), step):
        chosen = accounts[start : start + step]
        both = [np.asarray(one[chosen] @ moves, dtype=np.float64) for one in (equity, headroom)]
        if asked is not None:
            here, places, there = np.intersect1d(chosen, asked.accounts, return_indices=True)
            if len(here):
                both[0][places], both[1][places] = asked.equity[there], asked.headroom[there]
        for one in both:
            one[gone[chosen]] = np.nan
        yield Changes(chosen, *both)


def unknown_accounts(book: LinearBook, days: Days) -> NDArray[np.bool_]:
    """[account]: unknown itself, or holding a factor without days."""
    without = ~days.known[book.column] & ((book.equity != 0) | (book.headroom != 0))
    holds = np.bincount(book.row, without, minlength=len(book)) > 0
    out: NDArray[np.bool_] = book.unknown | holds
    return out


def _asked(nonlinear: Asked, accounts: NDArray[np.int64], multipliers: Floats) -> Changes | None:
    """What the protocols say of the nonlinear accounts among `accounts`; None without any."""
    wanted = np.flatnonzero(np.isin(nonlinear.accounts, accounts))
    if not len(wanted):
        return None
    one = np.ones((len(multipliers), 1))
    parts = [nonlinear] if len(wanted) > FEW else [nonlinear.one(n) for n in wanted.tolist()]
    found = [np.subtract(part.margin(multipliers), part.margin(one)) for part in parts]
    return Changes(
        np.concatenate([part.accounts for part in parts]),
        np.vstack([equity for _, equity in found]),
        np.vstack([headroom for headroom, _ in found]),
    )
