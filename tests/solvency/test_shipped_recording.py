"""The recording of the real contracts that ships with the package, without its judges."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import orjson
import pytest

from analyzer.findings.proof import doubts
from analyzer.model.errors import ExitCode
from analyzer.model.rows import MarginRow
from analyzer.protocols.registry import load_plug
from analyzer.runs.demo import RECORDING, demo_folder
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan
from analyzer.store.load import fetch
from analyzer.store.schema import quoted
from analyzer.store.snapshot import SCHEMA, open_snapshot

PROTOCOLS = ("aave-v3", "perp-v2")


def run(recording: Path, db: Path, verify: str) -> ScanOutcome:
    options = ScanOptions(db=db, recording=recording, block="stressed", verify=verify)
    return scan(options, lambda *_: None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[ScanOutcome, Path]:
    db = tmp_path_factory.mktemp("whole") / "scan.duckdb"
    return run(demo_folder() / RECORDING, db, "none"), db


def without_judges(source: Path, target: Path) -> int:
    """Copies a recording without the answers of judges; how many those were."""
    selectors = set().union(*(load_plug(name).judge_selectors() for name in PROTOCOLS))
    removed = 0
    with zipfile.ZipFile(source) as given, zipfile.ZipFile(target, "w") as kept:
        for name in given.namelist():
            data = given.read(name)
            if name.endswith("calls.jsonl.gz"):
                rows = gzip.decompress(data).splitlines()
                left = [row for row in rows if orjson.loads(row)["data"][:10] not in selectors]
                removed = len(rows) - len(left)
                data = gzip.compress(b"\n".join(left))
            kept.writestr(name, data)
    return removed


def margins(outcome: ScanOutcome) -> list[MarginRow]:
    return [row.margin for result in outcome.results for row in result.margin]


def test_a_recording_without_a_single_judge_gives_the_same_margins(
    tmp_path: Path, whole: tuple[ScanOutcome, Path]
) -> None:
    removed = without_judges(demo_folder() / RECORDING, tmp_path / "no-judges.zip")
    outcome = run(tmp_path / "no-judges.zip", tmp_path / "scan.duckdb", "none")
    assert removed > 10_000
    assert margins(outcome) == margins(whole[0])
    assert [result.details for result in outcome.results] == [
        result.details for result in whole[0].results
    ]


def test_judges_that_were_not_recorded_are_not_compared_and_no_divergence(
    tmp_path: Path,
) -> None:
    without_judges(demo_folder() / RECORDING, tmp_path / "no-judges.zip")
    outcome = run(tmp_path / "no-judges.zip", tmp_path / "scan.duckdb", "all")
    assert outcome.exit_code == ExitCode.NOT_FULLY_READ
    for result in outcome.results:
        assert any("comparisons with the contract not answered" in text for text in doubts(result))
        assert {check.equal for check in result.checks} == {None}
        assert {row.verified for row in result.margin} == {None}


def test_the_snapshot_holds_every_margin_to_the_wei(whole: tuple[ScanOutcome, Path]) -> None:
    outcome, db = whole
    with open_snapshot(db) as snapshot:
        rows = [
            row
            for result in outcome.results
            for row in snapshot.rows(SCHEMA["margin"], result.scan_id)
        ]
        _, shown = snapshot.query("SELECT bool_or(out_of_range) FROM v_margin")
    assert sorted((r[1], *r[3:8]) for r in rows) == sorted(
        (
            m.account_id,
            m.equity_e18,
            m.margin_equity_e18,
            m.initial_margin_e18,
            m.maintenance_margin_e18,
            m.free_collateral_e18,
        )
        for m in margins(outcome)
    )
    assert shown == [(False,)]


def test_every_raw_log_is_decoded_into_exactly_one_table(whole: tuple[ScanOutcome, Path]) -> None:
    import duckdb

    index = whole[1].with_name("scan.index.duckdb")
    with duckdb.connect(str(index), read_only=True) as connection:
        tables = fetch(
            connection,
            "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, 'event_')",
        )
        decoded = {
            name: fetch(connection, f"SELECT count(*) FROM {quoted(name)}")[0][0]
            for (name,) in tables
        }
        raw = fetch(connection, "SELECT count(*) FROM raw_logs")[0][0]
    assert sum(decoded.values()) == raw
    # Rounds of price feeds are beside what a scan reads: 11 feeds, 120 days and the story.
    rounds = sum(count for name, count in decoded.items() if "answer_updated" in name.lower())
    assert rounds > 11 * 120
    assert raw - rounds == sum(result.completeness.logs for result in whole[0].results)
