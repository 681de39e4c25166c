"""Writes a snapshot: aside first, then renamed into place, so that no reader sees half of one.

    rows ──▶ .<name>.<process>.partial ──checks──▶ rename ──▶ <name>

A reader that has the old file open keeps it. A file that is not ours is never replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from analyzer.model.atomic import check_place, replaced
from analyzer.model.errors import InputError
from analyzer.store.files import check_kind, open_database, transaction, write_kind, writing
from analyzer.store.heal import reading
from analyzer.store.load import fetch, load_rows
from analyzer.store.reader import KIND, REMEDY, Snapshot, open_snapshot
from analyzer.store.schema import Table
from analyzer.store.tables import TABLES, VERSION
from analyzer.store.views import VIEWS

__all__ = ["SCHEMA", "Snapshot", "check_replaceable", "open_snapshot", "write_snapshot"]

SCHEMA: Mapping[str, Table] = {table.name: table for table in TABLES}
"""Every table of a snapshot by name, with its columns and their comments."""


def check_replaceable(path: Path) -> None:
    """Sees, before long work, that a snapshot may be written at `path`.

    Raises: InputError when a file is there that is no snapshot of ours (it is left alone), or one
    of another version, a damaged one, or when there is no folder that takes it.
    """
    target = check_place(path)
    if not target.exists():
        return
    if target.with_name(target.name + ".wal").exists():
        raise InputError(
            f"{path} is open in another program, or was when that ended ({target.name}.wal lies"
            " beside it): close it there, or name another file"
        )
    opened = open_database(path, read_only=True, remedy=REMEDY)
    with closing(opened) as connection, reading(path, REMEDY):
        check_kind(connection, path, kind=KIND, version=VERSION, remedy=REMEDY)


def write_snapshot(path: Path, rows: Mapping[str, Iterable[Sequence[object]]]) -> dict[str, int]:
    """Writes `rows` (table -> rows in the order of its columns) as the snapshot `path`.

    Every table is made, with comments, whether or not it has rows. Says how many rows each has.
    Raises: InputError for a file that is not ours at `path`, and where it cannot be written;
    KeyError for an unknown table. Whatever is raised, `path` is as it was before.
    """
    unknown = sorted(set(rows) - set(SCHEMA))
    if unknown:
        raise KeyError(f"a snapshot has no table {', '.join(unknown)}")
    check_replaceable(path)
    with replaced(path) as aside, writing(path):
        return _write(aside, rows)


def _write(path: Path, rows: Mapping[str, Iterable[Sequence[object]]]) -> dict[str, int]:
    """Makes the file, loads it and sees that every table holds what it was given.

    Table by table, each committed before the next is made: nobody reads the file before it has
    its name, and what is committed need not stay in memory. No limit is set on what DuckDB holds:
    the index of a table's keys has to lie in memory, and beyond a limit the table fails.
    """
    written: dict[str, int] = {}
    _make_empty(path)
    with ExitStack() as stack:
        connection = stack.enter_context(closing(open_database(path, read_only=False)))
        for table in TABLES:
            with transaction(connection):
                count = load_rows(connection, table, rows.get(table.name, ()))
            written[table.name] = count
            if count > _MANY:
                # Ends the index of its keys, and DuckDB's cache of the file.
                stack.close()
                connection = stack.enter_context(closing(open_database(path, read_only=False)))
        for name, expected in written.items():
            stored = fetch(connection, f"SELECT count(*) FROM {name}")[0][0]
            if stored != expected:
                raise RuntimeError(f"table {name}: {expected} rows written, {stored} stored")
    return written


_MANY = 50_000
"""After a table of more rows the file is opened anew."""
_empty: list[bytes] = []
"""The file without rows, once this process has made one."""


def _make_empty(path: Path) -> None:
    """A new file with every table, view and comment, and no row.

    These are some 550 statements, four fifths of the time of a small snapshot; a process that
    writes one after another (`watch`, `backfill`) makes them once and then copies the bytes.
    """
    if _empty:
        path.write_bytes(_empty[0])
        return
    with closing(open_database(path, read_only=False)) as connection, transaction(connection):
        write_kind(connection, kind=KIND, version=VERSION)
        for statements in (*(t.ddl() for t in TABLES), *(v.ddl() for v in VIEWS)):
            for statement in statements:
                connection.execute(statement)
    if not path.with_name(path.name + ".wal").exists():
        _empty.append(path.read_bytes())
