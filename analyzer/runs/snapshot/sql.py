"""SQL on a snapshot, read-only, with data of one's own beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from analyzer.store.snapshot import open_snapshot

Ask: TypeAlias = Callable[[str], tuple[list[str], list[tuple[Any, ...]]]]


@contextmanager
def asking(db: Path, beside: Mapping[str, Path] | None = None) -> Iterator[Ask]:
    """Gives a function: SQL -> (column names, rows) on the snapshot `db`; of the last statement,
    if there are several. beside: name -> CSV, Parquet or snapshot that SQL may use as well.

    Raises: InputError when a file is not what it should be, or a statement is wrong or writes.
    """
    with open_snapshot(db, beside=beside) as snapshot:
        yield snapshot.query


def sql(
    db: Path, statement: str, beside: Mapping[str, Path] | None = None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """(column names, rows) of `statement`, on a connection of its own; otherwise as `asking`."""
    with asking(db, beside) as ask:
        return ask(statement)
