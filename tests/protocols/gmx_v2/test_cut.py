"""The cut of the recording that travels with the clone proves the rebuild without anything else."""

from __future__ import annotations

from pathlib import Path

from analyzer.model.errors import ExitCode
from analyzer.runs.scanning.scan import ScanOptions, scan

CUT = Path(__file__).parents[2] / "data" / "gmx_v2" / "quiet_book.zip"


def test_every_number_of_every_position_of_the_cut_is_the_contracts_own(tmp_path: Path) -> None:
    options = ScanOptions(db=tmp_path / "scan.duckdb", recording=CUT, verify="all")
    outcome = scan(options, lambda *_: None)
    (result,) = outcome.results
    assert (outcome.exit_code, result.mismatches) == (ExitCode.FINDINGS, [])
    assert len(result.margin) == 93
    assert sum(check.equal is True for check in result.checks) == 10_956
    found = {row.margin.status for row in result.margin}
    assert found == {"open"}
