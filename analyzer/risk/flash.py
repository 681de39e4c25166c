"""A flash crash in minutes: a jump, depth that withdraws and comes back, liquidators of a capacity.

    every minute
      V <- V exp(-resilience)                    what was sold is absorbed (Obizhaeva and Wang)
      m  = jump x ratio(V / depth)               the market; depth(t) = 1 - (1 - left) exp(-t / tau)
      o  = m of `delay` minutes ago              what the protocol hears
      queue: everybody open with headroom(o) < 0, who has waited longest first
      closed while the minute's capacity lasts; unused capacity is kept while somebody waits
      V += what they sell; executed at the mean along the curve, from m

Closed accounts are closed in full, without penalty, and lack max(-equity, 0) at the executed
prices, as in the batch cascade: with endless capacity, no delay, full depth and no resilience this
is that cascade, a round a minute. Resilience and depth bring a price back to the jump's, never
above. float64 over the linear twin: a stress, no verdict.

Sources: Obizhaeva and Wang 2013 for the decay of impact; `contagion.batch` for the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.batch import Impacts
from analyzer.contagion.linear import Asked, LinearBook
from analyzer.contagion.networks.firesale import BREACH_TOLERANCE
from analyzer.market.history import Floats


@dataclass(frozen=True, slots=True)
class Terms:
    """How the minutes go. depth_left: share of depth right after the jump; recovery: tau, minutes
    (0 = it is back at once); resilience: of impact, a minute; capacity: USD closed a minute, None =
    no limit; delay: minutes until the protocol hears a price."""

    minutes: int
    depth_left: float = 1.0
    recovery: float = 0.0
    resilience: float = 0.0
    capacity: float | None = None
    delay: int = 0

    def depth(self, minute: int) -> float:
        """The share of depth at a minute."""
        if self.recovery == 0:
            return self.depth_left if minute == 0 else 1.0
        return 1 - (1 - self.depth_left) * math.exp(-minute / self.recovery)


@dataclass(frozen=True, slots=True)
class Minutes:
    """What happened. Shape [minute] where nothing else is said.

    market: [minute, factor], multiples of the block's prices when the minute begins; closed:
    accounts; notional: at the executed prices, without sign; bad_debt: of that minute; waiting:
    accounts in the queue at its end. lasting: what open accounts in the queue lack at the last
    market prices. unknown: accounts of which nothing is known.
    """

    market: Floats
    closed: NDArray[np.int64]
    notional: Floats
    bad_debt: Floats
    waiting: NDArray[np.int64]
    lasting: float
    unknown: int

    @property
    def lowest(self) -> Floats:
        """[factor]: the lowest multiple of any minute."""
        found: Floats = self.market.min(axis=0)
        return found


def flash(
    book: LinearBook,
    jump: ArrayLike,
    impacts: Impacts,
    terms: Terms,
    nonlinear: Asked | None = None,
) -> Minutes:
    """Plays the minutes. Shape: jump [factor], multiples of the block's prices.

    Raises: ValueError for terms that are none, a jump of another shape or below zero, or nonlinear
    accounts that nobody answers for.
    """
    start = np.asarray(jump, dtype=np.float64)
    _check(book, start, terms, nonlinear)
    one = np.zeros(1, dtype=np.int64)
    volume = np.zeros((len(book.factors), 1))
    open_: NDArray[np.bool_] = ~book.unknown
    since = np.full(len(book), -1, dtype=np.int64)
    market = np.ones((terms.minutes, len(book.factors)))
    closed, waiting = (np.zeros(terms.minutes, dtype=np.int64) for _ in range(2))
    notional, debt = np.zeros(terms.minutes), np.zeros(terms.minutes)
    budget = 0.0
    for minute in range(terms.minutes):
        depth = terms.depth(minute)
        volume *= math.exp(-terms.resilience)
        market[minute] = start * impacts.ratio(volume / depth, one)[:, 0]
        heard = market[minute - terms.delay] if minute >= terms.delay else np.ones(len(start))
        headroom = _margin(book, nonlinear, heard)[0]
        breach = open_ & (headroom < -BREACH_TOLERANCE * book.gross(heard))
        since = np.where(breach, np.where(since < 0, minute, since), -1)
        queue = np.lexsort((headroom, since))
        queue = queue[breach[queue]]
        sizes = _sizes(book, heard)[queue]
        if terms.capacity is None:
            taken = queue
        else:
            budget = budget + terms.capacity if len(queue) else 0.0
            taken = queue[np.cumsum(sizes) <= budget]
            budget -= float(sizes[: len(taken)].sum())
        sold = _sold(book, taken)
        after = volume + sold[:, None]
        executed = start * impacts.average(volume / depth, after / depth, one)[:, 0]
        equity = _margin(book, nonlinear, executed)[1][taken]
        closed[minute], waiting[minute] = len(taken), len(queue) - len(taken)
        notional[minute] = float((_sizes(book, executed)[taken]).sum())
        debt[minute] = float(np.maximum(-equity, 0).sum())
        open_[taken] = False
        volume = after
    last = start * impacts.ratio(volume / terms.depth(terms.minutes), one)[:, 0]
    headroom, equity = _margin(book, nonlinear, last)
    left = open_ & (headroom < -BREACH_TOLERANCE * book.gross(last))
    return Minutes(
        market=market,
        closed=closed,
        notional=notional,
        bad_debt=debt,
        waiting=waiting,
        lasting=float(np.maximum(-equity[left], 0).sum()),
        unknown=int(book.unknown.sum()),
    )


def _margin(book: LinearBook, nonlinear: Asked | None, at: Floats) -> tuple[Floats, Floats]:
    """(headroom, equity) [account] at multipliers."""
    column = at[:, None]
    headroom, equity = book.headroom_at(column)[:, 0], book.equity_at(column)[:, 0]
    if nonlinear is not None and len(nonlinear.accounts):
        x, e = nonlinear.margin(column)
        headroom[nonlinear.accounts], equity[nonlinear.accounts] = x[:, 0], e[:, 0]
    return np.nan_to_num(headroom, nan=np.inf), np.nan_to_num(equity, nan=0.0)


def _sizes(book: LinearBook, at: Floats) -> Floats:
    """[account]: what a close-out trades, without sign."""
    moved = np.abs(book.sold) * at[book.column]
    out: Floats = np.bincount(book.row, moved, minlength=len(book)).astype(np.float64)
    return out


def _sold(book: LinearBook, accounts: NDArray[np.int64]) -> Floats:
    """[factor]: what these accounts sell, at the block's prices."""
    entries = book.entries(accounts)[1]
    out: Floats = np.bincount(
        book.column[entries], book.sold[entries], minlength=len(book.factors)
    ).astype(np.float64)
    return out


def _check(book: LinearBook, jump: Floats, terms: Terms, nonlinear: Asked | None) -> None:
    """Raises: ValueError."""
    if jump.shape != (len(book.factors),) or not (np.isfinite(jump) & (jump >= 0)).all():
        raise ValueError("a jump needs one multiple from 0 a factor")
    if terms.minutes < 1 or terms.delay < 0:
        raise ValueError("minutes have to be from 1, a delay from 0")
    if not 0 < terms.depth_left <= 1:
        raise ValueError(f"the depth that is left is a share above 0, not {terms.depth_left!r}")
    if terms.recovery < 0 or terms.resilience < 0 or (terms.capacity or 0) < 0:
        raise ValueError("recovery, resilience and capacity have to be from 0")
    if book.nonlinear.any() and nonlinear is None:
        raise ValueError("some accounts are nonlinear: give `nonlinear`")
