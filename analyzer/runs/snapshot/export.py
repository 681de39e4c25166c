"""`export`: a snapshot for other programs."""

from __future__ import annotations

from pathlib import Path

from analyzer.model.errors import InputError
from analyzer.store.export import export_duckdb, export_parquet, export_sqlite

FORMATS = ("duckdb", "parquet", "sqlite")
"""What a snapshot can be exported to."""
OLDEST = "v1.0.0"
"""The storage version that every DuckDB from 1.0 on opens."""


def export(source: Path, target: Path, *, format_: str, storage: str | None = None) -> None:
    """Writes the snapshot `source` to `target`, which must not be there (parquet: a folder that
    is not there, or empty).

    storage: of `duckdb`, by default `OLDEST`. Raises: InputError for wrong input; nothing is left
    then.
    """
    if format_ not in FORMATS:
        raise InputError(f"'{format_}' is no export format: choose one of {', '.join(FORMATS)}")
    if storage is not None and format_ != "duckdb":
        raise InputError(f"--storage is about DuckDB files, and the format is {format_}")
    if format_ == "duckdb":
        export_duckdb(source, target, storage or OLDEST)
    elif format_ == "parquet":
        export_parquet(source, target)
    else:
        export_sqlite(source, target)
