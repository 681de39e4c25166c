"""Connections that touch nothing but the files they were opened for.

A database of somebody else is data. SQL on it reads no other file, writes none, loads no
extension, asks no network, sees no Python variable, and cannot change any of this: the settings
below are set when the files are attached and are locked before the first statement of a user, or
the first view of a file, is looked at. What remains is that DuckDB itself reads the file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.model.scratch import Scratch
from analyzer.store.schema import literal, path_literal

if TYPE_CHECKING:
    import duckdb

_SETTINGS = (
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "allow_community_extensions = false",
    "allow_persistent_secrets = false",
    "python_enable_replacements = false",
)
"""What holds from the first statement on."""
_numbers = count()


def connect() -> duckdb.DuckDBPyConnection:
    """A connection in memory that loads nothing by itself; `lock` makes it read nothing either.

    What it cannot hold in memory goes to a folder of ours, which ends with the process.
    """
    import duckdb

    connection = duckdb.connect()
    for setting in (*_SETTINGS, f"temp_directory = {literal(_spill_folder())}"):
        connection.execute(f"SET {setting}")
    return connection


def lock(connection: duckdb.DuckDBPyConnection, folders: Sequence[Path] = ()) -> None:
    """Ends all access to files but those that are attached, and those in `folders`; for good."""
    if folders:
        listed = ", ".join(path_literal(folder) for folder in folders)
        connection.execute(f"SET allowed_directories = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _spill_folder() -> str:
    """A folder of this connection's own, which DuckDB makes when it needs it; '' = there is no
    place for one, and what does not fit in memory fails."""
    folder = _scratch(os.getpid())
    return "" if folder is None else str(Path(folder.name) / str(next(_numbers)))


@cache
def _scratch(_process: int) -> Scratch | None:
    """This process's folder, readable by nobody else."""
    try:
        return Scratch("sql")
    except OSError:
        return None
