"""The linear twin of a book: what margin is made of when every price moves by its own factor.

    X[account] = cash_X + sum over factors of a[account, factor] * m[factor]     margin headroom
    E[account] = cash_E + sum over factors of b[account, factor] * m[factor]     equity
    sold[account, factor] * m[factor]                          value that a close-out sells

m is a multiplier: 1 = the block's price, 0.7 = -30 %. X = margin equity - maintenance margin, or
the least over all tests of the protocol (`every_test`); the account may be liquidated where X < 0,
and has bad debt where E < 0. All in whole units of the protocol's unit of account, float64: a
filter and a stress, never a verdict.

It is made without knowing the protocol, from the plug's own `reprice`: one probe at the block's
prices and one for each factor give the coefficients, further probes check them (`fit`). An
account that the linear form does not give back (a maker's range, an option, a tier) is `nonlinear`:
its row holds the slopes at the block, and whoever needs its margin asks `reprice`. NaN is `unknown`
and stays it: such a row has no coefficients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.linear.arrays import Floats, matrix, vector
from analyzer.contagion.linear.fit import Fitted, probed, probes
from analyzer.model.book import Book, LegKind, Prices
from analyzer.protocols.base import Repriced, Valued

Sold = frozenset[LegKind] | Callable[[Book], NDArray[np.bool_]]
"""The kinds of legs that a close-out sells, or [leg] whether it sells that one."""
CELLS = 2_000_000
"""Accounts x probes of one call of `reprice`: 16 MB for each of its four arrays."""


class Repricer(Protocol):
    """What is needed of a plug here."""

    def reprice(self, valued: Valued, factors: Sequence[str], shocks: Floats) -> Repriced:
        """Margin with each factor's price multiplied. Shape: shocks [factor, scenario]."""
        ...

    def prices(self, book: Book) -> Prices:
        """The reference prices at the block."""
        ...

    def value(self, book: Book, prices: Prices) -> Valued:
        """The book at `prices`."""
        ...


@dataclass(frozen=True, slots=True)
class LinearBook:
    """Accounts x factors in CSR form: entries `indptr[i] : indptr[i + 1]` are account i's.

    Amounts in whole units of account, at a multiplier of 1 for the coefficients.
    """

    factors: tuple[str, ...]
    account_ids: Sequence[str]
    owner: NDArray[np.int64]
    """[account]: number of its owner, from 0; equal = one owner."""
    owner_names: Sequence[str]
    """[owner]: as the book names it."""
    indptr: NDArray[np.int64]
    """[account + 1]."""
    column: NDArray[np.int32]
    """[entry]: number of the factor."""
    headroom_cash: Floats
    """[account]: the part of X that no price moves; NaN for an unknown account."""
    headroom: Floats
    """[entry]: coefficients of X."""
    equity_cash: Floats
    """[account]: the part of E that no price moves; NaN for an unknown account."""
    equity: Floats
    """[entry]: coefficients of E."""
    sold: Floats
    """[entry]: what a full close-out sells, at the block's prices; negative = it buys."""
    nonlinear: NDArray[np.bool_]
    """[account]: the coefficients are slopes at the block only; `reprice` decides."""
    unknown: NDArray[np.bool_]
    """[account]: nothing may be said of it."""
    every_test: bool = False
    """Whether X is the least over all tests of the protocol, not that of maintenance alone."""

    def __len__(self) -> int:
        """How many accounts, unknown ones included."""
        return len(self.headroom_cash)

    @property
    def row(self) -> NDArray[np.int64]:
        """[entry]: the account of each entry."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.indptr))

    @property
    def linear(self) -> NDArray[np.bool_]:
        """[account]: known, and given by its coefficients."""
        known: NDArray[np.bool_] = ~(self.nonlinear | self.unknown)
        return known

    def entries(self, accounts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(place in `accounts`, entry) of every entry of these accounts, account by account."""
        first = self.indptr[accounts]
        count = self.indptr[accounts + 1] - first
        place = np.repeat(np.arange(len(accounts)), count)
        entry = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count) + first[place]
        return place, entry

    def headroom_at(self, multipliers: ArrayLike) -> Floats:
        """X [account, scenario] of the linear form. For few scenarios: the result is dense.

        Shape: multipliers [factor, scenario]. NaN for unknown accounts.
        """
        return self._at(self.headroom_cash, self.headroom, multipliers)

    def equity_at(self, multipliers: ArrayLike) -> Floats:
        """E [account, scenario] of the linear form, as `headroom_at`."""
        return self._at(self.equity_cash, self.equity, multipliers)

    def _at(self, cash: Floats, coefficients: Floats, multipliers: ArrayLike) -> Floats:
        given = matrix("multipliers", multipliers, rows=len(self.factors))
        row, out = self.row, np.empty((len(self), given.shape[1]))
        for scenario in range(given.shape[1]):
            moved = coefficients * given[self.column, scenario]
            out[:, scenario] = cash + np.bincount(row, moved, minlength=len(self))
        return out

    def gross(self, multipliers: ArrayLike) -> Floats:
        """[account]: |cash| + sum |coefficient| m of X at one vector of multipliers."""
        given = vector("multipliers", multipliers, length=len(self.factors))
        moved = np.abs(self.headroom) * given[self.column]
        return np.abs(self.headroom_cash) + np.bincount(self.row, moved, minlength=len(self))


def linear_book(
    plug: Repricer,
    book: Book,
    *,
    factors: Sequence[str] | None = None,
    sells: Sold | None = None,
    every_test: bool = False,
) -> LinearBook:
    """The linear twin of `book`, from `plug.reprice` alone.

    factors: in the order of the result; default all of the book's assets, in their order. A
    factor that is left out keeps its price. sells: the legs that a close-out sells (at the
    protocol's reference prices); None = everything whose price moves the equity, which is
    what happens where collateral is seized and debt is repaid. every_test: X counts from the test
    that lets anybody liquidate something of the account first, not from maintenance alone.

    Raises: ValueError when `factors` names one twice.
    """
    names = tuple(dict.fromkeys(a.factor for a in book.assets) if factors is None else factors)
    if len(set(names)) != len(names):
        raise ValueError("factors must each be named once")
    moves = probes(len(names))
    prices = plug.prices(book)
    blocks = []
    for part in _parts(book, max(1, CELLS // moves.shape[1])):
        repriced = plug.reprice(plug.value(part, prices), names, moves)
        fitted = probed(repriced, moves, every_test=every_test)
        sold = fitted.equity if sells is None else _legs_sold(part, prices, names, sells)
        blocks.append(_compressed(fitted, sold))
    return replace(_assemble(names, book, blocks), every_test=every_test)


class Asked(Protocol):
    """Accounts whose margin is asked, not computed here."""

    @property
    def accounts(self) -> NDArray[np.int64]:
        """Their numbers in the book, in order."""
        ...

    def margin(self, multipliers: Floats) -> tuple[Floats, Floats]:
        """(X, E) [account, scenario]. Shape: multipliers [factor, scenario]. NaN = unknown."""
        ...

    def one(self, number: int) -> Asked:
        """The one in this place alone."""
        ...

    def some(self, numbers: Sequence[int]) -> Asked:
        """Those in these places alone, in that order (ascending)."""
        ...


@dataclass(frozen=True, slots=True)
class Nonlinear:
    """The accounts of a book whose margin only the protocol's own `reprice` gives."""

    plug: Repricer
    valued: Valued
    """These accounts only, in the order of `accounts`, at the reference prices."""
    factors: tuple[str, ...]
    accounts: NDArray[np.int64]
    """Their numbers in the whole book."""
    every_test: bool = False
    """As of the whole book."""

    def margin(self, multipliers: Floats) -> tuple[Floats, Floats]:
        """(X, E) [account, scenario]. Shape: multipliers [factor, scenario]. NaN = unknown."""
        width = multipliers.shape[1]
        headroom, equity = np.empty((2, len(self.accounts), width))
        step = max(1, CELLS // max(1, len(self.accounts)))
        for start in range(0, width, step):
            columns = slice(start, start + step)
            found = self.plug.reprice(self.valued, self.factors, multipliers[:, columns])
            headroom[:, columns] = found.to_liquidation(every_test=self.every_test)
            equity[:, columns] = found.equity
        return headroom, equity

    def one(self, number: int) -> Nonlinear:
        """One of these accounts alone."""
        return self.some([number])

    def some(self, numbers: Sequence[int]) -> Nonlinear:
        """Some of these accounts alone."""
        valued = self.plug.value(self.valued.book.part(numbers), self.valued.prices)
        chosen = self.accounts[list(numbers)]
        return Nonlinear(self.plug, valued, self.factors, chosen, self.every_test)


def nonlinear_accounts(plug: Repricer, book: Book, linear: LinearBook) -> Nonlinear:
    """The accounts that `linear` (made of this book) lists as nonlinear, ready to be asked."""
    accounts = np.flatnonzero(linear.nonlinear)
    valued = plug.value(book.part(accounts.tolist()), plug.prices(book))
    return Nonlinear(plug, valued, linear.factors, accounts, linear.every_test)


def holdings_book(
    indptr: ArrayLike,
    column: ArrayLike,
    value: ArrayLike,
    cash: ArrayLike,
    *,
    maintenance: ArrayLike,
    factors: Sequence[str] | None = None,
    owner: ArrayLike | None = None,
) -> LinearBook:
    """A book of delta-one holdings: X = cash + sum (value - maintenance |value|) m.

    Shape: indptr [account + 1], column and value [entry] (value at the block's prices, negative =
    short), cash [account], maintenance [factor] (share of |value|), owner [account] (default:
    each its own). A full close-out sells all.

    Raises: ValueError for wrong shapes and entries that are not finite.
    """
    rate = vector("maintenance", maintenance)
    amount = vector("value", value, signed=True)
    place = np.asarray(column, dtype=np.int32)
    money = vector("cash", cash, signed=True)
    pointer = np.asarray(indptr, dtype=np.int64)
    if len(pointer) != len(money) + 1 or pointer[0] != 0 or pointer[-1] != len(amount):
        raise ValueError("indptr must run from 0 to the number of entries, one more than accounts")
    if len(place) != len(amount) or (np.diff(pointer) < 0).any():
        raise ValueError("column and value must have one entry each, in the order of accounts")
    if len(place) and not 0 <= int(place.min()) <= int(place.max()) < len(rate):
        raise ValueError(f"column must number one of {len(rate)} factors")
    count = len(money)
    known = np.zeros(count, dtype=np.bool_)
    names = [str(number) for number in range(count)]
    owners = np.arange(count) if owner is None else np.asarray(owner, dtype=np.int64)
    return LinearBook(
        factors=tuple(factors or (str(number) for number in range(len(rate)))),
        account_ids=names,
        owner=owners,
        owner_names=[str(n) for n in range(owners.max(initial=-1) + 1)]
        if owner is not None
        else names,
        indptr=pointer,
        column=place,
        headroom_cash=money,
        headroom=amount - rate[place] * np.abs(amount),
        equity_cash=money.copy(),
        equity=amount,
        sold=amount.copy(),
        nonlinear=known,
        unknown=known.copy(),
    )


def _parts(book: Book, step: int) -> Iterator[Book]:
    """The book in blocks of `step` accounts; the whole of it when it fits one."""
    if len(book) <= step:
        yield book
        return
    for start in range(0, len(book), step):
        yield book.part(range(start, min(start + step, len(book))))


def _legs_sold(book: Book, prices: Prices, factors: Sequence[str], sells: Sold) -> Floats:
    """[account, factor] value of the legs that are sold, at reference prices; an asset that has
    no price has no value here (its holders are unknown anyway)."""
    place = {factor: number for number, factor in enumerate(factors)}
    price = [prices.e18(asset.asset_id) for asset in book.assets]
    counts = np.array(
        [
            asset.factor in place and p is not None and (callable(sells) or asset.kind in sells)
            for asset, p in zip(book.assets, price, strict=True)
        ],
        dtype=np.bool_,
    )
    per_unit = np.array([0.0 if p is None else p / 1e18 for p in price], dtype=np.float64)
    factor = np.array([place.get(a.factor, 0) for a in book.assets], dtype=np.int64)
    chosen = counts[book.asset] if len(book.asset) else np.zeros(0, dtype=np.bool_)
    if callable(sells):
        chosen = chosen & sells(book)
    legs = book.asset[chosen]
    row = np.repeat(np.arange(len(book)), np.diff(book.indptr))[chosen]
    out = np.zeros((len(book), len(factors)))
    np.add.at(out, (row, factor[legs]), book.amounts_f64()[chosen] * per_unit[legs])
    return out


@dataclass(frozen=True, slots=True)
class _Block:
    """One block of accounts: entries [entry] in account order, counts [account]."""

    counts: NDArray[np.int64]
    column: NDArray[np.int32]
    headroom: Floats
    equity: Floats
    sold: Floats
    headroom_cash: Floats
    equity_cash: Floats
    nonlinear: NDArray[np.bool_]
    unknown: NDArray[np.bool_]


def _compressed(fitted: Fitted, sold: Floats) -> _Block:
    """A block without its zeros; an unknown account has no entry."""
    sold = np.where(fitted.unknown[:, None], 0.0, sold)
    held = (fitted.headroom != 0) | (fitted.equity != 0) | (sold != 0)
    return _Block(
        counts=held.sum(axis=1),
        column=np.nonzero(held)[1].astype(np.int32),
        headroom=fitted.headroom[held],
        equity=fitted.equity[held],
        sold=sold[held],
        headroom_cash=fitted.headroom_cash,
        equity_cash=fitted.equity_cash,
        nonlinear=~fitted.fits & ~fitted.unknown,
        unknown=fitted.unknown,
    )


def _assemble(factors: tuple[str, ...], book: Book, blocks: Sequence[_Block]) -> LinearBook:
    """The blocks as one CSR book."""
    owners: dict[str, int] = {}
    numbers = [owners.setdefault(owner, len(owners)) for owner in book.owners]
    counts = np.concatenate([np.zeros(1, dtype=np.int64), *(b.counts for b in blocks)])
    return LinearBook(
        factors=factors,
        account_ids=book.account_ids,
        owner=np.array(numbers, dtype=np.int64),
        owner_names=list(owners),
        indptr=np.cumsum(counts, dtype=np.int64),
        column=np.concatenate([b.column for b in blocks]),
        headroom_cash=np.concatenate([b.headroom_cash for b in blocks]),
        headroom=np.concatenate([b.headroom for b in blocks]),
        equity_cash=np.concatenate([b.equity_cash for b in blocks]),
        equity=np.concatenate([b.equity for b in blocks]),
        sold=np.concatenate([b.sold for b in blocks]),
        nonlinear=np.concatenate([b.nonlinear for b in blocks]),
        unknown=np.concatenate([b.unknown for b in blocks]),
    )
