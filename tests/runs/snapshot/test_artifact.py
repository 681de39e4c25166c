from __future__ import annotations

import os
from pathlib import Path

import pytest

from analyzer.model.errors import InputError
from analyzer.report.render_json import document_text
from analyzer.report.rows import render_rows
from analyzer.runs.snapshot.artifact import check_forms, check_targets, write_texts
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
FOREIGN = [
    ("json", "important"),
    ("json", '{"my": "project"}'),
    ("sarif", '{\n  "my": "project"\n}'),
    ("findings", "[1, 2]"),
    ("csv", "years of work\nand of love\n"),
    ("csv", "int main(void) {\n  f(1, 2);\n  return 0;\n}\n"),
    ("markdown", "# My notes\n\ntext\n"),
    ("table", "a   b\n1   2\n"),
    ("parquet", SELECTED),
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


@pytest.mark.parametrize("form", ["json", "csv", "markdown", "table"])
@pytest.mark.parametrize("rows", [[], [("0x1", -5)], [("0x1", -5)] * 500])
def test_what_was_written_before_is_replaced(
    tmp_path: Path, form: str, rows: list[tuple[object, ...]]
) -> None:
    path = tmp_path / "out"
    columns = ["account", "amount"]
    json_text = document_text(rows_document(columns, rows))
    for text in ("", json_text if form == "json" else render_rows(columns, rows, form)):
        path.write_text(text)
        check_forms({path: form}, {})
