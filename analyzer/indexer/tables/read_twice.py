"""The table `read_twice`: second readings that changed nothing; the caller owns the transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from analyzer.indexer.keys import KEY
from analyzer.store.load import fetch, load_rows
from analyzer.store.rows import record_writer
from analyzer.store.schema import Column, Kind, Table, count, text

if TYPE_CHECKING:
    import duckdb

READ_TWICE_FOR = timedelta(days=1)
"""So long a second reading that found nothing stands for another one of the same endpoint."""

TABLE = Table(
    "read_twice",
    "Second readings of logs behind numbers that did not agree, which found nothing to put right."
    " One row per deployment and endpoint.",
    (
        KEY,
        text("endpoint", "The endpoint, without its key.", key=True),
        count("up_to", "The last block that was read twice."),
        Column("read_at", Kind.WALL_CLOCK, "When, UTC."),
    ),
)

to_row = record_writer(TABLE)


def read_twice_to(connection: duckdb.DuckDBPyConnection, key: str, endpoint: str) -> int:
    """Up to which block the logs were read twice from an endpoint within the last day; -1 = not.

    The clock is UTC, as it is where the row is written.
    """
    rows = fetch(
        connection,
        "SELECT up_to FROM read_twice WHERE deployment_key = ? AND endpoint = ? AND read_at > ?",
        [key, endpoint, datetime.now(UTC).replace(tzinfo=None) - READ_TWICE_FOR],
    )
    return int(rows[0][0]) if rows else -1


def note_read_twice(
    connection: duckdb.DuckDBPyConnection, key: str, endpoint: str, up_to: int
) -> None:
    """Notes that a second reading up to a block found nothing to put right."""
    connection.execute(
        "DELETE FROM read_twice WHERE deployment_key = ? AND endpoint = ?", [key, endpoint]
    )
    now = datetime.now(UTC).replace(tzinfo=None)
    row = to_row(deployment_key=key, endpoint=endpoint, up_to=up_to, read_at=now)
    load_rows(connection, TABLE, [row])
