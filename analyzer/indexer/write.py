"""Adds a batch to an index, and takes blocks out to be written anew; no transaction of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analyzer.chain.wire import check_same
from analyzer.indexer.batch import Batch, Position, changed
from analyzer.indexer.read import logs_at
from analyzer.indexer.tables import headers, raw_logs
from analyzer.indexer.tables.events import (
    event_row,
    event_table,
    stored_event_tables,
)
from analyzer.store.load import fetch, load_rows
from analyzer.store.schema import Table, quoted

if TYPE_CHECKING:
    import duckdb


def write_batch(connection: duckdb.DuckDBPyConnection, key: str, batch: Batch) -> int:
    """Adds a batch's logs, headers and decoded rows; how many logs were new.

    The batch's own blocks hold nothing: they lie above the checkpoint (it moves in the same
    transaction), or were taken out. What a backfill asks for a second time is left as it is.
    """
    known_logs, known_blocks = _already(connection, key, batch)
    positions = sorted(set(batch.logs) - known_logs)
    load_rows(connection, raw_logs.TABLE, (raw_logs.to_row(batch.logs[p], key) for p in positions))
    blocks = sorted({block for block, _ in positions} - known_blocks)
    load_rows(
        connection,
        headers.TABLE,
        (headers.to_row(batch.headers[number], key) for number in blocks),
    )
    rows: dict[str, tuple[Table, list[Sequence[object]]]] = {}
    for position in positions:
        covered, abi, event = batch.events[position]
        table = event_table(covered.role, abi)
        rows.setdefault(table.name, (table, []))[1].append(event_row(key, event, abi))
    for table, table_rows in rows.values():
        load_rows(connection, table, table_rows)
    return len(positions)


def take_out(connection: duckdb.DuckDBPyConnection, key: str, first: int, last: int) -> None:
    """Deletes the logs of some blocks, their headers and decoded rows: they are written anew."""
    for name in [raw_logs.TABLE.name, headers.TABLE.name, *stored_event_tables(connection)]:
        connection.execute(
            f"DELETE FROM {quoted(name)} WHERE deployment_key = ? AND block_number BETWEEN ? AND ?",
            [key, first, last],
        )


def _already(
    connection: duckdb.DuckDBPyConnection, key: str, batch: Batch
) -> tuple[set[Position], set[int]]:
    """(positions, blocks) before and after the batch's blocks that the index holds already.

    Raises ChangedError, UnreadError when what it holds is not what the batch has there.
    """
    lowest = min((block for block, _ in batch.logs), default=batch.first)
    highest = max((block for block, _ in batch.logs), default=batch.last)
    if lowest >= batch.first and highest <= batch.last:
        return set(), set()
    span = [key, lowest, highest]
    where = "WHERE deployment_key = ? AND block_number BETWEEN ? AND ?"
    blocks = dict(fetch(connection, f"SELECT block_number, block_hash FROM headers {where}", span))
    for number in blocks.keys() & batch.headers.keys():
        if batch.headers[number].hash != blocks[number]:
            raise changed(number, blocks[number], batch.headers[number].hash)
    logs = fetch(connection, f"SELECT block_number, log_index FROM raw_logs {where}", span)
    twice = {(block, index) for block, index in logs} & batch.logs.keys()
    for raw in logs_at(connection, key, twice):
        check_same(raw, batch.logs[raw.block_number, raw.log_index])
    return {(block, index) for block, index in logs}, set(blocks)
