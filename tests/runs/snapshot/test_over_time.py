"""What a report says of earlier scans: of a history, or of an earlier snapshot."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from bank import ALICE
from large_snapshot import large_result
from memory_chain import MemoryChain
from scan_results import E18, clean_result, judged

from analyzer.findings import run_detectors
from analyzer.model.errors import InputError
from analyzer.runs.many.backfill import BackfillOptions, backfill
from analyzer.runs.scanning.scan import ScanOptions, scan
from analyzer.runs.snapshot.over_time import (
    moment_of,
    series_of,
    since_history,
    since_snapshot,
)
from analyzer.runs.snapshot.reader import Reader
from analyzer.runs.snapshot.report import Options, load_content, report
from analyzer.solvency.result import ScanResult
from analyzer.store.reader import open_snapshot


@pytest.fixture
def history(tmp_path: Path, live: MemoryChain, deployment_file: Path) -> Path:
    """Three blocks of the live chain."""
    folder = tmp_path / "history"
    options = BackfillOptions(
        history=folder,
        blocks=("8:20:6",),
        rpc=("http://node.example",),
        deployments=(str(deployment_file),),
    )
    backfill(options, lambda *_: None)
    return folder


@pytest.fixture
def snapshot(tmp_path: Path, live: MemoryChain, deployment_file: Path) -> Path:
    """Block 20 of the same chain."""
    path = tmp_path / "now.duckdb"
    options = ScanOptions(
        db=path, rpc=("http://node.example",), block="20", deployments=(str(deployment_file),)
    )
    scan(options, lambda *_: None)
    return path


def results_of(path: Path) -> list[ScanResult]:
    with open_snapshot(path) as opened:
        return list(Reader(opened).results())


def test_a_series_is_the_last_scans_up_to_the_reports_block(history: Path, snapshot: Path) -> None:
    results = results_of(snapshot)
    [series] = series_of(history, results, 2)
    assert [moment.block for moment in series.moments] == [14, 20]
    assert series.scans_in_all == 3
    assert series.moments[-1] == moment_of(results[0])
    moved = [mover.change_e18 for mover in series.movers]
    assert moved == sorted(moved, key=lambda change: -abs(change))
    assert sum(moved) == (series.moments[1].equity_e18 or 0) - (series.moments[0].equity_e18 or 0)
    early = [replace(results[0].block, number=13)]
    results[0].block = early[0]
    [series] = series_of(history, results, 5)
    assert [moment.block for moment in series.moments] == [8]
    assert series.movers == ()


def test_since_a_history_is_since_its_last_scan_before(history: Path, snapshot: Path) -> None:
    [since] = since_history(history, results_of(snapshot))
    assert (since.before.block, since.after.block) == (14, 20)
    assert since.after.equity_e18 == sum(
        row.margin.equity_e18 or 0 for row in results_of(snapshot)[0].margin
    )
    assert (since.new, since.gone) == ({}, {})


def test_the_report_shows_them(history: Path, snapshot: Path, tmp_path: Path) -> None:
    options = Options(history=history, last=3)
    content = load_content(snapshot, options)
    assert [s.key for s in content.sections][:3] == ["answer", "changed", "time"]
    page = report(snapshot, tmp_path / "r.html", options=options).report.read_text()
    assert page.count('class="spark"') == 4
    assert "bank: the last 3 scans" in page
    first = report(
        snapshot, tmp_path / "f.md", "markdown", replace(options, summary=True)
    ).report.read_text()
    assert re.search(r"bank: block 14 to 20: equity [\d,.]+ ", first)


def test_a_history_of_something_else_or_none_is_wrong_input(history: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no scan of local up to the report's block"):
        series_of(history, [clean_result()], 5)
    with pytest.raises(InputError, match="there is no history"):
        series_of(tmp_path / "nothing", [clean_result()], 5)


def test_since_a_snapshot_counts_findings_that_came_and_went(snapshot: Path) -> None:
    [now] = results_of(snapshot)
    rows = [
        replace(row, margin=replace(row.margin, equity_e18=-E18))
        if row.margin.account_id == ALICE
        else row
        for row in now.margin
    ]
    now.margin = rows
    now.findings = run_detectors(now)
    [since] = since_snapshot(snapshot, [now])
    assert since.before.bad_debt_e18 == 0
    assert since.after.bad_debt_e18 == E18
    assert sum(since.new.values()) > 0
    with pytest.raises(InputError, match="holds none of the report's deployments"):
        since_snapshot(snapshot, [large_result(3)])


def test_a_moment_adds_up_what_is_known() -> None:
    moment = moment_of(clean_result([judged(0, equity=5), judged(1, equity=-2)]))
    assert (moment.equity_e18, moment.bad_debt_e18) == (3 * E18, 2 * E18)
