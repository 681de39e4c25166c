"""Whole scans of the recording and of copies of it, with no deployment file."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from nado_recording import RECORDING

from analyzer.abi.contract import load_abi
from analyzer.model.errors import ExitCode, InputError
from analyzer.protocols.nado import PLUG
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan

Row = dict[str, Any]
FILES = (
    "meta.json",
    "blocks.jsonl.gz",
    "logs.jsonl.gz",
    "storage.jsonl.gz",
    "code_hashes.jsonl.gz",
)
"""Of a recording, beside its calls: `truth.json.gz` is for tests alone."""
BLOCK = 169
"""`stressed`."""


def copied(shared: Path, target: Path, change: Callable[[Row], Row | None]) -> Path:
    """The recording without its truth; the calls of one block pass through a function."""
    source = shared / RECORDING
    target.mkdir()
    for name in FILES:
        shutil.copy(source / name, target / name)
    with (
        gzip.open(source / "calls.jsonl.gz", "rt") as calls,
        gzip.open(target / "calls.jsonl.gz", "wt", compresslevel=1) as out,
    ):
        for line in calls:
            if not line.startswith(f'{{"block": {BLOCK},') and not line.startswith(
                f'{{"block":{BLOCK},'
            ):
                continue
            row = change(json.loads(line))
            if row is not None:
                out.write(json.dumps(row) + "\n")
    return target


def run(folder: Path, db: Path, block: str = "stressed") -> ScanOutcome:
    """A scan with every account compared."""
    options = ScanOptions(db=db, recording=folder, block=block, verify="all")
    return scan(options, lambda what, done, total: None)


def test_a_recording_is_scanned_by_label_with_no_further_file(shared: Path, tmp_path: Path) -> None:
    db = tmp_path / "a.duckdb"
    outcome = run(shared / RECORDING, db)
    (result,) = outcome.results
    assert (outcome.exit_code, result.block.number, result.mismatches) == (
        ExitCode.FINDINGS,
        BLOCK,
        [],
    )
    assert (len(result.margin), len(result.own)) == (103, 4)
    known = {row.role: row.status for row in result.details.implementations}
    assert set(known.values()) == {"known"}
    with duckdb.connect(str(db), read_only=True) as snapshot:

        def asked(sql: str) -> list[tuple[Any, ...]]:
            return snapshot.execute(sql).fetchall()

        assert asked("SELECT count(*) FROM margin") == [(107,)]
        assert asked("SELECT count(*) FROM v_margin") == [(103,)]
        assert asked("SELECT count(*) FROM v_accounts") == [(103,)]
        assert asked("SELECT accounts FROM scans") == [(103,)]
        own = asked("SELECT account_id, status, verified FROM margin WHERE status <> 'open'")
        assert sorted((int(name, 16), *rest) for name, *rest in own) == [
            (0, "system", True),
            (1, "system", True),
            (2, "system", True),
            (2**32, "pool", True),
        ]
        assert asked("SELECT count(*) FROM findings WHERE account_id LIKE '0x000000000000%'") == [
            (0,)
        ]
        marked = asked("SELECT initial_margin, equity FROM v_margin WHERE not_borrowable")
        assert marked
        assert {initial for initial, _ in marked} == {None}
        assert None not in {equity for _, equity in marked}
        parents = asked(
            "SELECT a.kind, p.kind FROM accounts a JOIN accounts p"
            " ON p.account_id = a.parent_id AND p.scan_id = a.scan_id"
        )
        assert parents == [("isolated", "trader")] * 9


def test_a_block_that_was_not_pinned_is_wrong_input(shared: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="stressed = 169"):
        run(shared / RECORDING, tmp_path / "x.duckdb", "170")


def test_a_copy_without_truth_and_without_a_single_judge_gives_the_same_rows(
    shared: Path, tmp_path: Path
) -> None:
    judges = PLUG.judge_selectors()
    bare = copied(
        shared, tmp_path / "copy", lambda row: None if row["data"][:10] in judges else row
    )
    (alone,) = run(bare, tmp_path / "bare.duckdb").results
    (judged,) = run(shared / RECORDING, tmp_path / "full.duckdb").results
    assert [row.margin for row in alone.margin] == [row.margin for row in judged.margin]
    assert [row.margin for row in alone.own] == [row.margin for row in judged.own]
    assert alone.details == judged.details
    assert (alone.mismatches, len(alone.not_compared)) == ([], len(alone.checks))


@pytest.mark.parametrize(
    ("contract", "function", "field"),
    [
        ("Clearinghouse", "getHealth", "health.initial"),
        ("PerpEngine", "getPositionPnl", "perp.pnl"),
    ],
)
def test_one_wei_in_one_recorded_view_is_a_divergence_by_name(
    shared: Path, tmp_path: Path, contract: str, function: str, field: str
) -> None:
    wanted, changed = load_abi(f"nado/{contract}").function(function).selector, []

    def change(row: Row) -> Row:
        if changed or not row["data"].startswith(wanted) or not int(row["result"], 16):
            return row
        changed.append(row["data"])
        return {**row, "result": f"0x{(int(row['result'], 16) + 1) % 2**256:064x}"}

    outcome = run(copied(shared, tmp_path / "copy", change), tmp_path / "x.duckdb")
    (check,) = outcome.results[0].mismatches
    assert outcome.exit_code is ExitCode.DIVERGENCE
    assert (check.contract, check.field) == (f"{contract}.{function}", field)


def test_another_reason_of_one_dry_run_is_a_divergence(shared: Path, tmp_path: Path) -> None:
    wanted = load_abi("nado/Endpoint").function("submitTransactionsCheckedWithGasLimit").selector
    letters = b"NL".hex() + "00" * 30
    changed: list[str] = []

    def change(row: Row) -> Row:
        data = str(row.get("error", {}).get("data", ""))
        if changed or not row["data"].startswith(wanted) or letters not in data:
            return row
        changed.append(data)
        # The same reason with one letter more: `NLA` is not `NL`.
        length, longer = f"{2:064x}{letters}", f"{3:064x}{b'NLA'.hex()}{'00' * 29}"
        return {**row, "error": {**row["error"], "data": data.replace(length, longer)}}

    outcome = run(copied(shared, tmp_path / "copy", change), tmp_path / "x.duckdb")
    (check,) = outcome.results[0].mismatches
    assert outcome.exit_code is ExitCode.DIVERGENCE
    assert (check.expected, check.actual) == ("NL", "reverted: NLA")
