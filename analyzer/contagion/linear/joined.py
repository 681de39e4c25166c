"""Books of several deployments as one: the same factor is the same factor everywhere.

Accounts keep their order, book after book, and are named `deployment/account`; owners of the same
name are one owner. Nothing is netted: an account is liquidated by its own protocol alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.linear.book import Asked, LinearBook


@dataclass(frozen=True, slots=True)
class AskedJoined:
    """The nonlinear accounts of several books, each asked of its own protocol."""

    parts: tuple[Asked, ...]
    rows: tuple[NDArray[np.int64], ...]
    """Of each part: where its factors stand among all."""
    accounts: NDArray[np.int64]

    def margin(self, multipliers: Floats) -> tuple[Floats, Floats]:
        """See `Asked`."""
        found = [
            part.margin(multipliers[rows])
            for part, rows in zip(self.parts, self.rows, strict=True)
        ]  # fmt: skip
        return np.vstack([x for x, _ in found]), np.vstack([e for _, e in found])

    def one(self, number: int) -> AskedJoined:
        """See `Asked`."""
        left = number
        for part, rows in zip(self.parts, self.rows, strict=True):
            if left < len(part.accounts):
                chosen = self.accounts[number : number + 1]
                return AskedJoined((part.one(left),), (rows,), chosen)
            left -= len(part.accounts)
        raise IndexError(f"no nonlinear account {number} (there are {len(self.accounts)})")

    def some(self, numbers: Sequence[int]) -> AskedJoined:
        """See `Asked`."""
        parts, rows, start = list[Asked](), list[NDArray[np.int64]](), 0
        for part, own in zip(self.parts, self.rows, strict=True):
            end = start + len(part.accounts)
            inside = [number - start for number in numbers if start <= number < end]
            if inside:
                parts.append(part.some(inside))
                rows.append(own)
            start = end
        return AskedJoined(tuple(parts), tuple(rows), self.accounts[list(numbers)])


def joined_book(
    books: Sequence[LinearBook], asked: Sequence[Asked], names: Sequence[str]
) -> tuple[LinearBook, AskedJoined]:
    """One book of all accounts, and who answers for its nonlinear ones.

    asked: of each book, `linear.nonlinear_accounts`; names: of each deployment.

    Raises: ValueError unless there is one of each for every book, and at least one book.
    """
    if len(books) != len(asked):
        raise ValueError("every book needs its name and its nonlinear accounts")
    whole = joined_linear(books, names)
    place = {factor: number for number, factor in enumerate(whole.factors)}
    rows = tuple(np.array([place[f] for f in book.factors], dtype=np.int64) for book in books)
    starts = np.cumsum([0, *(len(book) for book in books)])
    accounts = [part.accounts + start for part, start in zip(asked, starts[:-1], strict=True)]
    return whole, AskedJoined(tuple(asked), rows, np.concatenate(accounts).astype(np.int64))


def joined_linear(books: Sequence[LinearBook], names: Sequence[str]) -> LinearBook:
    """One book of all accounts. names: of each deployment.

    Raises: ValueError unless there is one of each, and at least one book.
    """
    if not books or len(books) != len(names):
        raise ValueError("every book needs its name and its nonlinear accounts")
    factors = tuple(dict.fromkeys(factor for book in books for factor in book.factors))
    place = {factor: number for number, factor in enumerate(factors)}
    rows = tuple(np.array([place[f] for f in book.factors], dtype=np.int64) for book in books)
    owners: dict[str, int] = {}
    entries = np.cumsum([0, *(int(book.indptr[-1]) for book in books)])
    return LinearBook(
        factors=factors,
        account_ids=[
            f"{name}/{account}"
            for book, name in zip(books, names, strict=True)
            for account in book.account_ids
        ],
        owner_names=list(dict.fromkeys(owner for book in books for owner in book.owner_names)),
        owner=np.concatenate(
            [
                np.array([owners.setdefault(o, len(owners)) for o in book.owner_names])[book.owner]
                for book in books
            ]
        ).astype(np.int64),
        indptr=np.concatenate(
            [[0], *(b.indptr[1:] + at for b, at in zip(books, entries[:-1], strict=True))]
        ).astype(np.int64),
        column=np.concatenate(
            [at[book.column] for book, at in zip(books, rows, strict=True)]
        ).astype(np.int32),
        headroom_cash=np.concatenate([book.headroom_cash for book in books]),
        headroom=np.concatenate([book.headroom for book in books]),
        equity_cash=np.concatenate([book.equity_cash for book in books]),
        equity=np.concatenate([book.equity for book in books]),
        sold=np.concatenate([book.sold for book in books]),
        nonlinear=np.concatenate([book.nonlinear for book in books]),
        unknown=np.concatenate([book.unknown for book in books]),
    )
