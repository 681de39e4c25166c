"""Tells whether a derivative protocol is solvent, account by account, straight from the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from analyzer.api import BookDatabase, Database, Databases, Frame, HistoryDatabase

__version__ = "0.1.0"
"""A snapshot's scans name the version that made them."""


def open(path: str | Path, *, external: bool = False) -> Database:
    """The snapshot at `path` for Python: tables as DataFrames, exact money, the book itself.

    Its SQL reads the snapshot and nothing else of this machine, whoever made the file.
    external=True is for files of one's own: `.sql` then does whatever DuckDB can, read_csv and
    COPY included, and so do views and macros that somebody put into the file.
    See `analyzer.api.database.Database`. Raises: InputError when there is no such snapshot.
    """
    from analyzer.api import open_database

    return open_database(path, external=external)


def book(
    frame: Frame,
    prices: Frame,
    rules: str | Path | Mapping[str, object],
    *,
    db: str | Path | None = None,
    name: str | None = None,
) -> BookDatabase:
    """A table of positions as a snapshot for Python: `analyzer book import` without files.

    frame: positions, prices: prices; each a DataFrame, an Arrow table, columns by name, or a CSV or
    Parquet file, with the columns of docs/book.md. rules: the TOML file, or the same as a mapping.
    db: where the snapshot is to stay; without it, it ends with the object. name: of the book.
    Raises: InputError with row and column of what is wrong; UnreadError for an empty table.
    """
    from pathlib import Path

    from analyzer.api import BookDatabase

    return BookDatabase(frame, prices, rules, None if db is None else Path(db), name)


def open_all(*paths: str | Path) -> Databases:
    """The snapshots at `paths` for Python, their tables one after the other.

    See `analyzer.api.many.Databases`. Raises: InputError when one of them is none.
    """
    from analyzer.api import open_all as opened

    return opened(*paths)


def open_history(path: str | Path) -> HistoryDatabase:
    """The history at `path` (a folder that `analyzer backfill` wrote) for Python.

    See `analyzer.api.history.HistoryDatabase`. Raises: InputError when there is no such history.
    """
    from analyzer.api import open_history as opened

    return opened(path)
