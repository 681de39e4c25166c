"""What a snapshot gives back is what the scan said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from large_snapshot import large_result, write_large

from analyzer.findings.summary import summarize
from analyzer.model.errors import InputError
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.runs.scanning.verify import VerifyOptions, verify
from analyzer.runs.snapshot.reader import Reader, read_summaries
from analyzer.runs.telling.scans import scan_document
from analyzer.store.reader import open_snapshot


def test_unknown_accounts_and_absurd_amounts_come_back_as_they_were(tmp_path: Path) -> None:
    made = large_result(300)
    write_large(tmp_path / "large.duckdb", 300)
    with open_snapshot(tmp_path / "large.duckdb") as snapshot:
        [restored] = Reader(snapshot).results()
        facts = Reader(snapshot).run_facts()
    assert list(restored.margin) == list(made.margin)
    assert restored.findings == made.findings
    assert summarize(restored) == summarize(made)
    assert facts.source == "rpc"


@pytest.mark.parametrize("verify", ["all", "none"])
def test_a_scan_of_a_small_chain_comes_back_whatever_was_compared(
    run_scan: Callable[..., ScanOutcome], tmp_path: Path, verify: str
) -> None:
    outcome = run_scan(verify=verify)
    with open_snapshot(tmp_path / "scan.duckdb") as snapshot:
        again = scan_document(outcome.document.run, Reader(snapshot).results())
    assert again == outcome.document


def listed(db: Path) -> object:
    """The scans as `verify` lists them."""
    return verify(VerifyOptions(db=db, rpc=()), lambda *_: None)


def restored(db: Path) -> object:
    """The scans as `report` takes them."""
    with open_snapshot(db) as snapshot:
        return Reader(snapshot).results()


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ("UPDATE totals SET allowed = NULL", restored),
        ("UPDATE findings SET evidence = ' =1'", restored),
        ("UPDATE scans SET contracts = ' =1'", read_summaries),
        ("UPDATE scans SET accounts = NULL", read_summaries),
        ("UPDATE findings SET amounts = '[1]'", read_summaries),
        ("UPDATE findings SET severity_rank = 77", read_summaries),
        ("UPDATE scans SET factors = '{'", listed),
        ("UPDATE scans SET contracts = NULL", listed),
    ],
)
def test_rows_that_analyzer_does_not_write_are_wrong_input(
    run_scan: Callable[..., ScanOutcome],
    tmp_path: Path,
    change: str,
    read: Callable[[Path], object],
) -> None:
    run_scan(verify="none")
    with duckdb.connect(tmp_path / "scan.duckdb") as connection:
        connection.execute(change)
    with pytest.raises(InputError, match="its rows are not what analyzer writes"):
        read(tmp_path / "scan.duckdb")
