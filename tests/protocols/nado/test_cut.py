"""The cut of the recording that travels with the clone proves the rebuild without anything else."""

from __future__ import annotations

from pathlib import Path

from analyzer.model.errors import ExitCode
from analyzer.runs.scanning.scan import ScanOptions, scan

CUT = Path(__file__).parents[2] / "data" / "nado" / "socialised_spot.zip"
ACCOUNTS = 107
"""Accounts at this block, as the recording's own description counts them."""


def test_every_number_of_every_account_of_the_cut_is_the_contracts_own(tmp_path: Path) -> None:
    options = ScanOptions(db=tmp_path / "scan.duckdb", recording=CUT, verify="all")
    outcome = scan(options, lambda *_: None)
    (result,) = outcome.results
    assert (outcome.exit_code, result.mismatches) == (ExitCode.FINDINGS, [])
    assert len(result.margin) + len(result.own) == ACCOUNTS
    assert sum(check.equal is True for check in result.checks) == 7_075
    assert all(check.equal is not None for check in result.checks)
