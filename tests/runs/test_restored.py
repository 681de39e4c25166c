"""What a snapshot gives back is what the scan said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from large_snapshot import large_result, write_large

from analyzer.findings.summary import summarize
from analyzer.report.document import envelope
from analyzer.runs.restored import restored_scans, run_facts
from analyzer.runs.scan import ScanOutcome
from analyzer.store.reader import open_snapshot


def test_unknown_accounts_and_absurd_amounts_come_back_as_they_were(tmp_path: Path) -> None:
    made = large_result(300)
    write_large(tmp_path / "large.duckdb", 300)
    with open_snapshot(tmp_path / "large.duckdb") as snapshot:
        [restored] = restored_scans(snapshot)
        facts = run_facts(snapshot)
    assert list(restored.margin) == list(made.margin)
    assert restored.findings == made.findings
    assert summarize(restored) == summarize(made)
    assert facts["source"] == "rpc"
    assert "endpoint" not in facts


@pytest.mark.parametrize("verify", ["all", "none"])
def test_a_scan_of_a_small_chain_comes_back_whatever_was_compared(
    run_scan: Callable[..., ScanOutcome], tmp_path: Path, verify: str
) -> None:
    outcome = run_scan(verify=verify)
    with open_snapshot(tmp_path / "scan.duckdb") as snapshot:
        assert envelope(outcome.run, restored_scans(snapshot)) == outcome.document
