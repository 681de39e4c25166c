"""What an index holds, read back: raw logs with their headers, in (block, log index) order."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

from analyzer.indexer.tables import headers
from analyzer.indexer.tables.raw_logs import WITH_HEADER_SQL, damaged
from analyzer.indexer.tables.raw_logs import from_row as log_of
from analyzer.model.block import BlockRef
from analyzer.model.logs import RawLog
from analyzer.store.files import cursor_of
from analyzer.store.load import fetch
from analyzer.store.schema import names

if TYPE_CHECKING:
    import duckdb

_FETCH_ROWS = 10_000


def read_logs(
    connection: duckdb.DuckDBPyConnection,
    key: str,
    *,
    first: int = 0,
    up_to: int | None = None,
    uncommitted: bool = False,
) -> Iterator[tuple[RawLog, int]]:
    """(raw log, block time) pairs of a deployment in the blocks `first` to `up_to` (None = all
    that follow), in order, without loading all.

    uncommitted: as the connection's open transaction has them, instead of as they were before it;
    then nothing else may be asked of the connection meanwhile.
    Raises: InputError for a log that is there twice, or without its header: no key of the file
    forbids it, and what is folded twice or left out is another ledger.
    """
    # A cursor of its own: the result stays open while the caller works with the connection.
    cursor = connection if uncommitted else cursor_of(connection)
    before = (-1, -1)
    try:
        cursor.execute(
            f"{WITH_HEADER_SQL} WHERE r.deployment_key = $key AND r.block_number >= $first"
            " AND ($up_to IS NULL OR r.block_number <= $up_to)"
            " ORDER BY r.block_number, r.log_index",
            {"key": key, "first": first, "up_to": up_to},
        )
        while rows := cursor.fetchmany(_FETCH_ROWS):
            for row in rows:
                raw, time = log_of(row)
                place = (raw.block_number, raw.log_index)
                if place == before:
                    raise damaged(*place, "twice")
                before = place
                yield raw, time
    finally:
        if not uncommitted:
            cursor.close()


def logs_at(
    connection: duckdb.DuckDBPyConnection, key: str, positions: Set[tuple[int, int]]
) -> list[RawLog]:
    """The stored logs at some (block, log index) positions, in order."""
    if not positions:
        return []
    first, last = min(positions)[0], max(positions)[0]
    span = read_logs(connection, key, first=first, up_to=last)
    return [raw for raw, _ in span if (raw.block_number, raw.log_index) in positions]


def stored_headers(
    connection: duckdb.DuckDBPyConnection, key: str, *, first: int = 0, up_to: int | None = None
) -> list[BlockRef]:
    """The headers of a deployment's blocks that hold logs, in the blocks `first` to `up_to` (None =
    all that follow), in order."""
    rows = fetch(
        connection,
        f"SELECT {names(headers.TABLE.columns)} FROM headers"
        " WHERE deployment_key = ? AND block_number BETWEEN ? AND ? ORDER BY block_number",
        [key, first, 2**62 if up_to is None else up_to],
    )
    return [headers.from_row(row) for row in rows]
