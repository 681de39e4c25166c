"""The scans of a snapshot as results again, so that what is shown later is what the scan showed.

snapshot ──▶ ScanResult ──▶ summary, document, report

What an account holds (positions, collateral, orders, statements) stays in the snapshot: it is read
where it is needed, and a restored result has none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from analyzer.documents.scan import JudgedRun
from analyzer.model.block import BlockRef
from analyzer.model.book import Asset, LegKind, Price, Prices, make_book
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.model.finding import Finding, Severity
from analyzer.model.rows import (
    AccountRow,
    BackstopKind,
    BackstopRow,
    CheckRow,
    ImplementationRow,
    JudgedRow,
    MarginRow,
    Proves,
    ReadRow,
    TotalRow,
)
from analyzer.model.verdict import Verdict
from analyzer.protocols.base import Caution, Details, SilentChange
from analyzer.solvency.result import Completeness, ScanResult
from analyzer.store.reader import Snapshot, of_rows
from analyzer.store.snapshot import SCHEMA

Row = dict[str, Any]


def restored_scans(snapshot: Snapshot) -> list[ScanResult]:
    """Every scan of a snapshot, in the order in which they were written, with its findings.

    `runs.telling.scans.judged` of them is what the scan said. Their books name the
    priced assets and hold no legs. Raises: InputError when the snapshot holds no scan.
    """
    _, rows = snapshot.query("SELECT scan_id FROM scans ORDER BY rowid")
    if not rows:
        raise InputError(f"{snapshot.path} holds no scan: `analyzer scan --db FILE` makes one")
    return [_checked(snapshot, str(scan_id)) for (scan_id,) in rows]


def _checked(snapshot: Snapshot, scan_id: str) -> ScanResult:
    """One scan. Raises: InputError for rows that analyzer does not write: a file of somebody else
    may hold anything."""
    with of_rows(snapshot.path):
        return _restored(snapshot, scan_id)


def run_facts(snapshot: Snapshot) -> JudgedRun:
    """What the run says of itself that does not change from machine to machine or with the clock.

    source: `rpc` or `recording`. The endpoint is left out: it proves nothing to a reader.
    """
    _, rows = snapshot.query(
        "SELECT analyzer_version, exit_code, run_id, source, verify_mode"
        " FROM runs ORDER BY rowid LIMIT 1"
    )
    return JudgedRun(*rows[0]) if rows else JudgedRun("unknown", 0, "unknown", "unknown", "none")


def _restored(snapshot: Snapshot, scan_id: str) -> ScanResult:
    """One scan."""
    scan = _rows(snapshot, "scans", scan_id)[0]
    prices = [_price(row) for row in _rows(snapshot, "prices", scan_id)]
    assets = [Asset(p.asset_id, p.symbol, LegKind.COLLATERAL, 18, p.factor) for p in prices]
    return ScanResult(
        scan_id=scan_id,
        deployment=_deployment(scan),
        # The parent's hash is not kept: the snapshot is about one block.
        block=BlockRef(scan["block_number"], scan["block_hash"], "", scan["block_time"]),
        methodology=scan["methodology"],
        book=make_book((), assets, (), None),
        prices=Prices({price.asset_id: price for price in prices}),
        margin=[_judged(row) for row in _rows(snapshot, "margin", scan_id)],
        details=_details(snapshot, scan_id, prices),
        backstops=[_backstop(row) for row in _rows(snapshot, "backstops", scan_id)],
        cautions=[_caution(row) for row in _rows(snapshot, "cautions", scan_id)],
        completeness=Completeness(
            scan["from_block"],
            scan["block_number"],
            scan["logs"],
            scan["blocks_with_logs"],
            scan["headers"],
            scan["headers_linked"],
            tuple(orjson.loads(scan["log_doubts"])),
        ),
        verify_mode=scan["verify_mode"],
        verified_accounts=scan["verified_accounts"],
        checks=[CheckRow(**_without(row, "check_no")) for row in _checks(snapshot, scan_id)],
        reads=[ReadRow(**row) for row in _rows(snapshot, "reads", scan_id)],
        findings=[_finding(scan_id, row) for row in _rows(snapshot, "findings", scan_id)],
    )


def _rows(snapshot: Snapshot, table: str, scan_id: str) -> list[Row]:
    """The rows of a table as they were written, by column name, without the scan's key."""
    columns = [column.name for column in SCHEMA[table].columns]
    found = snapshot.rows(SCHEMA[table], scan_id, as_written=True)
    return [_without(dict(zip(columns, row, strict=True)), "scan_id") for row in found]


def _checks(snapshot: Snapshot, scan_id: str) -> list[Row]:
    """The comparisons."""
    return _rows(snapshot, "verification", scan_id)


def _without(row: Mapping[str, Any], *names: str) -> Row:
    """The row less some columns."""
    return {name: value for name, value in row.items() if name not in names}


def _deployment(scan: Row) -> Deployment:
    """The deployment that was scanned."""
    return Deployment(
        name=scan["deployment"],
        protocol=scan["protocol"],
        chain_id=scan["chain_id"],
        from_block=scan["from_block"],
        contracts=orjson.loads(scan["contracts"]),
        factors=orjson.loads(scan["factors"]),
        source=scan["deployment_source"],
    )


def _price(row: Row) -> Price:
    """One reference price."""
    return Price(**row)


def _judged(row: Row) -> JudgedRow:
    """One account's margin with its verdict; the reason is kept as it was worded."""
    verdict = Verdict(row["verdict"])
    margin = MarginRow(
        **_without(row, "headroom_e18", "verdict", "reason", "verified"),
        unknown_reason=row["reason"] if verdict is Verdict.UNKNOWN else None,
    )
    return JudgedRow(margin, verdict, row["reason"], row["verified"])


def _details(snapshot: Snapshot, scan_id: str, prices: list[Price]) -> Details:
    """The rows about the deployment as a whole."""
    return Details(
        accounts=[AccountRow(**row) for row in _rows(snapshot, "accounts", scan_id)],
        collateral=(),
        positions=(),
        orders=(),
        markets=(),
        prices=prices,
        totals=[_total(row) for row in _rows(snapshot, "totals", scan_id)],
        implementations=[
            ImplementationRow(**row) for row in _rows(snapshot, "implementations", scan_id)
        ],
        statements=(),
        silent_changes=[
            SilentChange(**_without(row, "change_no"))
            for row in _rows(snapshot, "silent_changes", scan_id)
        ],
    )


def _total(row: Row) -> TotalRow:
    """One control total. Raises: ValueError where nothing says what is allowed."""
    if row["allowed"] is None:
        raise ValueError(f"the control total {row['name']} says nothing of what is allowed")
    return TotalRow(**{**_without(row, "difference", "holds"), "proves": Proves(row["proves"])})


def _backstop(row: Row) -> BackstopRow:
    """One layer of the waterfall."""
    kind = BackstopKind(row["kind"])
    return BackstopRow(order=row["layer"], kind=kind, **_without(row, "layer", "kind"))


def _caution(row: Row) -> Caution:
    """One fact that a detector reported."""
    return Caution(
        row["kind"],
        row["account_id"],
        row["market_id"],
        row["text"],
        _amounts(row["amounts"]),
        orjson.loads(row["evidence"]),
    )


def _finding(scan_id: str, row: Row) -> Finding:
    """One finding."""
    return Finding(
        fingerprint=row["fingerprint"],
        detector=row["detector"],
        severity=Severity(row["severity_rank"]),
        scan_id=scan_id,
        account_id=row["account_id"],
        market=row["market"],
        title=row["title"],
        amounts=_amounts(row["amounts"]),
        evidence=orjson.loads(row["evidence"]),
    )


def _amounts(text: str) -> dict[str, int]:
    """Amounts from their JSON object of decimal strings."""
    return {name: int(value) for name, value in orjson.loads(text).items()}
