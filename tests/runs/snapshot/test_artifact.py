from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.model.errors import InputError
from analyzer.report.render_json import document_text
from analyzer.report.rows import render_rows
from analyzer.runs.snapshot.artifact import (
    check_columns,
    check_forms,
    check_targets,
    write_texts,
)
from analyzer.runs.snapshot.parquet_file import check_parquet, write_parquet
from analyzer.runs.telling.rows import rows_document


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    path = tmp_path / "out"
    path.mkdir()
    return path


def test_files_are_written_as_a_whole_and_nothing_else_is_left(folder: Path) -> None:
    one, two = folder / "one.json", folder / "two.sarif"
    one.write_text("before")
    write_texts({one: "1\n", two: "2\r\n"})
    assert (one.read_bytes(), two.read_bytes()) == (b"1\n", b"2\r\n")
    assert sorted(path.name for path in folder.iterdir()) == ["one.json", "two.sarif"]


def test_when_one_file_cannot_be_written_none_has_changed(folder: Path) -> None:
    one, nowhere = folder / "one.json", folder / "nowhere" / "two.json"
    one.write_text("before")
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        write_texts({one: "after", nowhere: "after"})
    assert one.read_text() == "before"
    assert [path.name for path in folder.iterdir()] == ["one.json"]


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("before")
    link.symlink_to(target)
    write_texts({link: "after"})
    assert link.is_symlink()
    assert target.read_text() == "after"


def test_what_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    refused = {
        tmp_path: "is a folder",
        tmp_path / "no" / "file": "is no folder",
        pipe: "is no regular file: - stands for standard output",
        Path("/dev/null"): "is no regular file",
    }
    for path, match in refused.items():
        with pytest.raises(InputError, match=match):
            check_targets([path], {})


def test_a_file_that_the_command_uses_otherwise_is_refused(tmp_path: Path) -> None:
    taken = {"--db": tmp_path / "scan.duckdb", "--record": None}
    check_targets([tmp_path / "scan.json"], taken)
    with pytest.raises(InputError, match="is named by --db already"):
        check_targets([tmp_path / "x" / ".." / "scan.duckdb"], taken)


SELECTED = "account,verdict\n0x1,healthy\n0x2,insolvent\n"
SLITHER = """{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "Slither",
"""
FOREIGN = [
    ("json", "important"),
    ("json", '{"my": "project"}'),
    ("json", '{\n  "schema": 1,\n  "kind": "scan",\n  "run": {\n    "started": "today"\n  }\n}\n'),
    ("sarif", '{\n  "my": "project"\n}'),
    ("sarif", SLITHER),
    ("findings", "[1, 2]"),
    ("findings", '{\n  "schema": 1,\n  "scans": [\n    "brain"\n  ]\n}\n'),
    ("csv", "years of work\nand of love\n"),
    ("csv", SELECTED),
    ("markdown", "# My notes\n\ntext\n"),
    ("markdown", "| name | age |\n| --- | ---: |\n| me | 40 |\n"),
    ("table", "a   b\n1   2\n"),
    ("table", "name   age\n──────────\nme     40\n"),
    ("metrics", "# HELP node_load1 1m load average.\n"),
    ("unit", "[Unit]\nDescription=my backup\n"),
]


@pytest.mark.parametrize(("form", "text"), FOREIGN)
def test_a_file_of_somebody_else_is_refused_before_the_work(
    tmp_path: Path, form: str, text: str
) -> None:
    path = tmp_path / "out"
    path.write_text(text)
    with pytest.raises(InputError, match="is there and is not ours"):
        check_forms({path: form}, {})
    assert path.read_text() == text


@pytest.mark.parametrize("form", ["csv", "markdown", "table", "json"])
def test_an_answer_replaces_no_file_that_only_looks_like_a_list(tmp_path: Path, form: str) -> None:
    path = tmp_path / "out"
    path.write_text("of my life\n\nall of it\n")
    with pytest.raises(InputError, match="is there and is not ours"):
        check_forms({path: form}, {}, rows=True)


@pytest.mark.parametrize("form", ["json", "csv", "markdown", "table"])
@pytest.mark.parametrize("rows", [[], [("0x1", -5)], [("0x1", -5)] * 500])
def test_an_answer_with_the_same_columns_is_replaced(
    tmp_path: Path, form: str, rows: list[tuple[object, ...]]
) -> None:
    path = tmp_path / "out"
    columns = ["account", "amount of it"]
    text = _drawn(columns, rows, form)
    for before in ("", text, _drawn(columns, [("a long account", 10**30)], form)):
        path.write_text(before)
        check_forms({path: form}, {}, rows=True)
        check_columns({path: text})


@pytest.mark.parametrize("form", ["csv", "markdown", "table"])
def test_a_list_with_other_columns_is_somebody_elses(tmp_path: Path, form: str) -> None:
    path = tmp_path / "out"
    path.write_text(_drawn(["account", "verdict"], [("0x1", "healthy")], form))
    check_forms({path: form}, {}, rows=True)
    with pytest.raises(InputError, match="is there and is not ours"):
        check_columns({path: _drawn(["account", "amount"], [("0x1", 5)], form)})


def _drawn(columns: list[str], rows: list[tuple[object, ...]], form: str) -> str:
    if form == "json":
        return document_text(rows_document(columns, rows))
    return render_rows(columns, rows, form)


def test_parquet_is_known_by_a_mark_and_not_by_its_form(tmp_path: Path) -> None:
    ours, foreign, text = tmp_path / "a.parquet", tmp_path / "b.parquet", tmp_path / "c.parquet"
    write_parquet(ours, ["a"], [[1]])
    pq.write_table(pa.table({"a": [1]}), foreign)
    text.write_text("PAR1 is a form of yoga")
    check_parquet(ours, {})
    for path in (foreign, text):
        with pytest.raises(InputError, match="is there and is not ours"):
            check_parquet(path, {})
