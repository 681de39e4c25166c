"""SQL on a snapshot, read-only."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def sql(db: Path, statement: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """(column names, rows) of `statement` on the snapshot `db`; of the last one, if several.

    Raises: InputError when the file is no snapshot of ours or the statement is wrong or writes.
    """
    from analyzer.store.snapshot import open_snapshot

    with open_snapshot(db) as snapshot:
        return snapshot.query(statement)
