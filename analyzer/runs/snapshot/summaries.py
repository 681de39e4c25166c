"""The scans and findings that a snapshot holds, as they were when it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from analyzer.findings import in_order
from analyzer.findings.incomplete_set import IncompleteSet
from analyzer.model.block import BlockRef
from analyzer.model.finding import Finding, Severity
from analyzer.store.reader import Snapshot, of_rows, open_snapshot


@dataclass(frozen=True, slots=True)
class StoredScan:
    """One scan of a snapshot.

    unknown: accounts whose verdict is unknown, and their owners. unread: control totals and
    contracts' code that were not read. scenarios: names of those that were run. compared: accounts
    of which the contract's views were asked. verdicts: name -> accounts. answer, caveats: what was
    said, and why it is not proven. Amounts in 18 decimals.
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

    @property
    def place(self) -> tuple[int, str]:
        """(chain id, deployment): what a fingerprint is made of, beside detector and account."""
        return self.chain_id, self.deployment


@dataclass(frozen=True, slots=True)
class Stored:
    """What a snapshot holds. name: of its file."""

    name: str
    scans: Sequence[StoredScan]
    findings: Sequence[Finding]

    @property
    def not_whole(self) -> frozenset[tuple[int, str]]:
        """Places of the scans whose set of accounts nothing proves: what they did not find may
        be there all the same."""
        doubted = {f.scan_id for f in self.findings if f.detector == IncompleteSet.id}
        return frozenset(scan.place for scan in self.scans if scan.scan_id in doubted)


_SCANS = (
    "SELECT scan_id, protocol, deployment, chain_id, block_number, block_hash, block_time,"
    " methodology, contracts, accounts, unknown, insolvent, liquidatable, below_initial, healthy,"
    " checks, answer, caveats,"
    " (SELECT any_value(r.analyzer_version) FROM runs r WHERE r.scan_id = s.scan_id)"
    " FROM scans s ORDER BY chain_id, deployment"
)
_VERDICTS = ("unknown", "insolvent", "liquidatable", "below_initial", "healthy")
_SCENARIOS = "SELECT DISTINCT scenario FROM contagion_runs WHERE scan_id = ?"
_UNREAD = (
    "SELECT name FROM totals WHERE scan_id = ? AND holds IS NULL UNION ALL"
    " SELECT role FROM implementations WHERE scan_id = ? AND status = 'not recorded'"
)
_FINDINGS = (
    "SELECT fingerprint, detector, severity_rank, scan_id, account_id, market, title, amounts,"
    " evidence FROM findings"
)


def read_stored(path: Path) -> Stored:
    """The scans and findings of the snapshot at `path`; scans by chain and deployment, findings
    in the order of `run_detectors`.

    Raises: InputError when it is no snapshot of ours, or holds rows that are not.
    """
    with open_snapshot(path) as snapshot, of_rows(path):
        scans = [_scan(snapshot, row) for row in snapshot.query(_SCANS)[1]]
        findings = [_finding(row) for row in snapshot.query(_FINDINGS)[1]]
    listed = [
        finding
        for scan in scans
        for finding in in_order(f for f in findings if f.scan_id == scan.scan_id)
    ]
    return Stored(path.name, scans, listed)


def _scan(snapshot: Snapshot, row: tuple[object, ...]) -> StoredScan:
    """One row of `_SCANS`, with the accounts that need a second look."""
    (scan_id, protocol, deployment, chain_id, number, block_hash, time, methodology, contracts,
     accounts, *verdicts, checks, answer, caveats, version) = row  # fmt: skip
    key = [str(scan_id)]
    unknown = snapshot.query(
        "SELECT account_id, owner FROM margin WHERE scan_id = ? AND verdict = 'unknown'", key
    )[1]
    unread = snapshot.query(_UNREAD, [*key, *key])[1]
    scenarios = snapshot.query(_SCENARIOS, key)[1]
    compared = snapshot.query(
        "SELECT account_id FROM margin WHERE scan_id = ? AND verified IS NOT NULL", key
    )[1]
    return StoredScan(
        scan_id=str(scan_id),
        protocol=str(protocol),
        deployment=str(deployment),
        chain_id=int(str(chain_id)),
        block=BlockRef(int(str(number)), str(block_hash), "", int(str(time))),
        methodology=str(methodology),
        contracts=orjson.loads(str(contracts)),
        accounts=int(str(accounts)),
        verdicts=dict(zip(_VERDICTS, (int(str(count)) for count in verdicts), strict=True)),
        hidden_bad_debt_e18=snapshot.amount("scans", "hidden_bad_debt_e18", "scan_id = ?", key),
        checks=int(str(checks)),
        analyzer_version=str(version or ""),
        unknown=frozenset(str(name) for pair in unknown for name in pair if name),
        unread=frozenset(str(name) for (name,) in unread),
        scenarios=frozenset(str(name) for (name,) in scenarios),
        compared=frozenset(str(account) for (account,) in compared),
        answer=str(answer),
        caveats=tuple(orjson.loads(str(caveats))),
    )


def _finding(row: tuple[object, ...]) -> Finding:
    """One row of `_FINDINGS`."""
    fingerprint, detector, severity, scan_id, account_id, market, title, amounts, evidence = row
    return Finding(
        fingerprint=str(fingerprint),
        detector=str(detector),
        severity=Severity(int(str(severity))),
        scan_id=str(scan_id),
        account_id=None if account_id is None else str(account_id),
        market=None if market is None else str(market),
        title=str(title),
        amounts={name: int(value) for name, value in orjson.loads(str(amounts)).items()},
        evidence=orjson.loads(str(evidence)),
    )
