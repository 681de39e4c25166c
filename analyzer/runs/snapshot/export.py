"""`export`: a snapshot for other programs."""

from __future__ import annotations

from pathlib import Path

from analyzer.model.errors import InputError
from analyzer.report.render_json import json_text
from analyzer.runs.snapshot.artifact import write_texts
from analyzer.store.export import (
    datasette_metadata,
    export_duckdb,
    export_parquet,
    export_sqlite,
)

FORMATS = ("duckdb", "parquet", "sqlite", "datasette")
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
    elif format_ == "datasette":
        _export_datasette(source, target)
    else:
        export_sqlite(source, target)


def _export_datasette(source: Path, target: Path) -> None:
    """Writes `<target>.sqlite` beside the metadata `target`, so that both name each other."""
    sqlite = target.with_suffix(".sqlite")
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} is there already: name another file")
    if target.suffix != ".json":
        raise InputError(f"{target}: the metadata of Datasette is a .json file")
    metadata = datasette_metadata(source)
    metadata["databases"] = {sqlite.stem: next(iter(metadata["databases"].values()))}
    export_sqlite(source, sqlite)
    write_texts({target: json_text(metadata)})
