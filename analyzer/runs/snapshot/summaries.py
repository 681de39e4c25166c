"""The scans and findings that a snapshot holds, as they were when it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.findings.incomplete_set import IncompleteSet
from analyzer.model.block import BlockRef
from analyzer.model.finding import Finding
from analyzer.model.scan_rows import ScanRow
from analyzer.model.selection import EVERYTHING, Selection
from analyzer.store.reader import Snapshot


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """One scan of a snapshot.

    unknown: accounts whose verdict is unknown, and their owners. unread: control totals and
    contracts' code that were not read. scenarios: names of those that were run. compared: accounts
    of which the contract's views were asked. verdicts: name -> accounts. answer, caveats: what was
    said, and why it is not proven. selection: what its findings were looked for with. Amounts in
    18 decimals.
    """

    scan_id: str
    protocol: str
    deployment: str
    chain_id: int
    block: BlockRef
    methodology: str
    contracts: Mapping[str, str]
    accounts: int
    verdicts: Mapping[str, int]
    hidden_bad_debt_e18: int | None
    checks: int
    analyzer_version: str
    unknown: frozenset[str]
    unread: frozenset[str]
    scenarios: frozenset[str]
    compared: frozenset[str]
    answer: str
    caveats: tuple[str, ...]
    selection: Selection = EVERYTHING

    @property
    def place(self) -> tuple[int, str]:
        """(chain id, deployment): what a fingerprint is made of, beside detector and account."""
        return self.chain_id, self.deployment


@dataclass(frozen=True, slots=True)
class Summaries:
    """What a snapshot holds. name: of its file."""

    name: str
    scans: Sequence[ScanSummary]
    findings: Sequence[Finding]

    @property
    def not_whole(self) -> frozenset[tuple[int, str]]:
        """Places of the scans whose set of accounts nothing proves: what they did not find may
        be there all the same."""
        doubted = {f.scan_id for f in self.findings if f.detector == IncompleteSet.id}
        return frozenset(scan.place for scan in self.scans if scan.scan_id in doubted)


_VERSION = "SELECT any_value(analyzer_version) FROM runs WHERE scan_id = ?"
_UNKNOWN = (
    "SELECT account_id FROM margin WHERE scan_id = $1 AND verdict = 'unknown' UNION"
    " SELECT owner FROM margin WHERE scan_id = $1 AND verdict = 'unknown' AND owner <> ''"
)
_COMPARED = "SELECT account_id FROM margin WHERE scan_id = ? AND verified IS NOT NULL"
_SCENARIOS = "SELECT DISTINCT scenario FROM contagion_runs WHERE scan_id = ?"
_UNREAD = (
    "SELECT name FROM totals WHERE scan_id = $1 AND holds IS NULL UNION ALL"
    " SELECT role FROM implementations WHERE scan_id = $1 AND status = 'not recorded'"
)


def scan_summary(snapshot: Snapshot, scan: ScanRow) -> ScanSummary:
    """A scan with the accounts and reads that need a second look."""

    def listed(sql: str) -> list[str]:
        rows = snapshot.query(sql, [scan.scan_id])[1]
        return [str(value) for (value,) in rows if value is not None]

    return ScanSummary(
        scan_id=scan.scan_id,
        protocol=scan.deployment.protocol,
        deployment=scan.deployment.name,
        chain_id=scan.deployment.chain_id,
        block=scan.block,
        methodology=scan.methodology,
        contracts=scan.deployment.contracts,
        accounts=scan.accounts,
        verdicts=scan.verdicts,
        hidden_bad_debt_e18=scan.hidden_bad_debt_e18,
        checks=scan.checks,
        analyzer_version="".join(listed(_VERSION)),
        unknown=frozenset(listed(_UNKNOWN)),
        unread=frozenset(listed(_UNREAD)),
        scenarios=frozenset(listed(_SCENARIOS)),
        compared=frozenset(listed(_COMPARED)),
        answer=scan.answer,
        caveats=scan.caveats,
        selection=scan.selection,
    )
