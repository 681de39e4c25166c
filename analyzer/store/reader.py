"""Reads a snapshot: read-only, version checked, locked down, one query at a time.

A snapshot may come from anybody. What it carries beside rows is refused (`catalog`), and its
connection reaches no other file (`confine`); what is left is DuckDB's own reading of the file.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.model.errors import InputError
from analyzer.model.toml_file import shown
from analyzer.store.beside import attach, check_name, is_database, load_table
from analyzer.store.catalog import check_carries_nothing, check_tables, own_views
from analyzer.store.confine import lock
from analyzer.store.damage import DamagedError, is_damage, no_room, why_not_opened
from analyzer.store.files import ALIAS, INFO, check_kind, open_database
from analyzer.store.overflow256 import join
from analyzer.store.rows import Row
from analyzer.store.schema import Table, names, quoted
from analyzer.store.tables import TABLES, VERSION
from analyzer.store.views import VIEWS

if TYPE_CHECKING:
    import duckdb

KIND = "snapshot"
REMEDY = "scan again into another file, or remove this one"
DAMAGE_REMEDY = "scan again, or take it again from where it came"
_READS = frozenset({"SELECT", "EXPLAIN", "PRAGMA"})
"""The kinds of statements that only read, as DuckDB's own parser names them."""
_TEMPORARY = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*create\s+(?:or\s+replace\s+)?temp", re.I | re.S
)
"""What may be made: tables, views and macros that end with the connection."""

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


def _joined(table: Table, rows: list[Row]) -> list[Row]:
    """Rows of stored columns as rows of `table.columns`."""
    places = {column.name: place for place, column in enumerate(table.stored_columns)}
    # (where a column lies, where its overflow does): looked up once, not for each row.
    plan = [
        (places[column.name], places[over.name] if (over := column.overflow) else None)
        for column in table.columns
    ]
    if all(over is None for _, over in plan):
        return rows
    return [
        tuple(row[at] if over is None else join(row[at], row[over]) for at, over in plan)
        for row in rows
    ]


@contextmanager
def of_rows(path: Path) -> Iterator[None]:
    """For what is made of a file's rows: a file of somebody else may hold anything in them.

    Raises: InputError, instead of what is raised inside, for rows that analyzer does not write.
    """
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise InputError(
            f"{path}: its rows are not what analyzer writes ({shown(error)}): {DAMAGE_REMEDY}"
        ) from error


class Snapshot:
    """An open snapshot. A context manager; it never writes.

    external: SQL may do whatever DuckDB can, for files of one's own.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, path: Path, *, external: bool = False
    ) -> None:
        self._connection = connection
        self._external = external
        self.path = path

    def query(
        self, sql: str, parameters: Parameters = ()
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """(column names, rows) of SQL, of the last statement if there are several. Parameters by
        position, or by name (`$x`).

        HUGEINT comes back as int, DECIMAL as Decimal, BLOB as bytes.
        Raises: InputError with DuckDB's own words when a statement is wrong; when it would write,
        attach or set something; DamagedError when the file does not hold what was written.
        """
        import duckdb

        bound = dict(parameters) if isinstance(parameters, Mapping) else list(parameters)
        try:
            _check(sql, only_reads=not self._external)
            result = self._connection.execute(sql, bound)
            if result.description is None:
                return [], []
            columns = [str(column[0]) for column in result.description]
            return columns, result.fetchall()
        except duckdb.Error as error:
            if is_damage(error) and not self._external:
                raise self._unread(error) from error
            raise InputError(f"the query failed: {' '.join(str(error).split())}") from error

    def _unread(self, error: duckdb.Error) -> InputError:
        """Why a statement could not read: the file is damaged, or there is no room to work in."""
        folder = Path(tempfile.gettempdir())
        if no_room(folder):
            return InputError(f"the query failed: there is no room left in {folder}")
        return DamagedError(self.path, DAMAGE_REMEDY)

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
        self,
        table: Table,
        scan_id: str | None = None,
        *,
        accounts: Sequence[str] | None = None,
        as_written: bool = False,
    ) -> list[Row]:
        """The rows of one scan, or of all, in `table.columns` order, overflow columns joined in: by
        key, or in the order in which they were written. accounts: of these only, where given."""
        stored = table.stored_columns
        by_key = ", ".join(quoted(name) for name in table.key)
        listed, order = names(stored), "rowid" if as_written else by_key
        wanted: dict[str, object] = {}
        if scan_id is not None:
            wanted["scan_id = ?"] = scan_id
        if accounts is not None:
            wanted["list_contains(?, account_id)"] = list(accounts)
        where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
        _, rows = self.query(
            f"SELECT {listed} FROM {quoted(table.name)} {where} ORDER BY {order}",
            list(wanted.values()),
        )
        return _joined(table, rows)

    def tables(self) -> list[DescribedTable]:
        """Every table and view with its comments, tables first, in the order they were made."""
        _, objects = self.query(
            "SELECT table_name, 'table', comment, table_oid FROM duckdb_tables()"
            " WHERE database_name = current_database() UNION ALL"
            " SELECT view_name, 'view', comment, view_oid FROM duckdb_views()"
            " WHERE NOT internal AND database_name = current_database() ORDER BY 2, 4",
        )
        _, columns = self.query(
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns()"
            " WHERE NOT internal AND database_name = current_database()"
            " ORDER BY table_name, column_index",
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

    def __exit__(self, *_: object) -> None:
        self.close()


def open_snapshot(
    path: Path, *, external: bool = False, beside: Mapping[str, Path] | None = None
) -> Snapshot:
    """The snapshot at `path`, read-only; its connection reaches no other file.

    beside: name -> CSV, Parquet or snapshot of one's own, loaded before the connection is locked.
    external: it is never locked, and what the file carries is not looked at.
    Raises: InputError when there is none, it is not ours, of another version, or carries what
    analyzer does not write; DamagedError.
    """
    import duckdb

    if not path.exists():
        raise InputError(f"there is no snapshot at {path}: `analyzer scan --db {path}` makes one")
    connection = open_database(path, read_only=True, remedy=DAMAGE_REMEDY, external=True)
    try:
        for name, file in (beside or {}).items():
            _bring(connection, name, file)
        if external:
            check_kind(connection, path, kind=KIND, version=VERSION, remedy=REMEDY)
        else:
            lock(connection)
            check_snapshot(connection, path)
            own_views(connection, ALIAS, VIEWS)
            for name, file in (beside or {}).items():
                _check_brought(connection, name, file)
    except duckdb.Error as error:
        connection.close()
        raise DamagedError(path, DAMAGE_REMEDY) from error
    except BaseException:
        connection.close()
        raise
    return Snapshot(connection, path, external=external)


def check_snapshot(connection: duckdb.DuckDBPyConnection, path: Path, name: str = ALIAS) -> None:
    """Sees that an attached file is a snapshot of this version and holds what we write, no more.

    Raises: InputError.
    """
    check_carries_nothing(connection, path, name)
    if name == ALIAS:
        check_kind(connection, path, kind=KIND, version=VERSION, remedy=REMEDY)
    check_tables(connection, path, name, (INFO, *TABLES), VIEWS)


def _bring(connection: duckdb.DuckDBPyConnection, name: str, file: Path) -> None:
    """Loads or attaches one file of `--with`. Raises: InputError."""
    import duckdb

    check_name(connection, name)
    if not is_database(file):
        load_table(connection, name, file)
        return
    try:
        attach(connection, name, file)
    except duckdb.Error as error:
        raise why_not_opened(file, error, DAMAGE_REMEDY) from error


def _check_brought(connection: duckdb.DuckDBPyConnection, name: str, file: Path) -> None:
    """Sees that an attached file of `--with` is a snapshot and no more. Raises: InputError."""
    if is_database(file):
        check_snapshot(connection, file, name)


def _check(sql: str, *, only_reads: bool) -> None:
    """Sees that there is a statement, and that each only reads or makes something temporary.

    Raises: InputError where there is none (an empty text, a comment alone) and naming the first
    that would do more; duckdb.Error for what is no SQL.
    """
    import duckdb

    statements = duckdb.extract_statements(sql)
    if not statements:
        raise InputError("the query failed: there is no statement in it")
    for statement in statements if only_reads else ():
        kind = statement.type.name
        if kind in _READS or (kind == "CREATE" and _TEMPORARY.match(statement.query)):
            continue
        raise InputError(
            f"the query failed: SQL only reads here, {kind} is refused (--format FORMAT=FILE writes"
            " results to a file, --with NAME=FILE brings data of your own)"
        )
