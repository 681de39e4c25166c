"""The rows that say what a scan is: the run that made it, what came out, and its book.

One dataclass a table, like those of `rows`, protocol-free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.selection import Selection
from analyzer.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run says of itself. endpoint: masked, never with a key. Times have a zone."""

    run_id: str
    source: str
    endpoint: str
    verify_mode: str
    exit_code: int
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One deployment at one block, in numbers.

    block: without its parent's hash, which is not kept. unknown to healthy: accounts by verdict.
    hidden_bad_debt_e18: -Σ min(equity, 0) over known accounts, 18 decimals; None = unknown;
    `_settled_`: by the contract's own haircut values. checks: comparisons made; mismatches: in
    which the contract differs; not_compared: whose judge gave no answer. logs to headers_linked:
    as in `Completeness`. answer, caveats: what was said, and why it is not proven. detectors_off,
    thresholds: as in `Selection`.
    """

    scan_id: str
    deployment: Deployment
    block: BlockRef
    methodology: str
    accounts: int
    unknown: int
    insolvent: int
    liquidatable: int
    below_initial: int
    healthy: int
    hidden_bad_debt_e18: int | None
    hidden_bad_debt_settled_e18: int | None
    verify_mode: str
    verified_accounts: int
    checks: int
    mismatches: int
    not_compared: int
    logs: int
    blocks_with_logs: int
    headers: int
    headers_linked: int
    log_doubts: tuple[str, ...]
    answer: str
    caveats: tuple[str, ...]
    detectors_off: tuple[str, ...] = ()
    thresholds: Mapping[str, int] = field(default_factory=dict)

    @property
    def selection(self) -> Selection:
        """What its findings were looked for with."""
        return Selection(frozenset(self.detectors_off), self.thresholds)

    @property
    def verdicts(self) -> Mapping[str, int]:
        """Verdict -> accounts, the worst first."""
        return {verdict.value: getattr(self, verdict.value) for verdict in Verdict}


@dataclass(frozen=True, slots=True)
class BookRow:
    """A scan's book, packed by its protocol. sha256: of the bytes before compression, hex.

    Both are None where there is no book: then `problem` says why, and is empty otherwise.
    """

    methodology: str
    sha256: str | None
    problem: str
    book: bytes | None
