"""What an auditor types: triage, diff, detectors, on the demo's snapshot."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analyzer.cli import main
from analyzer.findings import ALL_DETECTORS


def invoke(*words: str, **extra: object) -> Result:
    return CliRunner().invoke(main, list(words), **extra)  # type: ignore[arg-type]


@pytest.fixture
def db(demo_snapshot: Path, tmp_path: Path) -> str:
    """The demo's snapshot in a folder of its own."""
    return str(shutil.copy(demo_snapshot, tmp_path / "scan.duckdb"))


def test_a_finding_is_accepted_listed_and_withdrawn(db: str, tmp_path: Path) -> None:
    open_ = json.loads(invoke("triage", "list", "--open", "--db", db, "--json").stdout)["findings"]
    name = open_[0]["fingerprint"]
    given = invoke(
        "triage", "accept", name[:8], "--reason", "known", "--db", db, env={"ANALYZER_AUTHOR": "A"}
    )
    assert (given.exit_code, given.stdout) == (0, "")
    assert given.stderr.startswith(f"accepted {name}: {open_[0]['detector']}, ")
    [row] = json.loads(invoke("triage", "list", "--db", db, "--json").stdout)["acceptances"]
    assert (row["fingerprint"], row["state"], row["author"]) == (name, "accepted", "A")
    left = json.loads(invoke("triage", "list", "--open", "--db", db, "--json").stdout)["findings"]
    assert left == open_[1:]
    taken = invoke("triage", "withdraw", name, "--triage", str(tmp_path / "triage.toml"))
    assert (taken.exit_code, taken.stderr.split()[:2]) == (0, ["withdrawn", f"{name}:"])
    assert json.loads(invoke("triage", "list", "--db", db, "--json").stdout)["acceptances"] == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["accept", "f82efe", "--reason", "r", "--author", "a"], "Missing option '--db'"),
        (["accept", "f82efe", "--author", "a", "--db", "x"], "Missing option '--reason'"),
        (["accept", "f82efe", "--reason", "r", "--db", "x"], "Missing option '--author'"),
        (["accept", "a", "--reason", "r", "--author", "a", "--db", "x"], "there is no snapshot"),
        (
            ["accept", "a", "--reason", "r", "--author", "a", "--db", "x", "--expires", "soon"],
            "Invalid value for '--expires': 'soon' is no day",
        ),
        (["list"], "Give --db, --triage or both"),
        (["list", "--open"], "--open needs --db"),
        (["withdraw", "a"], "Give --db or --triage"),
        (["withdraw", "a", "--triage", "none.toml"], "there is no triage file none.toml"),
    ],
)
def test_a_wrong_use_of_triage_is_one_line_and_exit_code_2(words: list[str], line: str) -> None:
    result = invoke("triage", *words, env={"ANALYZER_AUTHOR": None})
    assert (result.exit_code, result.stdout) == (2, "")
    [said] = result.stderr.splitlines()
    assert said.startswith(f"error: {line}")


def test_a_snapshot_and_itself_differ_in_nothing(db: str, tmp_path: Path) -> None:
    result = invoke("diff", db, db, "--format", f"csv={tmp_path / 'diff.csv'}")
    assert result.exit_code == 0
    count = len((tmp_path / "diff.csv").read_text().splitlines()) - 1
    assert f"Findings     {count} same" in result.stdout.splitlines()
    assert "both are the same scan" in result.stdout


def test_what_was_accepted_is_told_apart_in_a_diff(db: str) -> None:
    [first, *_] = json.loads(invoke("triage", "list", "--open", "--db", db, "--json").stdout)[
        "findings"
    ]
    invoke("triage", "accept", first["fingerprint"], "--reason", "r", "--author", "a", "--db", db)
    counts = json.loads(invoke("diff", db, db, "--json").stdout)["counts"]
    assert counts["accepted"] == 1


def test_the_detectors_are_listed_and_shown() -> None:
    listed = json.loads(invoke("detectors", "list", "--json").stdout)["detectors"]
    assert len(listed) == len(ALL_DETECTORS)
    shown = json.loads(invoke("detectors", "show", listed[0]["id"], "--format", "json").stdout)
    assert shown["detectors"] == [listed[0]]
    assert "What it" not in invoke("detectors", "list").stdout
    missing = invoke("detectors", "show", "nothing")
    assert (missing.exit_code, missing.stderr[:32]) == (2, "error: there is no detector 'not")
