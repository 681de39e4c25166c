"""Reads a snapshot: read-only, version checked, one query at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from analyzer.model.errors import InputError
from analyzer.store.files import INFO, check_kind, open_database
from analyzer.store.load import fetch
from analyzer.store.schema import Table, names, quoted
from analyzer.store.snapshot_schema import VERSION
from analyzer.store.wide import join

if TYPE_CHECKING:
    import duckdb

KIND = "snapshot"
REMEDY = "scan again into another file, or remove this one"

Parameters = Sequence[object] | Mapping[str, object]


@dataclass(frozen=True, slots=True)
class DescribedColumn:
    """One column of a file: `type` is DuckDB's, `comment` its meaning and unit."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True, slots=True)
class DescribedTable:
    """One table or view of a file (`kind`), with its comment and columns."""

    name: str
    kind: str
    comment: str
    columns: tuple[DescribedColumn, ...]


class Snapshot:
    """An open snapshot. A context manager; it never writes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def query(
        self, sql: str, parameters: Parameters = ()
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """(column names, rows) of one SQL statement. Parameters by position, or by name (`$x`).

        HUGEINT comes back as int, DECIMAL as Decimal, BLOB as bytes.
        Raises: InputError with DuckDB's own words when the statement is wrong, or would write.
        """
        import duckdb

        bound = dict(parameters) if isinstance(parameters, Mapping) else list(parameters)
        try:
            result = self._connection.execute(sql, bound)
            if result.description is None:
                return [], []
            columns = [str(column[0]) for column in result.description]
            return columns, result.fetchall()
        except duckdb.Error as error:
            raise InputError(f"the query failed: {' '.join(str(error).split())}") from error

    def amount(
        self, table: str, column: str, where: str, parameters: Parameters = ()
    ) -> int | None:
        """One exact amount, its overflow column joined in; None when it is unknown.

        Raises: InputError when not exactly one row is meant.
        """
        _, rows = self.query(
            f"SELECT {column}, {column}_overflow FROM {table} WHERE {where}", parameters
        )
        if len(rows) != 1:
            raise InputError(f"{table} where {where}: {len(rows)} rows, one was expected")
        return join(rows[0][0], rows[0][1])

    def rows(
        self, table: Table, scan_id: str, *, as_written: bool = False
    ) -> list[tuple[Any, ...]]:
        """The rows of one scan in `table.columns` order, overflow columns joined in: by key, or in
        the order in which they were written."""
        stored = table.stored_columns
        by_key = ", ".join(quoted(name) for name in table.key)
        listed, order = names(stored), "rowid" if as_written else by_key
        _, rows = self.query(
            f"SELECT {listed} FROM {quoted(table.name)} WHERE scan_id = ? ORDER BY {order}",
            [scan_id],
        )
        places = {column.name: place for place, column in enumerate(stored)}
        # (where a column lies, where its overflow does): looked up once, not for each row.
        plan = [
            (places[column.name], places[over.name] if (over := column.overflow) else None)
            for column in table.columns
        ]
        return [
            tuple(row[at] if over is None else join(row[at], row[over]) for at, over in plan)
            for row in rows
        ]

    def tables(self) -> list[DescribedTable]:
        """Every table and view with its comments, tables first, in the order they were made."""
        objects = fetch(
            self._connection,
            "SELECT table_name, 'table', comment, table_oid FROM duckdb_tables()"
            " WHERE NOT internal UNION ALL SELECT view_name, 'view', comment, view_oid"
            " FROM duckdb_views() WHERE NOT internal ORDER BY 2, 4",
        )
        columns = fetch(
            self._connection,
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns()"
            " WHERE NOT internal ORDER BY table_name, column_index",
        )
        return [
            DescribedTable(
                name,
                kind,
                comment or "",
                tuple(DescribedColumn(c, t, note or "") for n, c, t, note in columns if n == name),
            )
            for name, kind, comment, _ in objects
            if name != INFO.name
        ]

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_snapshot(path: Path) -> Snapshot:
    """The snapshot at `path`, read-only.

    Raises: InputError when there is none, it is not ours, or it is of another version.
    """
    if not path.exists():
        raise InputError(f"there is no snapshot at {path}: `analyzer scan --db {path}` makes one")
    connection = open_database(path, read_only=True)
    try:
        check_kind(connection, path, kind=KIND, version=VERSION, remedy=REMEDY)
    except BaseException:
        connection.close()
        raise
    return Snapshot(connection, path)
