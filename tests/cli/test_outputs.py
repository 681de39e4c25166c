from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from sarif_check import validate

from analyzer.cli import main
from analyzer.cli.outputs import Output, parse_outputs

FORMATS = ("table", "json", "sarif")


def parsed(*words: str) -> list[tuple[str, str | None]]:
    return [
        (output.format, None if output.path is None else output.path.name)
        for output in parse_outputs(words, FORMATS)
    ]


@pytest.mark.parametrize(
    ("words", "outputs"),
    [
        ((), [("table", None)]),
        (("json",), [("json", None)]),
        (("json=-",), [("json", None)]),
        (("sarif=a.sarif",), [("sarif", "a.sarif"), ("table", None)]),
        (("sarif=a.sarif", "json=-"), [("sarif", "a.sarif"), ("json", None)]),
        (("json=a=b.json", "json"), [("json", "a=b.json"), ("json", None)]),
        (("table=t.txt", "table"), [("table", "t.txt"), ("table", None)]),
    ],
)
def test_files_are_written_beside_what_standard_output_shows(
    words: tuple[str, ...], outputs: list[tuple[str, str | None]]
) -> None:
    assert parsed(*words) == outputs


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("yaml",), "'yaml' is none of table, json, sarif"),
        (("yaml=a",), "'yaml' is none of"),
        (("json=",), "names no file"),
        (("json", "table"), "json and table both go to standard output"),
        (("json=-", "json"), "both go to standard output"),
        (("json=a", "sarif=./a"), "two formats go to "),
    ],
)
def test_what_cannot_be_meant_is_refused(words: tuple[str, ...], match: str) -> None:
    with pytest.raises(click.BadParameter, match=match):
        parse_outputs(words, FORMATS)


def test_an_output_is_a_value() -> None:
    assert Output("json", Path("a")) == Output("json", Path("a"))


def scan(folder: Path, *words: str, **extra: Any) -> Result:
    """Scans the shipped recording, two accounts of it asked of nobody."""
    from analyzer.runs.demo import demo_folder

    recording = str(demo_folder() / "crash.zip")
    command = ["scan", "--recording", recording, "--db", str(folder / "scan.duckdb")]
    return CliRunner().invoke(main, [*command, "--verify", "none", *words], **extra)


def test_several_forms_at_once_agree_and_standard_output_holds_one_alone(tmp_path: Path) -> None:
    sarif, table = tmp_path / "out.sarif", tmp_path / "out.txt"
    result = scan(tmp_path, "--format", f"sarif={sarif}", "--format", f"table={table}", "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    log = json.loads(sarif.read_text())
    validate(log)
    prints = [r["properties"]["fingerprint"] for r in log["runs"][0]["results"]]
    assert prints == [finding["fingerprint"] for finding in document["findings"]]
    assert table.read_text().startswith("aave-v3 · aave-v3-devnet-7")
    assert result.stderr.splitlines() == [
        f"{sarif} written",
        f"{table} written",
        f"snapshot written to {tmp_path / 'scan.duckdb'}",
    ]
    assert [path.name for path in tmp_path.glob(".*")] == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--format", "sarif={folder}"], "is a folder: name a file in it"),
        (["--format", "sarif={folder}/no/a.sarif"], "is no folder"),
        (["--format", "json={folder}/scan.duckdb"], "is named by --db already"),
        (["--format", "json", "--json"], "both go to standard output"),
    ],
)
def test_what_cannot_be_written_ends_with_2_before_anything_is_scanned(
    tmp_path: Path, words: list[str], line: str
) -> None:
    result = scan(tmp_path, *(word.format(folder=tmp_path) for word in words))
    assert (result.exit_code, result.stdout) == (2, "")
    [said] = result.stderr.splitlines()
    assert line in said
    assert list(tmp_path.iterdir()) == []


def test_a_scan_and_a_comparison_replace_what_they_wrote(tmp_path: Path) -> None:
    forms = ("json", "csv", "markdown", "table", "sarif", "findings")
    words = [word for form in forms for word in ("--format", f"{form}={tmp_path / form}")]
    for _ in range(2):
        assert scan(tmp_path, *words).exit_code == 1
    db = str(tmp_path / "scan.duckdb")
    compared = [*words[:10], "--format", f"json={tmp_path / 'other'}"]
    for _ in range(2):
        result = CliRunner().invoke(main, ["diff", db, db, *compared])
        assert (result.exit_code, result.stderr.count(" written")) == (0, 6)


def test_a_question_replaces_no_list_with_other_columns(tmp_path: Path) -> None:
    scan(tmp_path)
    db, out = str(tmp_path / "scan.duckdb"), tmp_path / "out.csv"
    ask = ["sql", "SELECT verdict, count(*) AS n FROM margin GROUP BY 1", "--db", db]
    ask += ["--format", f"csv={out}"]
    assert CliRunner().invoke(main, ask).exit_code == 0
    assert CliRunner().invoke(main, ask).exit_code == 0
    out.write_text("name,age\nme,40\n")
    result = CliRunner().invoke(main, ask)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{out} is there and is not ours" in result.stderr
    assert out.read_text() == "name,age\nme,40\n"
