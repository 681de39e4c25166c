"""One reader: books, summary and results of a snapshot say the same, and refuse the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from analyzer.model.errors import InputError
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.runs.snapshot.account import account
from analyzer.runs.snapshot.reader import Reader, open_reader
from analyzer.store.snapshot import write_snapshot

RunScan = Callable[..., ScanOutcome]
READS: tuple[Callable[[Reader], object], ...] = (Reader.books, Reader.summaries, Reader.results)


def test_books_summary_and_results_are_of_the_same_scans(tmp_path: Path, run_scan: RunScan) -> None:
    made = run_scan().results[0]
    with open_reader(tmp_path / "scan.duckdb") as reader:
        [book], [result], summary = reader.books(), reader.results(), reader.summaries()
    [scan] = summary.scans
    assert {one.scan_id for one in (made, book, result, scan)} == {made.scan_id}
    assert book.deployment == result.deployment == made.deployment
    assert book.block == result.block == scan.block
    assert sum(scan.verdicts.values()) == scan.accounts == len(result.margin) == len(made.margin)
    assert list(summary.findings) == result.findings == made.findings
    assert book.caveats == scan.caveats


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    "change", ["contracts = '{'", "block_time = NULL", "deployment = NULL", "log_doubts = '7'"]
)
def test_a_scan_that_analyzer_does_not_write_is_one_line_whatever_is_read(
    tmp_path: Path, run_scan: RunScan, change: str, read: Callable[[Reader], object]
) -> None:
    run_scan()
    db = tmp_path / "scan.duckdb"
    with duckdb.connect(str(db)) as connection:
        connection.execute(f"UPDATE scans SET {change}")
    with open_reader(db) as reader, pytest.raises(InputError, match="its rows are not") as caught:
        read(reader)
    assert "\n" not in str(caught.value)


def test_a_statement_that_analyzer_does_not_write_is_one_line(
    tmp_path: Path, run_scan: RunScan
) -> None:
    holder = run_scan().results[0].margin[0].margin.account_id
    db = tmp_path / "scan.duckdb"
    assert account(db, holder).lines
    with duckdb.connect(str(db)) as connection:
        connection.execute("UPDATE statements SET unit = NULL")
    with pytest.raises(InputError, match=r"statements\.unit is NULL"):
        account(db, holder)


def test_a_snapshot_of_nothing_has_no_results_and_says_so(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "empty.duckdb", {})
    with open_reader(tmp_path / "empty.duckdb") as reader:
        assert (reader.books(), reader.run_facts().run_id) == ([], "unknown")
        assert not reader.summaries().scans
        with pytest.raises(InputError, match="holds no scan"):
            reader.results()
