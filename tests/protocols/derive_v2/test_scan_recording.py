"""Whole scans of the recording and of copies of it, with no deployment file."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from derive_recording import RECORDING

from analyzer.abi.contract import load_abi
from analyzer.documents.encode import to_json
from analyzer.model.errors import ExitCode, InputError
from analyzer.protocols.derive_v2 import PLUG
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan

Row = dict[str, Any]
FILES = ("meta.json", "blocks.jsonl.gz", "logs.jsonl.gz", "storage.jsonl.gz")
"""Of a recording, beside its calls: `truth.json.gz` is for tests alone."""


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
    """A scan with every account compared."""
    options = ScanOptions(db=db, recording=folder, block=block, verify="all")
    return scan(options, lambda what, done, total: None)


def test_a_recording_is_scanned_by_label_with_no_further_file(shared: Path, tmp_path: Path) -> None:
    outcome = run(shared / RECORDING, tmp_path / "b.duckdb", "B")
    (result,) = outcome.results
    assert (outcome.exit_code, result.block.number, result.mismatches) == (ExitCode.CLEAN, 1137, [])
    assert (result.deployment.protocol, len(result.margin)) == ("derive-v2", 125)
    assert sum(to_json(outcome.document)["verification"]["kinds"].values()) == len(result.checks)
    assert {row.status for row in result.details.implementations} == {"not recorded"}


@pytest.mark.parametrize("block", ["1100", "1500"])
def test_a_block_that_was_not_pinned_is_wrong_input_and_the_pins_are_listed(
    shared: Path, tmp_path: Path, block: str
) -> None:
    with pytest.raises(InputError, match=r"A = 1070, B = 1137.* L = 1431"):
        run(shared / RECORDING, tmp_path / "x.duckdb", block)


def test_a_copy_without_truth_and_without_a_single_judge_gives_the_same_rows(
    shared: Path, tmp_path: Path, copy: Callable[[Callable[[Row], Row | None]], Path]
) -> None:
    judges = PLUG.judge_selectors()
    bare = copy(lambda row: None if row["data"][:10] in judges else row)
    (alone,) = run(bare, tmp_path / "bare.duckdb", "H").results
    (judged,) = run(shared / RECORDING, tmp_path / "full.duckdb", "H").results
    assert [row.margin for row in alone.margin] == [row.margin for row in judged.margin]
    assert alone.details == judged.details
    assert (alone.mismatches, len(alone.not_compared)) == ([], len(alone.checks))


def test_an_auction_of_another_market_is_wrong_input(
    tmp_path: Path, copy: Callable[[Callable[[Row], Row | None]], Path]
) -> None:
    asked = load_abi("derive_v2/StandardManager").functions["liquidation"].selector

    def change(row: Row) -> Row:
        return {**row, "result": f"0x{0xAA:064x}"} if row["data"].lower() == asked else row

    said = "the StandardManager .* names 0x0{38}[aA]{2} as its DutchAuction, not 0x"
    with pytest.raises(InputError, match=said):
        run(copy(change), tmp_path / "x.duckdb", "H")


def test_one_wei_in_one_recorded_view_is_a_divergence_by_name(
    tmp_path: Path, copy: Callable[[Callable[[Row], Row | None]], Path]
) -> None:
    wanted = load_abi("derive_v2/StandardManager").functions["getMargin"].selector
    wanted += f"{50:064x}{0:064x}"

    def change(row: Row) -> Row:
        if row["data"].lower() == wanted and "result" in row:
            word = (int(row["result"], 16) + 1) % 2**256
            return {**row, "result": f"0x{word:064x}"}
        return row

    outcome = run(copy(change), tmp_path / "x.duckdb", "H")
    (check,) = outcome.results[0].mismatches
    assert outcome.exit_code is ExitCode.DIVERGENCE
    assert (check.account_id, check.contract, check.field) == (
        "50",
        "StandardManager.getMargin",
        "margin.mm",
    )
