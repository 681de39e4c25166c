"""Several snapshots for Python at once: the same tables, one after the other.

with analyzer.open_all("monday.duckdb", "tuesday.duckdb") as days:
    days.accounts()                 snapshot and block_number in front of every row
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.api.database import Database
from analyzer.api.frames import Money
from analyzer.api.kin import Kept, Kin
from analyzer.model.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_LEAD = ("snapshot", "block_number", "deployment")


class Databases(Kin):
    """Open snapshots, in the order of their blocks. A context manager; every method reads."""

    def __init__(self, paths: Sequence[Path]) -> None:
        if not paths:
            raise InputError("which snapshots? name at least one file")
        with ExitStack() as opening:
            opened = [opening.enter_context(Database(path)) for path in paths]
            self._closing = opening.pop_all()
        self.databases = tuple(opened)

    def table(
        self, name: str, *, deployment: str | None = None, money: Money = "decimal"
    ) -> pd.DataFrame:
        """A table of all snapshots, with the snapshot's name, the block and the deployment in
        front; otherwise as `Database.table`. Raises: InputError where one of them has no such
        deployment."""
        return self._frame(name, deployment=deployment, money=money)

    def _kept(self, name: str, deployment: str | None) -> Kept:
        """The rows of a table, by block, snapshot and key. Raises: InputError."""
        rows = []
        for database in self.databases:
            blocks = database.blocks()
            kept = database._kept(name, deployment)
            at = [column.name for column in kept.table.columns].index("scan_id") + len(kept.lead)
            rows += [
                (database.path.name, blocks[str(row[at])], row[0], *row[1:]) for row in kept.rows
            ]
            table = kept.table
        return Kept(table, _LEAD, sorted(rows, key=itemgetter(1, 0, 2)))

    def close(self) -> None:
        """Closes every file."""
        self._closing.close()

    def __enter__(self) -> Databases:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_all(*paths: str | Path) -> Databases:
    """The snapshots at `paths`, read-only: what `analyzer.open_all` is. Raises: InputError as
    `open_database` does."""
    return Databases([Path(path) for path in paths])
