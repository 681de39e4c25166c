"""Data of one's own beside a snapshot: `--with NAME=FILE`, loaded before the connection is locked.

CSV becomes a table in memory, and so does Parquet; another snapshot is attached, and its tables
are `NAME.margin`, `NAME.scans`, ... What a file is, its first bytes say.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.model.atomic import problem_of, real_path
from analyzer.model.errors import InputError
from analyzer.store.load import fetch
from analyzer.store.schema import path_literal, quoted

if TYPE_CHECKING:
    import duckdb

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARQUET = b"PAR1"
_DUCKDB_AT, _DUCKDB = 8, b"DUCK"
_GLOB = re.compile(r"[*?\[{]")
_TAKEN = frozenset({"main", "temp", "system", "memory", "pg_catalog", "information_schema"})


def is_database(path: Path) -> bool:
    """Whether a file is a DuckDB file. Raises: InputError when it cannot be read."""
    return _head(path)[_DUCKDB_AT : _DUCKDB_AT + len(_DUCKDB)] == _DUCKDB


def check_name(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Sees that a name is one for SQL and means nothing else yet.

    Raises: InputError.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"--with {name}=..: a name is letters, digits and _, no digit first")
    known = fetch(
        connection,
        "SELECT 1 FROM duckdb_tables() WHERE lower(table_name) = ? UNION ALL"
        " SELECT 1 FROM duckdb_views() WHERE NOT internal AND lower(view_name) = ? UNION ALL"
        " SELECT 1 FROM duckdb_databases() WHERE lower(database_name) = ?",
        [name.lower()] * 3,
    )
    if known or name.lower() in _TAKEN:
        raise InputError(f"--with {name}=..: that name is taken: choose another")


def attach(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    """Attaches a DuckDB file under a name, for reading. Raises: duckdb.Error."""
    connection.execute(f"ATTACH {path_literal(path.resolve())} AS {quoted(name)} (READ_ONLY)")


def load_table(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    """Reads a CSV or Parquet file into a table in memory. Whole numbers of CSV stay exact up to
    127 bits, others become DOUBLE.

    Raises: InputError when the file cannot be read, or is neither.
    """
    import duckdb

    if _GLOB.search(str(path)):
        raise InputError(f"--with {name}={path}: a name with * ? [ or {{ in it would mean several")
    reader = "read_parquet" if _head(path).startswith(_PARQUET) else "read_csv"
    source = f"{reader}({path_literal(path.resolve())})"
    try:
        connection.execute(f"CREATE TEMP TABLE {quoted(name)} AS SELECT * FROM {source}")
    except duckdb.Error as error:
        said = " ".join(str(error).split())
        raise InputError(f"--with {name}={path} is no CSV, Parquet or snapshot: {said}") from error


def _head(path: Path) -> bytes:
    """The first bytes of a file. Raises: InputError."""
    if real_path(path).exists() and not path.is_file():
        raise InputError(f"{path} cannot be read: it is no regular file")
    try:
        with path.open("rb") as file:
            head = file.read(_DUCKDB_AT + len(_DUCKDB))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {problem_of(error)}") from error
    if not head:
        raise InputError(f"{path} is empty: it holds no table")
    return head
