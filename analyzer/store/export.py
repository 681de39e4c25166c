"""A snapshot for other programs: an older DuckDB, SQLite (datasette), or plain Parquet files.

Amounts stay exact in each: HUGEINT in DuckDB, DECIMAL(38,0) with overflow columns in Parquet,
decimal text in SQLite, whose own integers end at 64 bits. Text sorts as text, so each of these has
a number beside it there, `equity_e18_real`, to sort and to draw by; the views show numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from analyzer.model.atomic import replaced
from analyzer.model.errors import InputError
from analyzer.store.confine import connect, lock
from analyzer.store.files import INFO, writing
from analyzer.store.owner_view import V_OWNERS
from analyzer.store.parquet import write_parquet
from analyzer.store.reader import Snapshot, open_snapshot
from analyzer.store.schema import Column, Kind, Table, literal, path_literal, quoted
from analyzer.store.snapshot import SCHEMA
from analyzer.store.tables import TABLES, VERSION
from analyzer.store.views import VIEWS

_STORAGE = re.compile(r"v\d+\.\d+\.\d+")
_WIDE = frozenset({Kind.AMOUNT, Kind.UNSIGNED, Kind.INTEGER})
REAL = "_real"
"""What the number beside an amount of SQLite is called after."""
_DECIMAL = re.compile(r"TRY_CAST\((\w)\.(\w+) AS DECIMAL\(38,0\)\) \* 0\.0+1::DECIMAL\(18,18\)")
_BEYOND = re.compile(r"abs\((\w)\.(\w+)\) >= (\d+)::HUGEINT")
_SQLITE_TYPE = {
    Kind.FLAG: "INTEGER", Kind.COUNT: "INTEGER", Kind.FIGURE: "REAL", Kind.BYTES: "BLOB",
}  # fmt: skip


def export_duckdb(source: Path, target: Path, storage: str) -> None:
    """Writes the snapshot to `target` in a storage version that older DuckDBs open.

    storage: `v1.0.0`, ..., as DuckDB names its own versions. Tables, rows, views and comments are
    all there. Raises: InputError for a version that DuckDB does not know, or a wrong file.
    """
    import duckdb

    if not _STORAGE.fullmatch(storage):
        raise InputError(f"'{storage}' is no storage version: write it as v1.0.0")
    open_snapshot(source).close()
    with _aside(target) as aside, closing(connect()) as connection:
        connection.execute(f"ATTACH {path_literal(source)} AS source (READ_ONLY)")
        try:
            connection.execute(
                f"ATTACH {path_literal(aside)} AS target (STORAGE_VERSION {literal(storage)})"
            )
        except duckdb.Error as error:
            raise _no_storage(storage) from error
        _copy(connection)


def check_storage(storage: str) -> None:
    """Sees, before long work, that DuckDB writes this storage version. Raises: InputError."""
    import duckdb

    if not _STORAGE.fullmatch(storage):
        raise InputError(f"'{storage}' is no storage version: write it as v1.0.0")
    with TemporaryDirectory(prefix="analyzer-storage-") as folder, closing(connect()) as connection:
        file = path_literal(Path(folder) / "empty.duckdb")
        try:
            connection.execute(f"ATTACH {file} AS empty (STORAGE_VERSION {literal(storage)})")
        except duckdb.Error as error:
            raise _no_storage(storage) from error


def _no_storage(storage: str) -> InputError:
    """That this DuckDB does not write a storage version."""
    import duckdb

    return InputError(
        f"DuckDB {duckdb.__version__} writes no storage version {storage}: give that of a"
        " release, v1.0.0 or later"
    )


def _copy(connection: Any) -> None:
    """Makes every table, row, view and comment of `source` in `target`, but no primary key: its
    index is what DuckDB 1.0 cannot read, and the rows are unique already."""
    lock(connection)
    connection.execute("USE target")
    for table in (INFO, *TABLES):
        plain = tuple(replace(column, key=False) for column in table.columns)
        for statement in replace(table, columns=plain).ddl():
            connection.execute(statement)
        name = quoted(table.name)
        connection.execute(f"INSERT INTO {name} SELECT * FROM source.{name}")
    for view in VIEWS:
        for statement in view.ddl():
            connection.execute(statement)
    connection.execute("USE memory")
    connection.execute("DETACH target")


def export_parquet(source: Path, folder: Path) -> dict[str, int]:
    """Writes every table as `<table>.parquet` into a new folder; how many rows each has.

    Raises: InputError when the folder is there and not empty, or for a wrong file.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there and not empty: name another folder")
    if not folder.parent.is_dir():
        raise InputError(f"{folder} cannot be written: {folder.parent} is no folder")
    about, was_there = {"tables": str(VERSION)}, folder.exists()
    with open_snapshot(source) as snapshot:
        try:
            folder.mkdir(exist_ok=True)
            return {
                name: write_parquet(_in(folder, name), table, _rows(snapshot, table), about)
                for name, table in SCHEMA.items()
            }
        except BaseException:
            _remove(folder, was_there=was_there)
            raise


def _in(folder: Path, name: str) -> Path:
    """The file of a table."""
    return folder / f"{name}.parquet"


def _remove(folder: Path, *, was_there: bool) -> None:
    """Takes back what an export wrote into a folder that was empty, or was not there."""
    for name in SCHEMA:
        _in(folder, name).unlink(missing_ok=True)
    if not was_there:
        with suppress(OSError):
            folder.rmdir()


def export_sqlite(source: Path, target: Path) -> dict[str, int]:
    """Writes every table and view into an SQLite file; how many rows each table has.

    Amounts are decimal text, whole (no overflow columns), each with the nearest REAL beside it,
    by which it sorts; NULL stays NULL. The comments are rows of the table `column_comments`.
    Raises: InputError for a wrong file.
    """
    import sqlite3

    with open_snapshot(source) as snapshot, _aside(target) as aside:
        connection = sqlite3.connect(aside)
        try:
            written = {name: _fill(connection, snapshot, table) for name, table in SCHEMA.items()}
            _sqlite_views(connection, snapshot)
            _sqlite_comments(connection)
            connection.commit()
        except sqlite3.OperationalError as error:
            raise InputError(f"{target} cannot be written: {error}") from error
        finally:
            # Before the file takes its name.
            connection.close()
    return written


def _fill(connection: Any, snapshot: Snapshot, table: Table) -> int:
    """Makes one table in SQLite; how many rows it has."""
    rows = [_sqlite_row(table, row) for row in _rows(snapshot, table)]
    listed = ", ".join(text for column in table.columns for text in _sqlite_columns(column))
    key = ", ".join(map(quoted, table.key))
    constraint = f", PRIMARY KEY ({key})" if key else ""
    connection.execute(f"CREATE TABLE {quoted(table.name)} ({listed}{constraint})")
    marks = ", ".join("?" for column in table.columns for _ in _sqlite_columns(column))
    connection.executemany(f"INSERT INTO {quoted(table.name)} VALUES ({marks})", rows)
    return len(rows)


def _sqlite_views(connection: Any, snapshot: Snapshot) -> None:
    """The snapshot's views, amounts as REAL in whole units. What an owner adds up to is computed
    here and stored: SQLite has not the functions."""
    for view in VIEWS:
        if view is V_OWNERS:
            names_, rows = snapshot.query(f"SELECT * FROM {quoted(view.name)}")
            table = quoted(f"{view.name.removeprefix('v_')}_summed")
            listed = ", ".join(map(quoted, names_))
            connection.execute(f"CREATE TABLE {table} ({listed})")
            marks = ", ".join("?" * len(names_))
            plain = [[float(v) if isinstance(v, Decimal) else v for v in row] for row in rows]
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", plain)
            connection.execute(f"CREATE VIEW {quoted(view.name)} AS SELECT * FROM {table}")
            continue
        select = ", ".join(f"{_sqlite_sql(sql)} AS {quoted(name)}" for name, sql, _ in view.columns)
        connection.execute(f"CREATE VIEW {quoted(view.name)} AS SELECT {select} FROM {view.source}")


def _sqlite_sql(sql: str) -> str:
    """The expression of a view's column as SQLite has it: amounts by their numbers, none of which
    is out of range."""
    if "_overflow" in sql:
        return "0"
    plain = _DECIMAL.sub(lambda at: f"{at[1]}.{quoted(at[2] + REAL)} / 1e18", sql)
    return _BEYOND.sub(lambda at: f"abs({at[1]}.{quoted(at[2] + REAL)}) >= {at[3]}.0", plain)


def _sqlite_comments(connection: Any) -> None:
    """The meaning of every table and column, as rows."""
    connection.execute("CREATE TABLE column_comments (table_name, column_name, comment)")
    comments = [
        (name, column, text)
        for name, table in SCHEMA.items()
        for column, text in [(None, table.comment), *((c.name, c.comment) for c in table.columns)]
    ]
    comments += [
        (name, column.name + REAL, f"{column.name} as the nearest number, to sort by.")
        for name, table in SCHEMA.items()
        for column in table.columns
        if column.kind in _WIDE
    ]
    comments += [
        (view.name, column, text)
        for view in VIEWS
        for column, text in [(None, view.comment), *((n, text) for n, _, text in view.columns)]
    ]
    connection.executemany("INSERT INTO column_comments VALUES (?, ?, ?)", comments)


def _sqlite_columns(column: Column) -> tuple[str, ...]:
    """A column of CREATE TABLE, and the number beside an amount."""
    plain = f"{quoted(column.name)} {_SQLITE_TYPE.get(column.kind, 'TEXT')}"
    return (plain, f"{quoted(column.name + REAL)} REAL") if column.kind in _WIDE else (plain,)


def _sqlite_row(table: Table, row: Sequence[Any]) -> list[Any]:
    """A row as SQLite takes it: times as text, amounts as text and as numbers."""
    out: list[Any] = []
    for column, value in zip(table.columns, row, strict=True):
        known = value is not None
        text = column.kind in _WIDE or column.kind is Kind.WALL_CLOCK
        out.append(str(value) if known and text else value)
        if column.kind in _WIDE:
            out.append(float(value) if known else None)
    return out


def _rows(snapshot: Snapshot, table: Table) -> list[tuple[Any, ...]]:
    """All rows of a table, scan by scan, amounts whole."""
    scans = snapshot.query(f"SELECT DISTINCT scan_id FROM {quoted(table.name)} ORDER BY 1")[1]
    return [row for (scan,) in scans for row in snapshot.rows(table, str(scan))]


def datasette_metadata(source: Path) -> dict[str, Any]:
    """What Datasette shows beside the tables of `export_sqlite`: title, and of every table and view
    what it is and what each column means, by the name of the SQLite file.

    Source: docs.datasette.io, metadata: `databases.<name>.tables.<table>.columns`.
    """
    with open_snapshot(source) as snapshot:
        listed = snapshot.tables()
    tables: dict[str, Any] = {}
    for found in listed:
        columns = {column.name: column.comment for column in found.columns}
        table = SCHEMA.get(found.name)
        for column in () if table is None else table.columns:
            if column.kind in _WIDE:
                columns[column.name + REAL] = f"{column.name} as the nearest number, to sort by."
        columns = {name: text for name, text in columns.items() if not name.endswith("_overflow")}
        tables[found.name] = {"description": found.comment, "columns": columns}
    return {
        "title": f"{source.stem}: solvency, account by account",
        "description": "A snapshot of analyzer; amounts are decimal text, exact.",
        "databases": {source.stem: {"tables": tables}},
    }


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A file beside `target` that takes its name when nothing was raised.

    Raises: InputError when `target` is there already: an export replaces nothing.
    """
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} is there already: name another file")
    with replaced(target) as aside, writing(target):
        yield aside
