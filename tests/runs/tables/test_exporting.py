"""A snapshot as tables, and the tables as a snapshot again."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_tables import Tables, run

from analyzer.runs.snapshot.reader import open_reader, read_books


@pytest.fixture(scope="session")
def demo_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's snapshot."""
    path = tmp_path_factory.mktemp("exported") / "demo.duckdb"
    assert run("demo", "--db", str(path)).exit_code == 0
    return path


@pytest.mark.parametrize("name", ["aave-v3-devnet-7", "perp-v2-devnet-7"])
def test_a_scan_and_its_table_give_the_same_verdicts(
    name: str, demo_db: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "tables"
    done = run("book", "export", name, "--db", str(demo_db), "--out", str(folder))
    assert done.exit_code == 0, done.output
    given = ("--prices", str(folder / "prices.csv"), "--rules", str(folder / "rules.toml"))
    db = tmp_path / "again.duckdb"
    words = ("--db", str(db), "--fail-on", "never")
    again = run("book", "import", str(folder / "positions.csv"), *given, *words)
    assert again.exit_code in (0, 3), again.output
    assert verdicts(db, name) == verdicts(demo_db, name)


def verdicts(db: Path, name: str) -> dict[str, str]:
    """account -> verdict, of one deployment."""
    with open_reader(db) as reader:
        sql = (
            "SELECT account_id, verdict FROM margin JOIN scans USING (scan_id)"
            " WHERE deployment = ? ORDER BY 1"
        )
        _, rows = reader.snapshot.query(sql, [name])
    return {str(account): str(verdict) for account, verdict in rows}


def test_a_table_comes_back_to_the_last_digit(tables: Tables) -> None:
    tables.book("--name", "same")
    before = read_books(tables.db)[0].scan_id
    folder = tables.folder / "again"
    assert run("book", "export", "--db", str(tables.db), "--out", str(folder)).exit_code == 0
    for name in ("positions.csv", "prices.csv", "rules.toml"):
        tables.write(name, (folder / name).read_text())
    tables.book()
    assert read_books(tables.db)[0].scan_id == before


def test_nothing_that_is_there_is_replaced(tables: Tables) -> None:
    tables.book()
    done = run("book", "export", "--db", str(tables.db), "--out", str(tables.folder))
    assert done.exit_code == 2
    assert "positions.csv is there: name another folder" in done.stderr


def test_one_of_several_scans_has_to_be_named(demo_db: Path, tmp_path: Path) -> None:
    done = run("book", "export", "--db", str(demo_db), "--out", str(tmp_path / "x"))
    assert done.exit_code == 2
    assert "holds 2 scans: name one of" in done.stderr


def test_a_book_stands_in_one_cascade_with_scans(
    tables: Tables, demo_db: Path, tmp_path: Path
) -> None:
    joint = tmp_path / "joint.duckdb"
    words = ("--with", str(demo_db), "--db", str(joint), "--fail-on", "never")
    # The last --db wins.
    assert tables.book(*words).exit_code == 0
    with open_reader(joint) as reader:
        names = sorted(scan.deployment.name for scan in reader.scans())
    assert names == ["aave-v3-devnet-7", "perp-v2-devnet-7", "positions"]
    told = run("contagion", "--db", str(joint), "--shock", "ETH=-30%", "--fail-on", "never")
    assert told.exit_code in (0, 3), told.output
    assert "positions, together in one cascade" in told.output


def test_the_same_verdict_with_another_headroom_is_told(repository: Path, tmp_path: Path) -> None:
    # Options, which a row takes as linear: six accounts of this book hold some.
    recording = repository / "tests" / "data" / "derive_v2" / "fresh_book.zip"
    db = tmp_path / "derive.duckdb"
    scanned = run("scan", "--recording", str(recording), "--db", str(db), "--fail-on", "never")
    assert scanned.exit_code == 0, scanned.output
    done = run("book", "export", "--db", str(db), "--out", str(tmp_path / "tables"))
    assert done.exit_code == 0
    assert "125 of 125 accounts have the scan's verdict again" in done.output
    assert "6 of them have another headroom or free collateral: " in done.output
