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
