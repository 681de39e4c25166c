from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from index_rows import contents

from analyzer.model.errors import InputError
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.runs.snapshot.export import FORMATS, export
from analyzer.store.snapshot import SCHEMA, open_snapshot
from analyzer.store.views import VIEWS

VIEWED = [view.name for view in VIEWS]


@pytest.fixture
def snapshot(tmp_path: Path, run_scan: Callable[..., ScanOutcome]) -> Path:
    """A scan of the live chain."""
    run_scan(verify="all")
    return tmp_path / "scan.duckdb"


@pytest.mark.parametrize("storage", ["v1.0.0", "v1.2.0", "v2.0.0"])
def test_a_duckdb_export_holds_every_row_view_and_comment_in_the_storage_asked_for(
    tmp_path: Path, snapshot: Path, storage: str
) -> None:
    out = tmp_path / "old.duckdb"
    export(snapshot, out, format_="duckdb", storage=storage)
    assert contents(out) == contents(snapshot)
    with open_snapshot(snapshot) as before, open_snapshot(out) as after:
        assert after.tables() == before.tables()
        assert after.query("SELECT * FROM v_margin") == before.query("SELECT * FROM v_margin")
    with duckdb.connect(str(out), read_only=True) as connection:
        tags = connection.execute("SELECT tags FROM duckdb_databases() WHERE path IS NOT NULL")
        assert tags.fetchall() == [({"storage_version": f"{storage}+"},)]
        # DuckDB 1.0 cannot read the index of a primary key.
        assert connection.execute("SELECT count(*) FROM duckdb_indexes()").fetchall() == [(0,)]


def test_parquet_holds_every_row_and_no_amount_is_a_double(tmp_path: Path, snapshot: Path) -> None:
    export(snapshot, tmp_path / "tables", format_="parquet")
    rows = contents(snapshot)
    for name in SCHEMA:
        table = pq.read_table(tmp_path / "tables" / f"{name}.parquet")
        assert table.num_rows == len(rows[name])
        for field in table.schema:
            if field.name.endswith("_e18"):
                assert str(field.type) == "decimal128(38, 0)"


def test_sqlite_holds_every_amount_as_text_to_the_wei(tmp_path: Path, snapshot: Path) -> None:
    export(snapshot, tmp_path / "scan.sqlite", format_="sqlite")
    with open_snapshot(snapshot) as source:
        wanted = source.query("SELECT account_id, equity_e18 FROM margin ORDER BY 1")[1]
    with closing(sqlite3.connect(tmp_path / "scan.sqlite")) as connection:
        sql = "SELECT account_id, equity_e18, typeof(equity_e18) FROM margin ORDER BY 1"
        found = connection.execute(sql).fetchall()
        counts = {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            for name in SCHEMA
        }
        comment = connection.execute(
            "SELECT comment FROM column_comments WHERE table_name = 'margin'"
            " AND column_name = 'equity_e18'"
        ).fetchall()
    assert found == [(account, str(equity), "text") for account, equity in wanted]
    assert counts == {
        name: len(rows) for name, rows in contents(snapshot).items() if name in SCHEMA
    }
    assert "no haircut" in comment[0][0]


@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_replaces_nothing(tmp_path: Path, snapshot: Path, format_: str) -> None:
    out = tmp_path / "there"
    if format_ == "parquet":
        out.mkdir()
        (out / "diary.txt").write_text("dear diary")
    else:
        out.write_text("dear diary")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="is there"):
        export(snapshot, out, format_=format_)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"format_": "xlsx"}, "is no export format"),
        ({"format_": "duckdb", "storage": "1.0"}, "write it as v1.0.0"),
        ({"format_": "duckdb", "storage": "v9.9.9"}, "writes no storage version v9.9.9"),
        ({"format_": "sqlite", "storage": "v1.0.0"}, "is about DuckDB files"),
    ],
)
def test_wrong_options_are_one_line_and_leave_nothing(
    tmp_path: Path, snapshot: Path, changes: dict[str, str], match: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=match) as caught:
        export(snapshot, tmp_path / "out", **changes)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no snapshot"):
        export(tmp_path / "none.duckdb", tmp_path / "out", format_="duckdb")


@pytest.mark.parametrize("format_", ["duckdb", "sqlite", "parquet"])
def test_a_disk_that_refuses_is_one_line_and_leaves_nothing(
    snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    folder = tmp_path / "full"
    folder.mkdir()

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        export(snapshot, folder / "out", format_=format_)
    assert os.listdir(folder) == []


def test_sqlite_sorts_amounts_as_numbers_and_has_the_views(tmp_path: Path, snapshot: Path) -> None:
    amounts = [9, 10, -3, 2**100, -(2**126), 0, 5 * 10**18]
    with duckdb.connect(str(snapshot)) as connection:
        row = connection.execute("SELECT * FROM margin LIMIT 1").fetchone()
        columns = [c[0] for c in connection.execute("DESCRIBE margin").fetchall()]
        assert row is not None
        connection.execute("DELETE FROM margin")
        for number, amount in enumerate(amounts):
            changed = dict(zip(columns, row, strict=True)) | {
                "account_id": str(number), "equity_e18": amount,
            }  # fmt: skip
            marks = ", ".join("?" * len(columns))
            connection.execute(f"INSERT INTO margin VALUES ({marks})", list(changed.values()))
    export(snapshot, tmp_path / "scan.sqlite", format_="sqlite")
    with open_snapshot(snapshot) as source:
        views = {name: source.query(f"SELECT * FROM {name}") for name in VIEWED}
    with closing(sqlite3.connect(tmp_path / "scan.sqlite")) as connection:
        by_number = connection.execute("SELECT equity_e18 FROM margin ORDER BY equity_e18_real")
        assert [int(text) for (text,) in by_number.fetchall()] == sorted(amounts)
        shown = connection.execute("SELECT equity FROM v_margin ORDER BY equity").fetchall()
        assert [value for (value,) in shown] == [value / 1e18 for value in sorted(amounts)]
        for name, (columns_, rows) in views.items():
            found = connection.execute(f"SELECT * FROM {name}")
            assert [column[0] for column in found.description] == columns_
            assert len(found.fetchall()) == len(rows)
        commented = connection.execute("SELECT DISTINCT table_name FROM column_comments").fetchall()
    assert {name for (name,) in commented} == {*SCHEMA, *VIEWED}


def test_datasette_is_told_what_every_column_means(tmp_path: Path, snapshot: Path) -> None:
    out = tmp_path / "shown.json"
    export(snapshot, out, format_="datasette")
    [(name, database)] = json.loads(out.read_text())["databases"].items()
    assert name == "shown"
    connection = sqlite3.connect(tmp_path / "shown.sqlite")
    for table, told in database["tables"].items():
        found = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
        assert set(found) == set(told["columns"]), table
        assert told["description"]
        assert all(told["columns"].values())
    connection.close()
    assert set(SCHEMA) <= set(database["tables"])
    with pytest.raises(InputError, match="is there already"):
        export(snapshot, out, format_="datasette")
    with pytest.raises(InputError, match=r"is a \.json file"):
        export(snapshot, tmp_path / "shown.txt", format_="datasette")


@pytest.mark.parametrize("storage", ["v1.0.0", "v1.2.0"])
def test_a_scan_writes_the_storage_that_was_asked_for(
    tmp_path: Path, run_scan: Callable[..., ScanOutcome], storage: str
) -> None:
    db, plain = tmp_path / "old.duckdb", tmp_path / "plain.duckdb"
    for _ in range(2):  # it replaces itself as any other snapshot
        run_scan(db=db, storage=storage, verify="all")
    run_scan(db=plain, verify="all")
    assert {k: v for k, v in contents(db).items() if k != "runs"} == {
        k: v for k, v in contents(plain).items() if k != "runs"
    }
    with duckdb.connect(str(db), read_only=True) as connection:
        tags = connection.execute("SELECT tags FROM duckdb_databases() WHERE path IS NOT NULL")
        assert tags.fetchall() == [({"storage_version": f"{storage}+"},)]
    assert not [p for p in tmp_path.iterdir() if "newest" in p.name or "partial" in p.name]


@pytest.mark.parametrize("storage", ["1.0", "v9.9.9", "latest"])
def test_a_storage_that_there_is_not_is_said_before_anything_is_read(
    tmp_path: Path, run_scan: Callable[..., ScanOutcome], storage: str
) -> None:
    with pytest.raises(InputError, match="storage version"):
        run_scan(db=tmp_path / "x.duckdb", storage=storage)
    assert not list(tmp_path.glob("x*"))
