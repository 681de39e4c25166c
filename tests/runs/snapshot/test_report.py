"""Where a report is written, and where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from demands import missing
from large_snapshot import write_large

from analyzer.cli import main
from analyzer.model.errors import InputError
from analyzer.runs.snapshot import pdf
from analyzer.runs.snapshot.report import report


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "scan.duckdb"
    path.parent.mkdir()
    write_large(path, 12)
    return path


def test_the_command_writes_both_files_and_says_so_on_standard_error(
    db: Path, tmp_path: Path
) -> None:
    out = db.with_name("report.html")
    result = CliRunner().invoke(main, ["report", "--db", str(db), "--out", str(out)])
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith(f"report written to {out} (")
    assert sorted(p.name for p in db.parent.iterdir()) == [
        "accounts.csv",
        "report.html",
        "scan.duckdb",
    ]


def test_the_first_page_stands_alone_and_looks_back(db: Path, tmp_path: Path) -> None:
    out = tmp_path / "first.md"
    words = ["report", "--db", str(db), "--out", str(out), "--format", "markdown", "--summary"]
    result = CliRunner().invoke(main, [*words, "--since", str(db)])
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"report written to {out} ({out.stat().st_size:,} bytes)\n"
    assert "1. large: the same scan, block 1,234" in out.read_text()
    assert not (tmp_path / "accounts.csv").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", "nowhere.duckdb"], "there is no snapshot at nowhere.duckdb"),
        (["--history", "nowhere"], "there is no history"),
        (["--explorer", "10=javascript:alert(1)"], "it has to be CHAIN_ID=URL"),
        (["--history", "h", "--last", "1"], "1 is not in the range"),
    ],
)
def test_what_cannot_be_looked_back_at_or_linked_to_is_wrong_input(
    db: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    out = tmp_path / "report.html"
    result = CliRunner().invoke(main, ["report", "--db", str(db), "--out", str(out), *words])
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not out.exists()


def test_an_explorer_of_ones_own_is_where_addresses_lead(db: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.md"
    words = ["--format", "markdown", "--explorer", "31337=http://localhost:4000/a/"]
    result = CliRunner().invoke(main, ["report", "--db", str(db), "--out", str(out), *words])
    assert result.exit_code == 0
    assert "](http://localhost:4000/a/0x" in out.read_text()


def test_a_report_is_replaced_and_a_file_that_is_none_is_left_alone(
    db: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    report(db, out)
    report(db, out)
    out.write_text("my notes")
    with pytest.raises(InputError, match="is there and is not ours"):
        report(db, out)
    assert out.read_text() == "my notes"


def test_a_table_of_somebody_else_is_not_replaced(db: Path, tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("name,balance\n")
    with pytest.raises(InputError, match=r"accounts\.csv is there and is not ours"):
        report(db, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("nowhere/report.html", "is no folder"),
        ("accounts.csv", "name the report another"),
        (".", "is a folder"),
    ],
)
def test_a_place_that_cannot_be_written_is_wrong_input(
    db: Path, tmp_path: Path, out: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        report(db, tmp_path / out)


def test_a_file_that_is_no_snapshot_is_wrong_input(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    with pytest.raises(InputError, match="there is no snapshot"):
        report(tmp_path / "none.duckdb", out)
    assert not out.exists()
    assert not (tmp_path / "accounts.csv").exists()


def test_without_chromium_a_pdf_is_refused_in_one_line(
    db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(pdf.VARIABLE, raising=False)
    out = tmp_path / "report.pdf"
    result = CliRunner().invoke(
        main, ["report", "--db", str(db), "--out", str(out), "--format", "pdf"]
    )
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "a PDF needs Chromium or Chrome" in result.stderr
    assert not out.exists()


def test_a_browser_that_prints_nothing_is_an_error_that_names_it(
    db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pdf.VARIABLE, "/bin/false")
    with pytest.raises(InputError, match=r"/bin/false printed no PDF \(exit 1\)"):
        report(db, tmp_path / "report.pdf", "pdf")


@pytest.mark.browser
def test_a_pdf_is_printed_by_the_chromium_that_is_there(db: Path, tmp_path: Path) -> None:
    if pdf.find_chromium() is None:
        missing("there is no Chromium", "REQUIRE_BROWSER")
    written = report(db, tmp_path / "report.pdf", "pdf")
    assert written.report.read_bytes().startswith(b"%PDF-")
    assert written.size > 50_000
