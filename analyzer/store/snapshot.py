"""Writes a snapshot: aside first, then renamed into place, so that no reader sees half of one.

    rows ──▶ .<name>.<process>.partial ──checks──▶ rename ──▶ <name>

A reader that has the old file open keeps it. A file that is not ours is never replaced.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from analyzer.model.errors import InputError
from analyzer.store.files import check_kind, open_database, transaction, write_kind
from analyzer.store.load import fetch, load_rows
from analyzer.store.reader import KIND, REMEDY, Snapshot, open_snapshot
from analyzer.store.schema import Table
from analyzer.store.snapshot_schema import TABLES, VERSION
from analyzer.store.views import VIEWS

__all__ = ["SCHEMA", "Snapshot", "check_replaceable", "open_snapshot", "write_snapshot"]

_PARTIAL = ".partial"

SCHEMA: Mapping[str, Table] = {table.name: table for table in TABLES}
"""Every table of a snapshot by name, with its columns and their comments."""


def check_replaceable(path: Path) -> None:
    """Sees, before long work, that a snapshot may be written at `path`.

    Raises: InputError when a file is there that is no snapshot of ours (it is left alone), or one
    of another version, or when its folder does not exist.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: {path.parent} is no folder")
    if not path.exists():
        return
    with closing(open_database(path, read_only=True)) as connection:
        check_kind(connection, path, kind=KIND, version=VERSION, remedy=REMEDY)


def write_snapshot(path: Path, rows: Mapping[str, Iterable[Sequence[object]]]) -> dict[str, int]:
    """Writes `rows` (table -> rows in the order of its columns) as the snapshot `path`.

    Every table is made, with comments, whether or not it has rows. Says how many rows each has.
    Raises: InputError for a file that is not ours at `path`; KeyError for an unknown table.
    Whatever is raised, `path` is as it was before.
    """
    unknown = sorted(set(rows) - set(SCHEMA))
    if unknown:
        raise KeyError(f"a snapshot has no table {', '.join(unknown)}")
    check_replaceable(path)
    aside = partial_beside(path)
    try:
        written = _write(aside, rows)
        os.replace(aside, path)
    except BaseException:
        for leftover in (aside, aside.with_name(aside.name + ".wal")):
            with suppress(FileNotFoundError):
                leftover.unlink()
        raise
    return written


def partial_beside(path: Path) -> Path:
    """Where a file that will be renamed to `path` is written; what killed runs left is removed."""
    _remove_leftovers(path)
    return path.with_name(f".{path.name}.{os.getpid()}{_PARTIAL}")


def _remove_leftovers(path: Path) -> None:
    """Removes what killed runs left beside `path`; the files of runs that still go on stay."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*{_PARTIAL}*"):
        process = leftover.name.removeprefix(f".{path.name}.").split(".", 1)[0]
        if process.isdigit() and (int(process) == os.getpid() or not _is_running(int(process))):
            leftover.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    """Whether a process of that number exists."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write(path: Path, rows: Mapping[str, Iterable[Sequence[object]]]) -> dict[str, int]:
    """Makes the file, loads it and sees that every table holds what it was given."""
    written: dict[str, int] = {}
    with closing(open_database(path, read_only=False)) as connection:
        with transaction(connection):
            write_kind(connection, kind=KIND, version=VERSION)
            for table in TABLES:
                for statement in table.ddl():
                    connection.execute(statement)
                written[table.name] = load_rows(connection, table, rows.get(table.name, ()))
            for view in VIEWS:
                for statement in view.ddl():
                    connection.execute(statement)
        for name, expected in written.items():
            stored = fetch(connection, f"SELECT count(*) FROM {name}")[0][0]
            if stored != expected:
                raise RuntimeError(f"table {name}: {expected} rows written, {stored} stored")
    return written
