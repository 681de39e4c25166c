"""Our database files: how each is recognised, opened and refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.model.atomic import real_path
from analyzer.model.errors import InputError
from analyzer.store.confine import connect, lock
from analyzer.store.damage import check_head, no_room, why_not_opened
from analyzer.store.load import fetch
from analyzer.store.schema import Column, Kind, Table, path_literal

if TYPE_CHECKING:
    import duckdb

_RESTORE = "take it from where it came, or make it again"

INFO = Table(
    "analyzer_file",
    "What this file is. One row.",
    (
        Column("kind", Kind.TEXT, "`index` or `snapshot`.", key=True),
        Column("version", Kind.COUNT, "Version of the file's tables."),
    ),
)
"""The table by which a file of ours is known."""


ALIAS = "analyzer_db"
"""The name of the opened file in SQL; none of its tables has to be named with it."""


def open_database(
    path: Path, *, read_only: bool, remedy: str = _RESTORE, external: bool = False
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection to `path` that can reach nothing else: see `confine`.

    remedy: what to do about a damaged file. external: the connection is not locked, for files of
    one's own, and for what is still to be attached before `lock`.
    Raises: InputError when it is no DuckDB file, cannot be reached, is damaged (DamagedError), or
    another process writes it.
    """
    import duckdb

    target = real_path(path)
    if target.is_dir() or not target.parent.is_dir():
        what = "is a folder" if target.is_dir() else f"cannot be made: {path.parent} is no folder"
        raise InputError(f"{path} {what}")
    if target.exists() and not target.is_file():
        raise InputError(f"{path} is no regular file")
    named = path_literal(target)
    if target.exists() and (read_only or target.stat().st_size):
        check_head(path)
    is_new = not target.exists()
    connection = connect()
    try:
        how = " (READ_ONLY)" if read_only else ""
        connection.execute(f"ATTACH {named} AS {ALIAS}{how}")
        connection.execute(f"USE {ALIAS}")
        if not external:
            lock(connection)
    except duckdb.Error as error:
        connection.close()
        if not read_only and (is_new or no_room(target.parent)):
            why = _why_not_written(target.parent, error)
            if is_new:
                target.unlink(missing_ok=True)
            raise InputError(f"{path} cannot be written: {why}") from error
        raise why_not_opened(path, error, remedy) from error
    return connection


def cursor_of(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A second connection to what `open_database` opened, for a result that stays open."""
    cursor = connection.cursor()
    cursor.execute(f"USE {ALIAS}")
    return cursor


def check_kind(
    connection: duckdb.DuckDBPyConnection, path: Path, *, kind: str, version: int, remedy: str
) -> None:
    """Sees that an open file is ours, of that kind and version.

    Raises: InputError that says what it is instead, and `remedy`.
    """
    found = file_kind(connection)
    if found is None:
        raise InputError(f"{path} was not made by analyzer: name another file")
    if found[0] != kind:
        raise InputError(
            f"{path} holds the {found[0]} of analyzer, its {kind} is wanted: name another file"
        )
    if found[1] != version:
        article = "an" if kind == "index" else "a"
        raise InputError(
            f"{path} is {article} {kind} of version {found[1]}, this program writes version"
            f" {version}: {remedy}"
        )


def file_kind(connection: duckdb.DuckDBPyConnection) -> tuple[str, int] | None:
    """(kind, version) of an open file, or None when it is not one of ours."""
    known = fetch(
        connection,
        "SELECT list(column_name || ' ' || data_type ORDER BY column_index) FROM duckdb_columns()"
        " WHERE database_name = current_database() AND schema_name = 'main' AND table_name = ?",
        [INFO.name],
    )
    if known[0][0] != [f"{column.name} {column.sql_type}" for column in INFO.columns]:
        return None
    rows = fetch(connection, f"SELECT kind, version FROM {INFO.name} LIMIT 2")
    if len(rows) != 1 or None in rows[0]:
        return None
    return str(rows[0][0]), int(rows[0][1])


def is_empty(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether an open file holds no table and no view at all."""
    return not fetch(
        connection,
        "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() UNION ALL"
        " SELECT 1 FROM duckdb_views() WHERE database_name = current_database()"
        " AND NOT internal LIMIT 1",
    )


def write_kind(connection: duckdb.DuckDBPyConnection, *, kind: str, version: int) -> None:
    """Makes an empty file ours."""
    for statement in INFO.ddl():
        connection.execute(statement)
    connection.execute(f"INSERT INTO {INFO.name} VALUES (?, ?)", [kind, version])


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tells why a database could not be written to `path`: a full disk, a folder that is gone.

    Raises: InputError for what DuckDB says of the disk; everything else as it is.
    """
    import duckdb

    try:
        yield
    except (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException) as error:
        why = _why_not_written(path.parent, error)
        raise InputError(f"{path} cannot be written: {why}") from error


def _why_not_written(folder: Path, error: Exception) -> str:
    """Why DuckDB could not write in a folder, in one line."""
    return "no room left on the disk" if no_room(folder) else " ".join(str(error).split())


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing: committed at the end, rolled back when anything is raised."""
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
