"""Whole scans of the recording and of copies of it, with no deployment file."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gmx_recording import RECORDING

from analyzer.abi.contract import load_abi
from analyzer.model.errors import ExitCode
from analyzer.protocols.gmx_v2 import PLUG
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan

Row = dict[str, Any]
FILES = ("meta.json", "blocks.jsonl.gz", "logs.jsonl.gz")
"""Of a recording, beside its calls."""


@pytest.fixture
def copy(shared: Path, tmp_path: Path) -> Callable[[Callable[[Row], Row | None]], Path]:
    """Copies the recording without its truth; each call passes through a function, None drops
    it."""

    def make(change: Callable[[Row], Row | None]) -> Path:
        source, target = shared / RECORDING, tmp_path / "copy"
        target.mkdir()
        for name in FILES:
            shutil.copy(source / name, target / name)
        with (
            gzip.open(source / "calls.jsonl.gz", "rt") as calls,
            gzip.open(target / "calls.jsonl.gz", "wt", compresslevel=1) as out,
        ):
            for line in calls:
                row = change(json.loads(line))
                if row is not None:
                    out.write(json.dumps(row) + "\n")
        return target

    return make


def run(folder: Path, db: Path, block: str) -> ScanOutcome:
    """A scan with every position compared."""
    options = ScanOptions(db=db, recording=folder, block=block, verify="all")
    return scan(options, lambda what, done, total: None)


def test_a_copy_without_truth_and_without_a_single_judge_gives_the_same_rows(
    shared: Path, tmp_path: Path, copy: Callable[[Callable[[Row], Row | None]], Path]
) -> None:
    judges = PLUG.judge_selectors()
    bare = copy(lambda row: None if row["data"][:10] in judges else row)
    (alone,) = run(bare, tmp_path / "bare.duckdb", "I").results
    outcome = run(shared / RECORDING, tmp_path / "full.duckdb", "1218")
    (judged,) = outcome.results
    assert (outcome.exit_code, judged.mismatches) == (ExitCode.FINDINGS, [])
    assert (judged.deployment.protocol, len(judged.margin)) == ("gmx-v2", 57)
    assert [row.margin for row in alone.margin] == [row.margin for row in judged.margin]
    assert alone.details == judged.details
    assert (alone.mismatches, len(alone.not_compared)) == ([], len(alone.checks))


def test_one_wei_in_one_recorded_view_is_a_divergence_by_name(
    tmp_path: Path, copy: Callable[[Callable[[Row], Row | None]], Path]
) -> None:
    wanted = load_abi("gmx_v2/Reader").functions["getPositionInfo"].selector
    changed: list[str] = []

    def change(row: Row) -> Row:
        if row["block"] == 1218 and row["data"].startswith(wanted) and not changed:
            changed.append("0x" + row["data"][10 + 128 : 10 + 192])
            words = row["result"]
            last = (int(words[-64:], 16) + 1) % 2**256
            return {**row, "result": f"{words[:-64]}{last:064x}"}
        return row

    outcome = run(copy(change), tmp_path / "x.duckdb", "I")
    (check,) = outcome.results[0].mismatches
    assert outcome.exit_code is ExitCode.DIVERGENCE
    assert (check.account_id, check.contract, check.field) == (
        changed[0],
        "Reader.getPositionInfo",
        "pnl.after_impact",
    )
