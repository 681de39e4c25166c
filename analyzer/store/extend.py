"""Adds rows to a snapshot: to a copy, which is then renamed into place.

A snapshot is never changed where it lies: whoever has it open keeps what was there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from analyzer.model.atomic import replaced
from analyzer.store.catalog import remake_views
from analyzer.store.files import open_database, transaction, writing
from analyzer.store.load import load_rows
from analyzer.store.reader import check_snapshot, open_snapshot
from analyzer.store.schema import Column, Table, names, quoted
from analyzer.store.snapshot import SCHEMA, check_replaceable
from analyzer.store.views import VIEWS

_PLACE = 2
"""Rows that agree in this many leading key columns (scan and run) are replaced together."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Rows that go before others come: those of `table` where `condition` holds."""

    table: str
    condition: str
    parameters: tuple[object, ...] = ()


def extend_snapshot(
    source: Path,
    target: Path,
    rows: Mapping[str, Iterable[Sequence[object]]],
    remove: Sequence[Remove] = (),
) -> None:
    """Writes the snapshot `source` with more `rows` (table -> rows in the order of its columns) to
    `target`, which may be the same file.

    Rows that are there with the same first two key columns are replaced, and `remove` goes first.
    Raises: InputError for a source that is no snapshot of this version, or a target that is
    another kind of file; KeyError for an unknown table. Whatever is raised, `target` is as it was.
    """
    tables = {name: SCHEMA[name] for name in rows}
    open_snapshot(source).close()
    check_replaceable(target)
    with replaced(target) as aside, writing(target):
        shutil.copyfile(source, aside)
        with closing(open_database(aside, read_only=False)) as connection:
            check_snapshot(connection, source)
            with transaction(connection):
                for old in remove:
                    sql = f"DELETE FROM {quoted(old.table)} WHERE {old.condition}"
                    connection.execute(sql, list(old.parameters))
                for name, table in tables.items():
                    found = list(rows[name])
                    keys = len(_place(table))
                    for place in sorted({tuple(map(str, row[:keys])) for row in found}):
                        connection.execute(_delete(table), list(place))
                    load_rows(connection, table, found)
                remake_views(connection, VIEWS)


def _delete(table: Table) -> str:
    """The statement that removes the rows of one scan and run."""
    conditions = " AND ".join(f"{names([key])} = ?" for key in _place(table))
    return f"DELETE FROM {quoted(table.name)} WHERE {conditions}"


def _place(table: Table) -> list[Column]:
    """The leading key columns of rows that are replaced together: a table may have one alone."""
    return [column for column in table.columns if column.key][:_PLACE]
