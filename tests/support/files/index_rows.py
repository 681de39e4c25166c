"""All that an index or a snapshot holds, to compare two files with each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every table with its rows, sorted; columns of our own clock are left out."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "SELECT table_name FROM duckdb_tables() ORDER BY table_name"
        ).fetchall()
        out = {}
        for (table,) in tables:
            columns = connection.execute(
                "SELECT column_name FROM duckdb_columns() WHERE table_name = ?"
                " AND data_type <> 'TIMESTAMP' ORDER BY column_index",
                [table],
            ).fetchall()
            listed = ", ".join(f'"{name}"' for (name,) in columns)
            rows = connection.execute(f'SELECT {listed} FROM "{table}"').fetchall()
            out[table] = sorted(rows, key=repr)
        return out
