"""Our database files: how each is recognised, opened and refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.model.errors import InputError
from analyzer.store.load import fetch
from analyzer.store.schema import Column, Kind, Table

if TYPE_CHECKING:
    import duckdb

INFO = Table(
    "analyzer_file",
    "What this file is. One row.",
    (
        Column("kind", Kind.TEXT, "`index` or `snapshot`.", key=True),
        Column("version", Kind.COUNT, "Version of the file's tables."),
    ),
)
"""The table by which a file of ours is known."""


def open_database(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection to `path`.

    Raises: InputError when it is no DuckDB file, cannot be reached, or another process writes it.
    """
    import duckdb

    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else f"cannot be made: {path.parent} is no folder"
        raise InputError(f"{path} {what}")
    try:
        return duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        text = str(error)
        if "lock" in text.lower():
            raise InputError(
                f"{path} is being written by another process: wait for it, or name another file"
            ) from error
        if "permission denied" in text.lower():
            raise InputError(f"{path}: permission denied") from error
        raise InputError(f"{path} is not a database of analyzer (nor any DuckDB file)") from error


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
        raise InputError(
            f"{path} is a {kind} of version {found[1]}, this program writes version {version}:"
            f" {remedy}"
        )


def file_kind(connection: duckdb.DuckDBPyConnection) -> tuple[str, int] | None:
    """(kind, version) of an open file, or None when it is not one of ours."""
    known = fetch(connection, "SELECT 1 FROM duckdb_tables() WHERE table_name = ? ", [INFO.name])
    rows = fetch(connection, f"SELECT kind, version FROM {INFO.name}") if known else []
    return (str(rows[0][0]), int(rows[0][1])) if len(rows) == 1 else None


def is_empty(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether an open file holds no table and no view at all."""
    return not fetch(
        connection,
        "SELECT 1 FROM duckdb_tables() UNION ALL"
        " SELECT 1 FROM duckdb_views() WHERE NOT internal LIMIT 1",
    )


def write_kind(connection: duckdb.DuckDBPyConnection, *, kind: str, version: int) -> None:
    """Makes an empty file ours."""
    for statement in INFO.ddl():
        connection.execute(statement)
    connection.execute(f"INSERT INTO {INFO.name} VALUES (?, ?)", [kind, version])


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
