"""The table `unsettled`: what runs that did not end stored; the caller owns the transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.indexer.keys import KEY
from analyzer.store.load import fetch, load_rows
from analyzer.store.rows import record_writer
from analyzer.store.schema import Table, count

if TYPE_CHECKING:
    import duckdb

TABLE = Table(
    "unsettled",
    "Runs that did not end: what they stored is compared with the chain before it is gone on from."
    " One row per deployment.",
    (
        KEY,
        count("above", "Blocks above this one were stored by such a run."),
    ),
)

to_row = record_writer(TABLE)


def settled_at(connection: duckdb.DuckDBPyConnection, key: str) -> int | None:
    """The block up to which a deployment was stored by runs that ended; None = all of it."""
    rows = fetch(connection, "SELECT above FROM unsettled WHERE deployment_key = ?", [key])
    return int(rows[0][0]) if rows else None


def unsettle(connection: duckdb.DuckDBPyConnection, key: str, above: int) -> None:
    """Notes that a run which has not ended stores blocks above this one."""
    known = settled_at(connection, key)
    if known is None or above < known:
        settle(connection, key)
        load_rows(connection, TABLE, [to_row(deployment_key=key, above=above)])


def settle(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Notes that all that is stored of a deployment was one chain's at one moment."""
    connection.execute("DELETE FROM unsettled WHERE deployment_key = ?", [key])
