"""Work cut into shards: pure functions to summaries, and summaries that merge in any order.

    shard                          summary
    deployment x block             one cell of a backfill
    accounts of a book, by hash    part of a cell: parts of the same cell are added up

`merge` is associative and commutative with `NOTHING` as its identity, so shards may run anywhere
and come back in any order. It adds: every shard must be counted once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from analyzer.model.book import Book, Prices
from analyzer.model.errors import ExitCode
from analyzer.model.rows import JudgedRow
from analyzer.model.verdict import Verdict
from analyzer.protocols.base import Plug
from analyzer.solvency.verdicts import headroom_e18, judge_accounts

Cell: TypeAlias = tuple[int, str, str, int]
"""(chain id, protocol, deployment, block number): what a tally is of."""

_HASH_BYTES = 8


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over some accounts of one deployment at one block; money in 18 decimals.

    bad_debt_e18 = -Σ min(equity, 0) over known accounts that are no backstop's own. equity_e18 and
    least_headroom_e18 are over known accounts too; the latter is None when there is none.
    """

    accounts: int = 0
    unknown: int = 0
    insolvent: int = 0
    liquidatable: int = 0
    below_initial: int = 0
    healthy: int = 0
    equity_e18: int = 0
    bad_debt_e18: int = 0
    least_headroom_e18: int | None = None

    def plus(self, other: Tally) -> Tally:
        """Both together: sums, and the smaller of the two least headrooms."""
        known = [
            value
            for value in (self.least_headroom_e18, other.least_headroom_e18)
            if value is not None
        ]
        return Tally(
            self.accounts + other.accounts,
            self.unknown + other.unknown,
            self.insolvent + other.insolvent,
            self.liquidatable + other.liquidatable,
            self.below_initial + other.below_initial,
            self.healthy + other.healthy,
            self.equity_e18 + other.equity_e18,
            self.bad_debt_e18 + other.bad_debt_e18,
            min(known, default=None),
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """What shards found. failed: (cell, what went wrong); codes: (cell, what it says to the shell);
    doubtful: cells whose numbers do not agree, for which other logs may be the reason."""

    tallies: Mapping[Cell, Tally] = field(default_factory=dict)
    failed: frozenset[tuple[Cell, str]] = frozenset()
    codes: frozenset[tuple[Cell, ExitCode]] = frozenset()
    doubtful: frozenset[Cell] = frozenset()

    def without(self, cells: Collection[Cell]) -> Summary:
        """The summary as if the shards of these cells had not been run."""
        return Summary(
            {cell: found for cell, found in self.tallies.items() if cell not in cells},
            frozenset(one for one in self.failed if one[0] not in cells),
            frozenset(one for one in self.codes if one[0] not in cells),
            self.doubtful.difference(cells),
        )


NOTHING = Summary()
"""The summary of no shard: the identity of `merge`."""


def merge(a: Summary, b: Summary) -> Summary:
    """Both summaries as one; tallies of the same cell are added up."""
    tallies = dict(a.tallies)
    for cell, tally in b.tallies.items():
        tallies[cell] = tallies.get(cell, Tally()).plus(tally)
    return Summary(tallies, a.failed | b.failed, a.codes | b.codes, a.doubtful | b.doubtful)


def tally(rows: Sequence[JudgedRow], funds: Collection[str] = ()) -> Tally:
    """The tally of judged accounts. funds: accounts of backstops, whose debt is no bad debt."""
    count = dict.fromkeys(Verdict, 0)
    equity = debt = 0
    least: int | None = None
    for row in rows:
        count[row.verdict] += 1
        own = row.margin.equity_e18
        if own is not None:
            equity += own
            debt -= 0 if row.margin.account_id in funds else min(own, 0)
        headroom = headroom_e18(row.margin)
        if headroom is not None:
            least = headroom if least is None else min(least, headroom)
    return Tally(
        len(rows),
        count[Verdict.UNKNOWN],
        count[Verdict.INSOLVENT],
        count[Verdict.LIQUIDATABLE],
        count[Verdict.BELOW_INITIAL],
        count[Verdict.HEALTHY],
        equity,
        debt,
        least,
    )


def account_shard(account_id: str, shards: int) -> int:
    """The number (from 0) of the shard that an account belongs to: the same on every machine and
    at every block. Raises: ValueError for less than one shard."""
    if shards < 1:
        raise ValueError(f"{shards} shards: at least one is needed")
    digest = hashlib.sha256(account_id.lower().encode()).digest()
    return int.from_bytes(digest[:_HASH_BYTES], "big") % shards


def split_book(book: Book, shards: int) -> list[Book]:
    """The book in `shards` parts by the hash of the account; some may be empty.

    Each part keeps the protocol's whole state (markets, indexes, prices belong to every account),
    and only the accounts and legs of its own: margin of a part is margin of these accounts.
    """
    parts: list[list[int]] = [[] for _ in range(shards)]
    for number, account in enumerate(book.account_ids):
        parts[account_shard(account, shards)].append(number)
    return [book.part(part) for part in parts]


def margin_shard(
    cell: Cell, plug: Plug, book: Book, prices: Prices, *, funds: Collection[str] = ()
) -> Summary:
    """The exact margin of a book, or of a part of one, as a summary of its cell."""
    judged = judge_accounts(plug.margin(plug.value(book, prices)))
    return Summary({cell: tally(judged, funds)} if judged else {})
