"""All rows of a database file but its wall-clock columns: what 'the same database' means."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb

Rows = dict[str, Counter[tuple[Any, ...]]]


def database_rows(path: Path) -> Rows:
    """table -> its rows as a multiset, TIMESTAMP columns (wall clock) left out."""
    with duckdb.connect(str(path), read_only=True) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns()"
            " WHERE NOT internal AND data_type <> 'TIMESTAMP'"
            " AND table_name IN (SELECT table_name FROM duckdb_tables())"
            " ORDER BY table_name, column_index"
        ).fetchall()
        tables: dict[str, list[str]] = {}
        for table, column in columns:
            tables.setdefault(table, []).append(column)
        return {
            table: Counter(
                connection.execute(
                    "SELECT {} FROM {}".format(
                        ", ".join(f'"{name}"' for name in names), f'"{table}"'
                    )
                ).fetchall()
            )
            for table, names in tables.items()
        }


def differing_tables(left: Path, right: Path) -> dict[str, tuple[int, int]]:
    """Tables whose rows differ: name -> (rows only in `left`, rows only in `right`)."""
    a, b = database_rows(left), database_rows(right)
    return {
        table: ((a.get(table, Counter()) - b.get(table, Counter())).total(),
                (b.get(table, Counter()) - a.get(table, Counter())).total())
        for table in sorted(a.keys() | b.keys())
        if a.get(table) != b.get(table)
    }  # fmt: skip
