"""The rounds of the batch cascade (`kernel`): a group of scenarios from its shock to its end.

    close     which pairs fall below now, and what they sell      (tiles, fused, or by fractions)
    trade     volume and prices move; executed at the mean along the curve
    settle    notional, bad debt and shortfalls at the executed prices

The three ways to close are classes of their own over the same state, `Run`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.batch import fused
from analyzer.contagion.batch.impacts import Impacts
from analyzer.contagion.batch.partial import partial
from analyzer.contagion.batch.shortfalls import Largest, largest
from analyzer.contagion.batch.tiles import (
    WORD,
    Tiles,
    Words,
    dense_rows,
    newly_below,
    packed,
    prices_of,
    unpacked,
)
from analyzer.contagion.linear import Asked
from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.networks.firesale import BREACH_TOLERANCE

Engine = Literal["auto", "tiles", "fused"]
Bools = NDArray[np.bool_]

FUSED_PAIRS = 50_000_000
"""Accounts x scenarios from which compiling (ten seconds, once) costs less than it saves."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How accounts are closed.

    penalty [factor]: share of what is sold that the account pays on top. fraction: of what is
    open that one visit closes; 1 = everything. ranks: how many of the costliest owners are kept.
    boxes: whether boxes of prices leave out what they can (the same result, faster). tile:
    accounts a tile. rounds: after how many a scenario is left as it is; None = at its end.
    engine: who does the work, `tiles` or `fused`; `auto` = fused from `rounds.FUSED_PAIRS` pairs on
    where there is a compiler for it.
    """

    penalty: Floats
    fraction: float = 1.0
    ranks: int = 2
    boxes: bool = True
    tile: int = 4096
    rounds: int | None = None
    engine: Engine = "auto"


def engine_for(by: Rules, pairs: int) -> Engine:
    """Who does the work for so many pairs (accounts x scenarios): `tiles` or `fused`."""
    if by.engine != "auto":
        return by.engine
    pays = by.fraction == 1 and pairs >= FUSED_PAIRS and fused.installed()
    return "fused" if pays else "tiles"


class Closer(Protocol):
    """One way to find and close the pairs of a round."""

    def close(self, moving: Bools, flow: Floats, *, first: bool) -> Bools:
        """Closes what is below at the run's prices, in the scenarios that are `moving`; adds what
        it sells (value at the block's prices) to `flow` [factor, scenario]. The scenarios that
        closed anything."""
        ...

    def settle(self, executed: Floats) -> None:
        """Adds notional, bad debt and shortfalls of what was closed, at `executed` prices."""
        ...

    def unfinished(self) -> bool:
        """Whether more may be closed although no price has moved."""
        ...


class Run:
    """Some scenarios on their way, as columns in the order of `scenarios`."""

    def __init__(
        self,
        tiles: Tiles,
        shocks: Floats,
        scenarios: NDArray[np.int64],
        impacts: Impacts,
        by: Rules,
        nonlinear: Asked | None,
    ) -> None:
        self.tiles, self.book, self.by = tiles, tiles.book, by
        self.impacts, self.scenarios, self.nonlinear = impacts, scenarios, nonlinear
        self.shocked = shocks[:, scenarios]
        self.prices = self.shocked.copy()
        self.volume = np.zeros_like(self.shocked)
        width, blocks = len(scenarios), -(-len(scenarios) // WORD)
        self.closed: Words = np.zeros((blocks, len(self.book)), dtype=np.uint64)
        self.failed = np.zeros(width, dtype=np.int64)
        self.notional, self.bad_debt = np.zeros(width), np.zeros(width)
        self.rounds = np.zeros(width, dtype=np.int64)
        self.undecided = np.full(width, int(self.book.unknown.sum()), dtype=np.int64)
        self.largest: Largest = largest(self.book.owner, by.ranks, width)
        penalty = by.penalty[self.book.column] * np.abs(self.book.sold)
        self.net_equity = self.book.equity - penalty
        self.closer = self._closer()

    def _closer(self) -> Closer:
        """The way to close that the rules ask for; `auto` has been decided (`engine_for`)."""
        if self.by.fraction < 1:
            return FractionCloser(self)
        return FusedCloser(self) if self.by.engine == "fused" else TileCloser(self)

    def to_the_end(self) -> Run:
        """Rounds until nothing more is closed."""
        moving, done = np.ones(len(self.scenarios), dtype=np.bool_), 0
        while moving.any() or self.closer.unfinished():
            before, flow = self.prices.copy(), np.zeros_like(self.prices)
            self.rounds += self.closer.close(moving, flow, first=done == 0)
            self.closer.settle(self._trade(flow))
            moving, done = (self.prices != before).any(axis=0), done + 1
            if done == self.by.rounds:
                break
        return self

    def _trade(self, flow: Floats) -> Floats:
        """Moves volume and prices; the multipliers at which the round's closings traded."""
        after = self.volume + flow
        executed = self.shocked * self.impacts.average(self.volume, after, self.scenarios)
        traded = (flow != 0).any(axis=0)
        final = self.shocked * self.impacts.ratio(after, self.scenarios)
        self.prices[:, traded] = final[:, traded]
        self.volume = after
        return executed


@dataclass(frozen=True, slots=True)
class Fresh:
    """Pairs that a round closes: words [account, block that moves]. asked: nonlinear ones."""

    accounts: NDArray[np.int64]
    words: Words
    asked: bool


class TileCloser:
    """Full close-out by matrix products over tiles of accounts."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.one_sided = not (run.book.sold < 0).any()
        self.found: list[Fresh] = []
        self.at = prices_of(run.prices, np.zeros(len(run.scenarios), dtype=np.bool_))
        self.gross = np.zeros_like(run.prices)

    def unfinished(self) -> bool:
        """See `Closer`: a closed account is closed for good."""
        return False

    def close(self, moving: Bools, flow: Floats, *, first: bool) -> Bools:
        """See `Closer`."""
        self.at, self.found = prices_of(self.run.prices, moving), []
        self.gross = np.zeros_like(flow)
        closing = np.zeros(len(moving), dtype=np.bool_)
        for fresh in self.fresh(first=first):
            self.found.append(fresh)
            closing |= self.sell(fresh, flow)
        return closing

    def fresh(self, *, first: bool) -> Iterator[Fresh]:
        """The pairs that are below now and were not before, marked as closed."""
        run = self.run
        scratch = np.empty((run.by.tile, len(run.book.factors)), dtype=np.float32)
        for start, stop in run.tiles.spans():
            closed = run.closed[self.at.blocks, start:stop].T
            tile = run.tiles.dense(start, stop, scratch)
            words = newly_below(
                run.tiles, start, tile, prices=self.at, closed=closed, boxes=run.by.boxes
            )
            rows = np.flatnonzero(words.any(axis=1))
            if len(rows):
                yield self._marked(Fresh(start + rows, words[rows], asked=False))
        yield from self.asked(first=first)

    def asked(self, *, first: bool) -> Iterator[Fresh]:
        """The same of the nonlinear accounts, from the protocol itself."""
        run = self.run
        if run.nonlinear is None or not len(run.nonlinear.accounts):
            return
        accounts = run.nonlinear.accounts
        words = np.zeros((len(accounts), len(self.at.blocks)), dtype=np.uint64)
        for place, columns in enumerate(self.at.columns):
            headroom, _ = run.nonlinear.margin(self.at.exact[:, columns])
            words[:, place] = packed(headroom < 0, columns)
            if first:
                run.undecided[columns] += np.isnan(headroom).sum(axis=0)
        words &= ~run.closed[np.ix_(self.at.blocks, accounts)].T
        yield self._marked(Fresh(accounts, words, asked=True))

    def _marked(self, fresh: Fresh) -> Fresh:
        self.run.closed[np.ix_(self.at.blocks, fresh.accounts)] |= fresh.words.T
        return fresh

    def sell(self, fresh: Fresh, flow: Floats) -> Bools:
        """Adds what these pairs sell to `flow` and `gross`, and counts them; the scenarios that
        have any."""
        run = self.run
        sold = dense_rows(run.book, run.book.sold, fresh.accounts)
        # Prices follow from the flow: float64. The notional is only told: float32 a tile.
        sides: list[tuple[Any, Floats]] = [(sold, flow)]
        if not self.one_sided:
            sides.append((np.abs(sold).astype(np.float32), self.gross))
        whole = fresh.words == self.at.bits
        counts = np.zeros_like(run.failed)
        everywhere = [amounts.T @ whole.astype(amounts.dtype) for amounts, _ in sides]
        for place, columns in enumerate(self.at.columns):
            rows = np.flatnonzero((fresh.words[:, place] != 0) & ~whole[:, place])
            flags = unpacked(fresh.words[rows, place], columns)
            counts[columns] += whole[:, place].sum() + flags.sum(axis=0)
            for (amounts, into), alike in zip(sides, everywhere, strict=True):
                mixed = amounts[rows].T @ flags.astype(amounts.dtype)
                into[:, columns] += alike[:, place, None] + mixed
        if self.one_sided:
            self.gross[:] = flow
        run.failed += counts
        return counts > 0

    def settle(self, executed: Floats) -> None:
        """See `Closer`."""
        self.run.notional += (self.gross * executed).sum(axis=0)
        for fresh in self.found:
            self.shortfalls(fresh, executed)

    def shortfalls(self, fresh: Fresh, executed: Floats) -> None:
        """Adds what these pairs lack."""
        run = self.run
        net = dense_rows(run.book, run.net_equity, fresh.accounts)
        cash = run.book.equity_cash[fresh.accounts]
        for place, columns in enumerate(self.at.columns):
            at = executed[:, columns]
            middle, reach = (at.max(axis=1) + at.min(axis=1)) / 2, np.ptp(at, axis=1) / 2
            lowest = cash + net @ middle - np.abs(net) @ reach
            # A rounding of the bound must not hide a deficit of a rounding's size.
            slack = BREACH_TOLERANCE * (np.abs(cash) + np.abs(net) @ (middle + reach))
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
            run.bad_debt[columns] += short.sum(axis=0)
            run.largest.add(fresh.accounts[rows], columns, short)

    def _asked_equity(self, executed: Floats) -> Floats:
        """Equity of the nonlinear accounts after their close-out at `executed`."""
        run = self.run
        assert run.nonlinear is not None
        _, equity = run.nonlinear.margin(executed)
        penalty = dense_rows(run.book, run.book.equity - run.net_equity, run.nonlinear.accounts)
        return equity - penalty @ executed


class FusedCloser(TileCloser):
    """Full close-out account by account, compiled, a block of scenarios a thread."""

    def __init__(self, run: Run, functions: fused.Functions | None = None) -> None:
        super().__init__(run)
        self.functions = fused.compiled() if functions is None else functions
        self.words: Words = np.zeros_like(run.closed)
        # The tiles' own sums are for nonlinear accounts only here.
        self.one_sided = False

    def close(self, moving: Bools, flow: Floats, *, first: bool) -> Bools:
        """See `Closer`."""
        run = self.run
        self.at, self.found, self.gross = prices_of(run.prices, moving), [], np.zeros_like(flow)
        before = run.failed.copy()
        self._each_block(lambda place: self._find(place, flow))
        for fresh in self.asked(first=first):
            self.found.append(fresh)
            self.sell(fresh, flow)
        return run.failed > before

    def settle(self, executed: Floats) -> None:
        """See `Closer`."""
        several = self._each_block(lambda place: self._settle(place, executed))
        for place, accounts in enumerate(several):
            if len(accounts):
                self._several(place, accounts, executed)
        super().settle(executed)

    def _each_block(self, work: Callable[[int], Any]) -> list[Any]:
        """One task a block; what they change is theirs alone, so their order does not matter."""
        with ThreadPoolExecutor(max_workers=cpu_count()) as threads:
            return list(threads.map(work, range(len(self.at.blocks))))

    def _lanes(self, place: int, prices: Floats) -> tuple[slice, Floats]:
        """The columns of a block, and its prices [factor, lane]: 1 in lanes beyond the last."""
        start = int(self.at.blocks[place]) * WORD
        columns = slice(start, min(start + WORD, prices.shape[1]))
        lanes = np.ones((len(prices), WORD))
        lanes[:, : columns.stop - start] = prices[:, columns]
        return columns, lanes

    def _find(self, place: int, flow: Floats) -> None:
        """One block: closes, counts and adds to the flow."""
        run, tiles, book, at = self.run, self.run.tiles, self.run.book, self.at
        columns, lanes = self._lanes(place, run.prices)
        sold, failed = np.zeros_like(lanes), np.zeros(WORD, dtype=np.int64)
        block = at.blocks[place]
        self.functions[0](
            book.indptr, book.column, tiles.headroom, tiles.cash, tiles.near, tiles.counts,
            book.headroom, book.headroom_cash, book.sold, lanes.astype(np.float32), lanes,
            np.ascontiguousarray(at.middle[:, place]), np.ascontiguousarray(at.radius[:, place]),
            at.highest, at.bits[place], BREACH_TOLERANCE, run.closed[block], self.words[block],
            sold, failed,
        )  # fmt: skip
        width = columns.stop - columns.start
        flow[:, columns] += sold[:, :width]
        run.failed[columns] += failed[:width]

    def _settle(self, place: int, executed: Floats) -> NDArray[np.int64]:
        """One block: notional, bad debt, shortfalls; the accounts of owners with several."""
        run, book = self.run, self.run.book
        columns, lanes = self._lanes(place, executed)
        width, ranks = columns.stop - columns.start, run.by.ranks
        notional, debt = np.zeros((2, WORD))
        amount, who = np.zeros((ranks, WORD)), np.zeros((ranks, WORD), dtype=np.int64)
        amount[:, :width], who[:, :width] = (
            run.largest.amount[:, columns], run.largest.who[:, columns]
        )  # fmt: skip
        shared = np.zeros(len(book), dtype=np.bool_)
        self.functions[1](
            book.indptr, book.column, run.net_equity, book.equity_cash, book.sold, lanes,
            self.words[self.at.blocks[place]], book.owner, run.largest.several, notional, debt,
            amount, who, shared,
        )  # fmt: skip
        run.notional[columns] += notional[:width]
        run.bad_debt[columns] += debt[:width]
        run.largest.amount[:, columns] = amount[:, :width]
        run.largest.who[:, columns] = who[:, :width]
        return np.flatnonzero(shared)

    def _several(self, place: int, accounts: NDArray[np.int64], executed: Floats) -> None:
        """The shortfalls of accounts whose owners have others too."""
        run, columns = self.run, self.at.columns[place]
        net = dense_rows(run.book, run.net_equity, accounts)
        equity = run.book.equity_cash[accounts, None] + net @ executed[:, columns]
        flags = unpacked(self.words[self.at.blocks[place], accounts], columns)
        run.largest.add(accounts, columns, np.where(flags, np.maximum(-equity, 0.0), 0.0))


class FractionCloser(TileCloser):
    """Close-out by fractions: see `partial`."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.state = partial(run.book, run.by.penalty, run.by.fraction)

    def unfinished(self) -> bool:
        """See `Closer`: what was closed in part may be below still."""
        return self.state.open()

    def close(self, moving: Bools, flow: Floats, *, first: bool) -> Bools:
        """See `Closer`."""
        self.at, self.gross = prices_of(self.run.prices, moving), np.zeros_like(flow)
        for fresh in self.fresh(first=first):
            for place, columns in enumerate(self.at.columns):
                row, column = np.nonzero(unpacked(fresh.words[:, place], columns))
                self.state.begin(fresh.accounts[row], columns[column])
                np.add.at(self.run.failed, columns[column], 1)
        closing = np.zeros(len(moving), dtype=np.bool_)
        closing[self.state.visit(self.run.prices, flow, self.gross)] = True
        return closing

    def settle(self, executed: Floats) -> None:
        """See `Closer`."""
        run = self.run
        run.notional += (self.gross * executed).sum(axis=0)
        accounts, columns, short = self.state.settle(executed)
        run.bad_debt += np.bincount(columns, short, minlength=len(run.scenarios))
        for column in np.unique(columns):
            here = columns == column
            run.largest.add(accounts[here], np.array([column]), short[here][:, None])
