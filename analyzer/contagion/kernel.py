"""Many cascades at once: one book, one scenario a column, each to its own end.

    round:  X = cash + A P          pairs (account, scenario) with X < 0 are closed, for good
            V += sum of what they sell, by asset     (signed: a closed short buys)
            P' = shocked price x ratio(V)            executed at the mean along the curve
            equity at the executed prices, less the penalty; below 0 = bad debt
            again where a price has changed

It is `firesale.threshold` for 1,000 scenarios and a million accounts: batch order, full close-out
(or a fraction, see `partial`), no waterfall. What holds and what does not is said there, and
tested here again: **with shorts a larger shock may close fewer, and bad debt depends on the order
even long-only**. Prices are multipliers of the block's; amounts are whole units of account.

How it runs: tiles of accounts (`tiles`), one bit a pair. Flows and money are float64; which pair
is closed is what float64 says. From the second round on, a scenario whose prices stand still is
not looked at, and the box of price moves leaves only the accounts near the boundary.

Equity of an account at its close-out: all that it holds at the executed prices, also what a
close-out leaves it (`LinearBook.sold` differs from `.equity`). Nonlinear accounts sell the
position that they hold at the block.

Source: Cifuentes, Ferrucci and Shin 2005; Cont and Schaanning 2017; vectors R15 and R16.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.arrays import Floats, matrix, vector
from analyzer.contagion.impacts import Impacts
from analyzer.contagion.linear import LinearBook, Nonlinear
from analyzer.contagion.partial import Partial, partial
from analyzer.contagion.shortfalls import Largest, largest
from analyzer.contagion.tiles import (
    WORD,
    Prices,
    Tiles,
    Words,
    dense_rows,
    make_tiles,
    newly_below,
    packed,
    prices_of,
    unpacked,
)

GROUP = 16 * WORD
"""Scenarios that run together: their bits are 128 bytes an account. A multiple of `WORD`, so that
the bits of groups can be put side by side."""


@dataclass(frozen=True, slots=True)
class Cascades:
    """How every scenario ended. Shape [scenario] where nothing else is said."""

    failed: NDArray[np.int64]
    """Accounts closed."""
    notional: Floats
    """What was closed, without sign, at the prices at which it traded."""
    bad_debt: Floats
    """Sum over closed accounts of what they lack, before any waterfall."""
    prices: Floats
    """[factor, scenario]: final multipliers."""
    rounds: NDArray[np.int64]
    """Rounds in which something was closed."""
    undecided: NDArray[np.int64]
    """Accounts of which nothing is known in the scenario: never counted as safe."""
    shortfall: Floats
    """[rank, scenario]: of the owners that lack most; their sum is what a Cover-n fund needs."""
    shortfall_owner: NDArray[np.int64]
    """[rank, scenario]: number of the owner; -1 = nobody."""
    closed: Words
    """[account, block]: one bit a scenario; read it with `closed_in`."""
    bit: NDArray[np.int64]
    """[scenario]: its bit, counted over the blocks."""

    def closed_in(self, scenario: int) -> NDArray[np.bool_]:
        """[account]: whether it was closed (in part, with a fraction) in this scenario."""
        block, bit = divmod(int(self.bit[scenario]), WORD)
        flags: NDArray[np.bool_] = (self.closed[:, block] >> np.uint64(bit)) & np.uint64(1) == 1
        return flags


@dataclass(frozen=True, slots=True)
class Rules:
    """How accounts are closed.

    penalty [factor]: share of what is sold that the account pays on top. fraction: of what is
    open that one visit closes; 1 = everything. ranks: how many of the costliest owners are kept.
    screen: whether boxes of prices leave out what they can (the same result, faster). tile:
    accounts a tile. rounds: after how many a scenario is left as it is; None = at its end.
    """

    penalty: Floats
    fraction: float = 1.0
    ranks: int = 2
    screen: bool = True
    tile: int = 4096
    rounds: int | None = None


def rules(
    book: LinearBook,
    *,
    penalty: ArrayLike = 0.0,
    fraction: float = 1.0,
    ranks: int = 2,
    screen: bool = True,
    tile: int = 4096,
    rounds: int | None = None,
) -> Rules:
    """Rules for `book`. penalty: one share, or one a factor.

    Raises: ValueError for a penalty below 0, a fraction outside (0, 1], a tile or rounds below 1.
    """
    share = np.broadcast_to(np.asarray(penalty, dtype=np.float64), (len(book.factors),))
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction must be above 0 and at most 1, not {fraction}")
    for name, value in (("tile", tile), ("rounds", 1 if rounds is None else rounds)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
    return Rules(vector("penalty", share), fraction, ranks, screen, tile, rounds)


def cascades(
    book: LinearBook,
    shocks: ArrayLike,
    impacts: Impacts,
    *,
    by: Rules | None = None,
    nonlinear: Nonlinear | None = None,
) -> Cascades:
    """Runs every scenario to its end.

    Shape: shocks [factor, scenario], multipliers of the block's prices after the shock (0.7 =
    -30 %), not negative; `impacts` for the same scenarios. nonlinear: needed where the book has
    such accounts.

    Memory: 128 bytes an account for each 1,024 scenarios, and the tiles. Ends within one round an
    account (a fraction: within a few). Raises: ValueError for a wrong shape, or nonlinear
    accounts that nobody answers for.
    """
    start = matrix("shocks", shocks, rows=len(book.factors))
    by = rules(book) if by is None else by
    if book.nonlinear.any() and nonlinear is None:
        raise ValueError(f"{int(book.nonlinear.sum())} accounts are nonlinear: give `nonlinear`")
    tiles, width = make_tiles(book, by.tile), start.shape[1]
    # Scenarios that fall alike share a block, so that its box of prices is small.
    order = np.argsort(start.mean(axis=0), kind="stable")
    step = GROUP if by.fraction == 1 else WORD
    done = [
        _Run(tiles, start, order[at : at + step], impacts, by, nonlinear).to_the_end()
        for at in range(0, width, step)
    ]
    return _in_order(done, order)


class _Run:
    """Some scenarios on their way, as columns in the order of `scenarios`."""

    def __init__(
        self, tiles: Tiles, shocks: Floats, scenarios: NDArray[np.int64], impacts: Impacts,
        by: Rules, nonlinear: Nonlinear | None,
    ) -> None:  # fmt: skip
        self.tiles, self.book, self.by = tiles, tiles.book, by
        self.impacts, self.scenarios, self.nonlinear = impacts, scenarios, nonlinear
        self.shocked = shocks[:, scenarios]
        self.prices = self.shocked.copy()
        self.volume = np.zeros_like(self.shocked)
        width, blocks = len(scenarios), -(-len(scenarios) // WORD)
        self.closed: Words = np.zeros((len(self.book), blocks), dtype=np.uint64)
        self.failed = np.zeros(width, dtype=np.int64)
        self.notional, self.bad_debt = np.zeros(width), np.zeros(width)
        self.rounds = np.zeros(width, dtype=np.int64)
        self.undecided = np.full(width, int(self.book.unknown.sum()), dtype=np.int64)
        self.largest: Largest = largest(self.book.owner, by.ranks, width)
        penalty = by.penalty[self.book.column] * np.abs(self.book.sold)
        self.net_equity = self.book.equity - penalty
        self.one_sided = not (self.book.sold < 0).any()
        self.partial: Partial | None = (
            partial(self.book, by.penalty, by.fraction) if by.fraction < 1 else None
        )

    def to_the_end(self) -> _Run:
        """Rounds until nothing more is closed."""
        moving, done = np.ones(len(self.scenarios), dtype=np.bool_), 0
        while moving.any() or (self.partial is not None and self.partial.open()):
            before = self.prices.copy()
            self._round(moving, first=done == 0)
            moving, done = (self.prices != before).any(axis=0), done + 1
            if done == self.by.rounds:
                break
        return self

    def _round(self, moving: NDArray[np.bool_], *, first: bool) -> None:
        """One round of every scenario that is moving."""
        flow, gross = np.zeros_like(self.prices), np.zeros_like(self.prices)
        closing = np.zeros(len(self.scenarios), dtype=np.bool_)
        prices, found = prices_of(self.prices, moving), []
        for fresh in self._fresh(prices, first=first):
            self.closed[np.ix_(fresh.accounts, prices.blocks)] |= fresh.words
            found.append(fresh)
            if self.partial is None:
                closing |= self._sell(fresh, prices, flow, gross)
            else:
                self._begin(self.partial, fresh, prices)
        if self.partial is not None:
            closing[self.partial.visit(self.prices, flow, gross)] = True
        self.rounds += closing
        executed = self._trade(flow)
        self.notional += (gross * executed).sum(axis=0)
        if self.partial is not None:
            self._settle(self.partial, executed)
            return
        for fresh in found:
            self._shortfalls(fresh, prices, executed)

    def _trade(self, flow: Floats) -> Floats:
        """Moves volume and prices; the multipliers at which the round's closings traded."""
        after = self.volume + flow
        start, end = self.volume * self.shocked, after * self.shocked
        executed = self.shocked * self.impacts.average(start, end, self.scenarios)
        traded = (flow != 0).any(axis=0)
        final = self.shocked * self.impacts.ratio(end, self.scenarios)
        self.prices[:, traded] = final[:, traded]
        self.volume = after
        return executed

    def _fresh(self, prices: Prices, *, first: bool) -> Iterator[_Fresh]:
        """The pairs that are below maintenance now and were not before, tile by tile."""
        scratch = np.empty((self.by.tile, len(self.book.factors)), dtype=np.float32)
        for start, stop in self.tiles.spans():
            closed = self.closed[start:stop, prices.blocks]
            tile = self.tiles.dense(start, stop, scratch)
            words = newly_below(
                self.tiles, start, tile, prices=prices, closed=closed, screen=self.by.screen
            )
            rows = np.flatnonzero(words.any(axis=1))
            if len(rows):
                yield _Fresh(start + rows, words[rows], asked=False)
        if self.nonlinear is not None and len(self.nonlinear.accounts):
            accounts = self.nonlinear.accounts
            words = np.zeros((len(accounts), len(prices.blocks)), dtype=np.uint64)
            for place, columns in enumerate(prices.columns):
                headroom, _ = self.nonlinear.margin(prices.exact[:, columns])
                words[:, place] = packed(headroom < 0, columns)
                if first:
                    self.undecided[columns] += np.isnan(headroom).sum(axis=0)
            words &= ~self.closed[np.ix_(accounts, prices.blocks)]
            yield _Fresh(accounts, words, asked=True)

    def _sell(
        self, fresh: _Fresh, prices: Prices, flow: Floats, gross: Floats
    ) -> NDArray[np.bool_]:
        """Adds what these pairs sell, in units of value at the block's prices, and counts them;
        the scenarios [scenario] that have any."""
        sold = dense_rows(self.book, self.book.sold, fresh.accounts)
        # Prices follow from the flow: float64. The notional is only told: float32 a tile.
        sides: list[tuple[Any, Floats]] = [(sold, flow)]
        if not self.one_sided:
            sides.append((np.abs(sold).astype(np.float32), gross))
        whole = fresh.words == prices.bits
        counts = np.zeros_like(self.failed)
        everywhere = [amounts.T @ whole.astype(amounts.dtype) for amounts, _ in sides]
        for place, columns in enumerate(prices.columns):
            rows = np.flatnonzero((fresh.words[:, place] != 0) & ~whole[:, place])
            flags = unpacked(fresh.words[rows, place], columns)
            counts[columns] += whole[:, place].sum() + flags.sum(axis=0)
            for (amounts, into), alike in zip(sides, everywhere, strict=True):
                mixed = amounts[rows].T @ flags.astype(amounts.dtype)
                into[:, columns] += alike[:, place, None] + mixed
        if self.one_sided:
            gross[:] = flow
        self.failed += counts
        return counts > 0

    def _shortfalls(self, fresh: _Fresh, prices: Prices, executed: Floats) -> None:
        """Adds what these pairs lack at the executed prices."""
        net = dense_rows(self.book, self.net_equity, fresh.accounts)
        cash = self.book.equity_cash[fresh.accounts]
        for place, columns in enumerate(prices.columns):
            at = executed[:, columns]
            middle, reach = (at.max(axis=1) + at.min(axis=1)) / 2, np.ptp(at, axis=1) / 2
            lowest = cash + net @ middle - np.abs(net) @ reach
            # A rounding of the bound must not hide a deficit of a rounding's size.
            slack = 1e-12 * (np.abs(cash) + np.abs(net) @ (middle + reach))
            candidate = (lowest < slack) | fresh.asked
            rows = np.flatnonzero((fresh.words[:, place] != 0) & candidate)
            if not len(rows):
                continue
            if fresh.asked:
                equity = self._asked_equity(at)[rows]
            else:
                equity = cash[rows, None] + net[rows] @ at
            flags = unpacked(fresh.words[rows, place], columns)
            short = np.where(flags, np.maximum(-equity, 0.0), 0.0)
            self.bad_debt[columns] += short.sum(axis=0)
            self.largest.add(fresh.accounts[rows], columns, short)

    def _asked_equity(self, executed: Floats) -> Floats:
        """Equity of the nonlinear accounts after their close-out at `executed`."""
        assert self.nonlinear is not None
        _, equity = self.nonlinear.margin(executed)
        accounts = self.nonlinear.accounts
        penalty = dense_rows(self.book, self.book.equity - self.net_equity, accounts)
        return equity - penalty @ executed

    def _begin(self, state: Partial, fresh: _Fresh, prices: Prices) -> None:
        """Hands pairs that have just fallen below to the close-out by fractions."""
        for place, columns in enumerate(prices.columns):
            row, column = np.nonzero(unpacked(fresh.words[:, place], columns))
            state.begin(fresh.accounts[row], columns[column])
            np.add.at(self.failed, columns[column], 1)

    def _settle(self, state: Partial, executed: Floats) -> None:
        """Pays what the visits of this round sold, and counts who is left with bad debt."""
        accounts, columns, short = state.settle(executed)
        self.bad_debt += np.bincount(columns, short, minlength=len(self.scenarios))
        for column in np.unique(columns):
            here = columns == column
            self.largest.add(accounts[here], np.array([column]), short[here][:, None])


@dataclass(frozen=True, slots=True)
class _Fresh:
    """Pairs that a round closes: words [account, block that moves]. asked: nonlinear ones."""

    accounts: NDArray[np.int64]
    words: Words
    asked: bool


def _in_order(done: list[_Run], order: NDArray[np.int64]) -> Cascades:
    """The groups as one result, in the caller's order of scenarios."""
    back = np.argsort(order, kind="stable")
    found = [run.largest.result() for run in done]

    def joined(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(run, name) for run in done], axis=-1)[..., back]

    return Cascades(
        failed=joined("failed"),
        notional=joined("notional"),
        bad_debt=joined("bad_debt"),
        prices=joined("prices"),
        rounds=joined("rounds"),
        undecided=joined("undecided"),
        shortfall=np.hstack([amount for amount, _ in found])[:, back],
        shortfall_owner=np.hstack([who for _, who in found])[:, back],
        closed=np.hstack([run.closed for run in done]),
        bit=back,
    )
