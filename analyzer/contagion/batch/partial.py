"""Close-out by fractions: the pairs (account, scenario) that are partly closed, and only those.

    visit   where X < 0: f of what is open is sold; all of it once equity is not above 0, or when
            what would stay open is at most `DUST` of what was held at first
    open    g = product of (1 - f): entries that sell count g times, the others stay as they are
    cash    what was sold, at the executed prices, less the penalty

A visit a round and pair, at the round's prices. A pair ends after ln(DUST) / ln(1 - f) visits at
most, so a cascade with fractions ends too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.linear import LinearBook
from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.networks.firesale import BREACH_TOLERANCE

DUST = 0.01
"""Share of what was held at first that is not worth a visit: it is sold with the last one."""


@dataclass(slots=True)
class Partial:
    """Pairs in the order in which they fell below; one entry of each array a pair."""

    book: LinearBook
    net_equity: Floats
    fraction: float
    sells: NDArray[np.bool_]
    """[entry]: whether a close-out sells of it."""
    account: NDArray[np.int64]
    column: NDArray[np.int64]
    left: Floats
    """g, the share that is still open; 0 = closed."""
    gained: Floats
    """What its sales have brought."""
    closing: Floats
    """Share of what was held at first that this round sells."""

    def open(self) -> bool:
        """Whether a pair sold something in the last round and has more to sell."""
        return bool(((self.closing > 0) & (self.left > 0)).any())

    def begin(self, accounts: NDArray[np.int64], columns: NDArray[np.int64]) -> None:
        """Pairs that have just fallen below for the first time."""
        count = len(accounts)
        self.account = np.concatenate([self.account, accounts])
        self.column = np.concatenate([self.column, columns])
        self.left = np.concatenate([self.left, np.ones(count)])
        self.gained = np.concatenate([self.gained, np.zeros(count)])
        self.closing = np.concatenate([self.closing, np.zeros(count)])

    def visit(self, prices: Floats, flow: Floats, gross: Floats) -> NDArray[np.int64]:
        """Decides what each open pair sells at `prices` [factor, scenario]; adds it to `flow` and
        (without sign) to `gross`, in value at the block's prices. The scenario of each visit."""
        self.closing[:] = 0.0
        live = np.flatnonzero(self.left > 0)
        pair, entry = self.book.entries(self.account[live])
        at = prices[self.book.column[entry], self.column[live[pair]]]
        share = np.where(self.sells[entry], self.left[live[pair]], 1.0) * at
        headroom, gross_value = self._valued(live, pair, self.book.headroom[entry] * share, True)
        below = headroom < -BREACH_TOLERANCE * gross_value
        equity, _ = self._valued(live, pair, self.book.equity[entry] * share, False)
        left = self.left[live]
        whole = (equity <= 0) | (left * (1 - self.fraction) <= DUST)
        closing = np.where(below, np.where(whole, left, left * self.fraction), 0.0)
        self.closing[live] = closing
        sold = self.book.sold[entry] * closing[pair]
        place = self.book.column[entry].astype(np.int64) * flow.shape[1] + self.column[live[pair]]
        flow += np.bincount(place, sold, minlength=flow.size).reshape(flow.shape)
        gross += np.bincount(place, np.abs(sold), minlength=flow.size).reshape(flow.shape)
        return self.column[live[closing > 0]]

    def settle(self, executed: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """Pays for what was sold; (account, column, shortfall) of the pairs that are now closed
        and lack something."""
        moved = np.flatnonzero(self.closing > 0)
        pair, entry = self.book.entries(self.account[moved])
        at = executed[self.book.column[entry], self.column[moved[pair]]]
        sold = np.where(self.sells[entry], self.net_equity[entry] * at, 0.0)
        proceeds = np.bincount(pair, sold, minlength=len(moved))
        self.gained[moved] += self.closing[moved] * proceeds
        self.left[moved] -= self.closing[moved]
        ended = np.flatnonzero((self.left[moved] <= 0) & (self.closing[moved] > 0))
        kept = np.where(self.sells[entry], 0.0, self.net_equity[entry] * at)
        rest = np.bincount(pair, kept, minlength=len(moved))[ended]
        closed = moved[ended]
        self.left[closed] = 0.0
        equity = self.book.equity_cash[self.account[closed]] + self.gained[closed] + rest
        lacking = equity < 0
        return self.account[closed][lacking], self.column[closed][lacking], -equity[lacking]

    def _valued(
        self, pairs: NDArray[np.int64], place: NDArray[np.int64], value: Floats, margin: bool
    ) -> tuple[Floats, Floats]:
        """(sum, sum of absolutes) of cash, what was gained and the entries."""
        cash = self.book.headroom_cash if margin else self.book.equity_cash
        own = cash[self.account[pairs]] + self.gained[pairs]
        total = own + np.bincount(place, value, minlength=len(pairs))
        return total, np.abs(own) + np.bincount(place, np.abs(value), minlength=len(pairs))


def partial(book: LinearBook, penalty: Floats, fraction: float) -> Partial:
    """No pair yet. Shape: penalty [factor]."""
    nobody = np.zeros(0, dtype=np.int64)
    return Partial(
        book=book,
        net_equity=book.equity - penalty[book.column] * np.abs(book.sold),
        fraction=fraction,
        sells=book.sold != 0,
        account=nobody,
        column=nobody.copy(),
        left=np.zeros(0),
        gained=np.zeros(0),
        closing=np.zeros(0),
    )
