"""Whole scans of recordings in which one kind of answer is at the bounds of a word: no exception,
no account solvent by it, and an exit code that says so."""

from __future__ import annotations

import gzip
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analyzer.abi.contract import load_abi
from analyzer.findings.summary import Answer, summarize
from analyzer.model.errors import ExitCode
from analyzer.runs.demo import RECORDING, demo_folder
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan

INT256_MAX, INT256_MIN = 2**255 - 1, 2**255
"""The second is what a word of -2^255 looks like."""
MINUS_ONE = 2**256 - 1
FILES = ("blocks", "logs", "calls", "storage", "code_hashes")


@dataclass(frozen=True)
class Case:
    """One view of one protocol's contracts in a recording, and its answer in place of all."""

    recording: str
    protocol: str
    block: str
    view: tuple[str, str]


AAVE = Case("aave_v3_rev11_seedA", "aave-v3", "stressed", ("aave_v3/AaveOracle", "getAssetPrice"))
INDEX = Case("", "perp-v2", "stressed", ("perp_v2/BaseToken", "getIndexPrice"))
TOKEN = Case("", "perp-v2", "stressed", ("perp_v2/CollateralManager", "getPrice"))
CAP = Case("derive_v2_seedA", "derive-v2", "B", ("derive_v2/SpotDiffFeed", "spotDiffCap"))


def read(path: Path, name: str) -> bytes:
    """One file of a recording, unpacked; empty where it has none."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return gzip.decompress(archive.read(f"{name}.jsonl.gz"))
    file = path / f"{name}.jsonl.gz"
    return gzip.decompress(file.read_bytes()) if file.exists() else b""


def meta(path: Path) -> dict[str, Any]:
    """What the recording says of itself."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return dict(json.loads(archive.read("meta.json")))
    return dict(json.loads((path / "meta.json").read_text()))


def scanned(case: Case, answer: int, shared: Path, folder: Path) -> ScanOutcome:
    """The scan of the recording in which the view answers this word at every address."""
    path = shared / "recordings" / case.recording if case.recording else demo_folder() / RECORDING
    about = meta(path)
    named = about.get("deployments", [])
    if named:
        about["deployments"] = [d for d in named if d["protocol"] == case.protocol]
    (number,) = (p["block"] for p in about["pinned_blocks"] if p["label"] == case.block)
    function = load_abi(case.view[0]).function(case.view[1])
    target = folder / "recording"
    target.mkdir()
    (target / "meta.json").write_text(json.dumps(about))
    changed = 0
    for name in FILES:
        data = read(path, name)
        if name == "calls":
            rows = [json.loads(line) for line in data.splitlines()]
            rows = [row for row in rows if row["block"] == number]
            for row in rows:
                if row["data"].startswith(function.selector) and "result" in row:
                    row["result"] = f"0x{answer:064x}" + row["result"][66:]
                    changed += 1
            data = "\n".join(json.dumps(row) for row in rows).encode()
        if data:
            (target / f"{name}.jsonl").write_bytes(data)
    assert changed
    options = ScanOptions(
        db=folder / "scan.duckdb", recording=target, block=case.block, verify="all"
    )
    return scan(options, lambda *_: None)


@pytest.mark.parametrize(
    ("case", "answer"),
    [
        (AAVE, INT256_MIN),
        (AAVE, 2**128),
        (AAVE, 0),
        (INDEX, INT256_MAX),
        (INDEX, MINUS_ONE),
        (TOKEN, INT256_MAX),
        (TOKEN, 10**40),
        (TOKEN, 0),
    ],
)
def test_a_price_at_the_bounds_proves_nobody_solvent(
    case: Case, answer: int, shared: Path, tmp_path: Path
) -> None:
    outcome = scanned(case, answer, shared, tmp_path)
    (result,) = outcome.results
    assert outcome.exit_code in (ExitCode.NOT_FULLY_READ, ExitCode.DIVERGENCE)
    assert summarize(result).answer not in (Answer.SOLVENT, Answer.COVERED)


def test_who_holds_an_asset_whose_products_overflow_is_unknown_and_the_view_should_revert(
    shared: Path, tmp_path: Path
) -> None:
    (result,) = scanned(AAVE, INT256_MAX, shared, tmp_path).results
    unknown = [row.margin for row in result.margin if row.margin.unknown_reason]
    assert len(unknown) > 40
    assert {"Panic(0x11)" in str(row.unknown_reason) for row in unknown} == {True}
    reverts = [check for check in result.checks if check.field == "reverts"]
    assert {check.account_id for check in reverts} == {row.account_id for row in unknown}
    assert {price.status for price in result.details.prices} == {"invalid"}


@pytest.mark.parametrize("answer", [MINUS_ONE, 0])
def test_a_cap_at_the_bounds_ends_no_scan_of_derive(
    answer: int, shared: Path, tmp_path: Path
) -> None:
    (result,) = scanned(CAP, answer, shared, tmp_path).results
    assert len(result.margin) == 125
