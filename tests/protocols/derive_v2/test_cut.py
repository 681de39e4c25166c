"""The cut of the recording that travels with the clone proves the rebuild without anything else."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analyzer.cli import main
from analyzer.protocols.derive_v2 import PLUG

CUT = Path(__file__).parents[2] / "data" / "derive_v2" / "fresh_book.zip"


def scanned(recording: Path, folder: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and document of a scan that compares every account."""
    options = ["--recording", recording, "--verify", "all", "--db", folder / "scan.duckdb"]
    words = ["scan", *options, "--format", f"json={folder / 'scan.json'}"]
    done = CliRunner().invoke(main, [str(word) for word in words])
    (scan,) = json.loads((folder / "scan.json").read_text())["scans"]
    return done.exit_code, scan


def with_one_bit_changed(selector: str, folder: Path) -> Path:
    """The cut with the last bit of the first answer to `selector` flipped."""
    path, changed = folder / "changed.zip", False
    with zipfile.ZipFile(CUT) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "calls.jsonl.gz":
                rows = [json.loads(line) for line in gzip.decompress(data).splitlines()]
                for row in rows:
                    if not changed and row["data"].startswith(selector) and "result" in row:
                        last = int(row["result"][-1], 16) ^ 1
                        row["result"], changed = row["result"][:-1] + f"{last:x}", True
                data = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
            target.writestr(name, data)
    assert changed, f"the cut has no answer to {selector}"
    return path


def asked() -> list[str]:
    """The judges' selectors that the cut has answers to."""
    with zipfile.ZipFile(CUT) as source:
        rows = gzip.decompress(source.read("calls.jsonl.gz")).splitlines()
    found = {json.loads(row)["data"][:10] for row in rows}
    return sorted(found & PLUG.judge_selectors())


def test_every_number_of_every_account_of_the_cut_is_the_contracts_own(tmp_path: Path) -> None:
    code, scan = scanned(CUT, tmp_path)
    assert code == 0
    checks = scan["verification"]
    assert (scan["accounts"], checks["accounts"], checks["mismatches"]) == (125, 125, 0)
    assert checks["checks"] == 9014


@pytest.mark.parametrize("selector", asked()[::6])
def test_one_bit_of_one_judges_answer_is_a_divergence(selector: str, tmp_path: Path) -> None:
    code, scan = scanned(with_one_bit_changed(selector, tmp_path), tmp_path)
    assert code == 4
    assert scan["verification"]["mismatches"] >= 1
