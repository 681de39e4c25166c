"""What is done about a database file that can be made again, when reading it fails half way.

    a statement fails ──▶ every block of the file read once more ──┬─▶ damaged: put aside, said
                                                                   └─▶ whole: the disk refused, said

Only a file that was known as ours when it was opened comes here: nothing else is ever moved.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.model.atomic import real_path
from analyzer.model.errors import InputError
from analyzer.store.damage import DamagedError, is_damage, no_room
from analyzer.store.files import open_database
from analyzer.store.load import fetch
from analyzer.store.schema import quoted

if TYPE_CHECKING:
    import duckdb

_DAMAGED = ".damaged"


@contextmanager
def reading(path: Path, remedy: str) -> Iterator[None]:
    """Tells of a file that opens and cannot be read that it is damaged.

    Raises: DamagedError for what DuckDB says of the file; everything else as it is.
    """
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        if is_damage(error):
            raise DamagedError(path, remedy) from error
        raise


@contextmanager
def making(path: Path, remedy: str) -> Iterator[None]:
    """The same for a file that may be written as well: a full disk is no damage.

    Raises: InputError for what DuckDB says of the disk, DamagedError; everything else as it is.
    """
    import duckdb

    try:
        with reading(path, remedy):
            yield
    except (DamagedError, duckdb.TransactionException) as error:
        if no_room(real_path(path).parent):
            raise InputError(f"{path} cannot be written: no room left on the disk") from error
        if isinstance(error, DamagedError):
            raise
        said = " ".join(str(error).split())
        raise InputError(f"{path} cannot be written: {said}") from error


def after_failure(path: Path, error: duckdb.Error) -> InputError:
    """What to say when a statement on our own, now closed, file at `path` failed with `error`. A
    file that is damaged is put aside, so that the next run makes a new one."""
    folder = real_path(path).parent
    if no_room(folder):
        return InputError(f"{path} cannot be written: no room left in {folder}")
    if _is_whole(path):
        said = " ".join(str(error).split())
        return InputError(f"{path} cannot be written: {said}")
    try:
        aside = _put_aside(real_path(path))
    except OSError:
        return DamagedError(path, "remove it, it will be made again from the chain")
    return DamagedError(
        path, f"it was put aside as {aside.name}; run again, and it is made again from the chain"
    )


def _is_whole(path: Path) -> bool:
    """Whether every value of every table can be read."""
    import duckdb

    try:
        with closing(open_database(path, read_only=True)) as connection:
            names = fetch(
                connection,
                "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()",
            )
            for (name,) in names:
                fetch(connection, f"SELECT bit_xor(hash(t)) FROM {quoted(str(name))} t")
    except (duckdb.Error, InputError):
        return False
    return True


def _put_aside(path: Path) -> Path:
    """Gives a file another name, which nothing has; its log of unfinished writes goes along."""
    number = 1
    aside = path.with_name(path.name + _DAMAGED)
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}{_DAMAGED}.{number}")
    os.replace(path, aside)
    with suppress(FileNotFoundError):
        os.replace(path.with_name(path.name + ".wal"), aside.with_name(aside.name + ".wal"))
    return aside
