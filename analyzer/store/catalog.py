"""What a database file may carry beside rows, and that ours carry nothing of it.

A file of somebody else can hold views over files of the reader's machine, macros that take the
place of `sum` or `abs`, columns that are computed, types, sequences, indexes over expressions,
further schemas and tables. None of them is ever needed: a file is opened only when all that it
holds is what analyzer writes. Its views are compared with ours, word by word as DuckDB reads both,
and where one differs, the name means ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.model.errors import InputError
from analyzer.model.visible import visible
from analyzer.store.load import fetch
from analyzer.store.schema import Table, View, quoted

if TYPE_CHECKING:
    import duckdb

_OBJECTS = (
    ("schema", "schema_name", "duckdb_schemas() WHERE NOT internal"),
    ("macro", "function_name", "duckdb_functions() WHERE NOT internal"),
    ("type", "type_name", "duckdb_types() WHERE NOT internal"),
    ("sequence", "sequence_name", "duckdb_sequences() WHERE true"),
    ("index", "index_name", "duckdb_indexes() WHERE true"),
    ("trigger", "trigger_name", "duckdb_triggers() WHERE true"),
    ("computed column", "column_name", "duckdb_columns() WHERE NOT internal AND is_generated"),
    (
        "default",
        "column_name",
        "duckdb_columns() WHERE NOT internal AND column_default IS NOT NULL",
    ),
)
"""What no file of ours has: (what it is, the column of its name, where it is listed)."""


def check_carries_nothing(connection: duckdb.DuckDBPyConnection, path: Path, database: str) -> None:
    """Sees that an attached file holds tables and views alone, in one schema.

    Raises: InputError that names the first thing that no file of analyzer has.
    """
    for what, column, where in _OBJECTS:
        sql = f"SELECT {column} FROM {where} AND database_name = ? ORDER BY 1 LIMIT 1"
        for (name,) in fetch(connection, sql, [database]):
            raise _foreign(path, what, str(name))


def check_tables(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    database: str,
    tables: Iterable[Table],
    views: Iterable[View],
    *,
    further: bool = False,
) -> None:
    """Sees that a file's tables are these, column by column, and that it has no other view.

    further: other tables may be there (an index has one for each kind of event).
    Raises: InputError that names the first difference.
    """
    expected = {
        table.name: [(column.name, column.sql_type) for column in table.stored_columns]
        for table in tables
    }
    found: dict[str, list[tuple[str, str]]] = {
        str(name): []
        for (name,) in fetch(
            connection,
            "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY 1",
            [database],
        )
    }
    for name, column, kind in fetch(
        connection,
        "SELECT table_name, column_name, data_type FROM duckdb_columns()"
        " WHERE database_name = ? ORDER BY table_name, column_index",
        [database],
    ):
        if name in found:
            found[name].append((column, kind))
    for name in found:
        if name not in expected and not further:
            raise _foreign(path, "table", name)
    own_views = {view.name for view in views}
    for name in _views(connection, database):
        if name not in own_views:
            raise _foreign(path, "view", name)
    for name, columns in expected.items():
        if found.get(name) != columns:
            raise InputError(
                f"{path} is no whole file of this version of analyzer: its table {name} is missing"
                " or has other columns; scan again"
            )


def own_views(
    connection: duckdb.DuckDBPyConnection, database: str, views: Iterable[View]
) -> list[str]:
    """Makes the names of `views` mean our own definitions; which of the file's differ from them.

    A view of the file that says the same as ours stays in use. One that differs, or is not there,
    is covered by a temporary view, which has the name first.
    """
    held = _views(connection, database)
    made = list(views)
    for view in made:
        connection.execute(view.ddl()[0].replace("CREATE VIEW", "CREATE TEMP VIEW", 1))
    ours, differing = _views(connection, "temp"), []
    for view in made:
        if held.get(view.name) == ours[view.name]:
            connection.execute(f"DROP VIEW temp.{quoted(view.name)}")
            continue
        differing.append(view.name)
        for comment in view.ddl()[1:]:
            connection.execute(comment)
    return differing


def remake_views(connection: duckdb.DuckDBPyConnection, views: Iterable[View]) -> None:
    """Makes the views of an open file ours again, whatever they were."""
    for view in views:
        for statement in view.ddl():
            connection.execute(statement.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1))


def _views(connection: duckdb.DuckDBPyConnection, database: str) -> Mapping[str, str]:
    """The views of a database by name: what each selects, as DuckDB writes it."""
    rows = fetch(
        connection,
        "SELECT view_name, sql FROM duckdb_views() WHERE database_name = ? AND NOT internal",
        [database],
    )
    return {str(name): str(sql).partition(" AS ")[2] for name, sql in rows}


def _foreign(path: Path, what: str, name: str) -> InputError:
    """That a file carries something that is not ours."""
    return InputError(
        f"{path} carries the {what} {visible(name)!r}, which analyzer did not write: a snapshot is"
        " opened only as it was made (`--with NAME=FILE` brings data of your own)"
    )
