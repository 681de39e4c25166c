"""Documents of results made by hand, and a run that they can be of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from scan_results import statement_lines

from analyzer.documents.account import StatementEntry
from analyzer.documents.encode import to_json
from analyzer.documents.scan import JudgedDocument, JudgedRun, ScanDocument, ScanRun
from analyzer.findings.acceptance import NOTHING_ACCEPTED, Weighed
from analyzer.report.html.material import Material
from analyzer.report.html.selection import listing
from analyzer.runs.telling.scans import judged_document, reported_scan, scan_document
from analyzer.solvency.result import ScanResult

SCAN_RUN = ScanRun(
    analyzer_version="0.1.0",
    exit_code=4,
    run_id="00112233445566ff",
    source="recording",
    verify="all",
    endpoint="my evidence.zip",
    sample_seed=0,
    started_at=datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC),
    finished_at=datetime(2026, 11, 22, 10, 0, 1, tzinfo=UTC),
    snapshot="scan.duckdb",
    fail_on="high",
    rolled_back_blocks=0,
    new_logs=0,
    folded=(),
    read_again=(),
    code_before_from_block=(),
    evidence=None,
)
JUDGED_RUN = JudgedRun("0.1.0", 4, "00112233445566ff", "recording", "all")


def scan_of(
    results: Sequence[ScanResult], weighed: Weighed = NOTHING_ACCEPTED, run: ScanRun = SCAN_RUN
) -> ScanDocument:
    """What a scan with these results says."""
    return scan_document(run, results, weighed)


def scan_json(results: Sequence[ScanResult]) -> dict[str, Any]:
    """The same as JSON has it."""
    return to_json(scan_of(results))


def judged_of(results: Sequence[ScanResult]) -> JudgedDocument:
    """What a report of these results is made from."""
    return judged_document(JUDGED_RUN, results)


def material_of(results: Sequence[ScanResult], **more: Any) -> Material:
    """What a report of these results shows; more: further fields."""
    scans = [reported_scan(result) for result in results]
    return Material(judged_of(results), scans, listing(scans), **more)


def statement_entries(number: int) -> tuple[StatementEntry, ...]:
    """The lines of a statement made by hand."""
    return tuple(
        StatementEntry(line.section, line.label, line.amount, line.unit, line.source)
        for line in statement_lines(number)
    )
