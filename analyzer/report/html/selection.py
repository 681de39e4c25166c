"""Which accounts a report lists by name; all of them are in the table beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyzer.documents.report import ReportedScan
from analyzer.model.rows import JudgedRow
from analyzer.model.verdict import Verdict
from analyzer.solvency.verdicts import headroom_e18

UNSAFE_ROWS = 500
"""At most so many unsafe accounts are listed."""
ROWS = 1_000
"""At most so many accounts are listed in all."""
STATEMENTS = 100
"""Of so many accounts the statement is shown."""
_EXACT_BITS = 512
"""Two different ratios of 256-bit integers differ by 2**-512 at least: scaled with it and floored,
they stay different and in order."""
UNSAFE = (Verdict.INSOLVENT, Verdict.LIQUIDATABLE, Verdict.UNKNOWN)
"""Verdicts that are not safe, in the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One listed account. scan: number of its scan in the report, from 0."""

    scan: int
    row: JudgedRow

    @property
    def account_id(self) -> str:
        """The account, as its deployment names it."""
        return self.row.margin.account_id


@dataclass(frozen=True, slots=True)
class Listing:
    """The listed accounts, the worst first, and how many there are of what."""

    accounts: tuple[Listed, ...]
    unsafe: int
    unsafe_listed: int
    total: int

    @property
    def left_out(self) -> int:
        """How many accounts are not listed."""
        return self.total - len(self.accounts)

    @property
    def with_statement(self) -> tuple[Listed, ...]:
        """The worst accounts, whose statements are shown."""
        return self.accounts[:STATEMENTS]


def listing(scans: Sequence[ReportedScan]) -> Listing:
    """Unsafe accounts, the worst first, up to `UNSAFE_ROWS`; then those nearest to liquidation, by
    margin equity / maintenance, up to `ROWS` in all; last those that nothing is required of."""
    found = [Listed(n, row) for n, scan in enumerate(scans) for row in scan.margin]
    unsafe = sorted((a for a in found if a.row.verdict in UNSAFE), key=_badness)
    safe = sorted((a for a in found if a.row.verdict not in UNSAFE), key=_nearness)
    first = unsafe[:UNSAFE_ROWS]
    shown = (*first, *safe[: ROWS - len(first)])
    return Listing(shown, len(unsafe), len(first), len(found))


def all_accounts(scans: Sequence[ReportedScan]) -> Iterator[Listed]:
    """Every account in the order of the listing, scan by scan."""
    for number, scan in enumerate(scans):
        found = [Listed(number, row) for row in scan.margin]
        yield from sorted((a for a in found if a.row.verdict in UNSAFE), key=_badness)
        yield from sorted((a for a in found if a.row.verdict not in UNSAFE), key=_nearness)


def _badness(account: Listed) -> tuple[int, int, int, str]:
    """By verdict; the insolvent by what they lack, the others by how far below maintenance."""
    row = account.row
    worst = row.margin.equity_e18 if row.verdict is Verdict.INSOLVENT else headroom_e18(row.margin)
    return UNSAFE.index(row.verdict), worst or 0, account.scan, account.account_id


def _nearness(account: Listed) -> tuple[bool, int, int, str]:
    """By margin equity / maintenance; accounts without a requirement last."""
    equity = account.row.margin.margin_equity_e18 or 0
    required = account.row.margin.maintenance_margin_e18 or 0
    ratio = (equity << _EXACT_BITS) // required if required else 0
    return not required, ratio, account.scan, account.account_id
