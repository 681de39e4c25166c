"""Adds a batch to an index, and takes blocks back out of it; the caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analyzer.chain.wire import check_same
from analyzer.indexer.batch import Batch, Position, changed
from analyzer.indexer.read import logs_at, read_logs
from analyzer.indexer.sources import Catalogue
from analyzer.indexer.tables import headers, raw_logs
from analyzer.indexer.tables.events import (
    event_row,
    event_table,
    event_tables,
    stored_event_tables,
)
from analyzer.indexer.tables.sources import write_namings
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


def take_back(
    connection: duckdb.DuckDBPyConnection, key: str, catalogue: Catalogue, *, above: int
) -> None:
    """Deletes everything above a block, and all that only logs above it had led to.

    `catalogue`: what is indexed when nothing above the block is known; its namings are stored.
    Logs of contracts that are no longer in it go too, wherever they lie, with their tables.
    """
    connection.execute(
        "DELETE FROM raw_logs WHERE deployment_key = ? AND block_number > ?", [key, above]
    )
    held = read_logs(connection, key, uncommitted=True)
    unclaimed = [raw for raw, _ in held if catalogue.match(raw) is None]
    for raw in unclaimed:
        connection.execute(
            "DELETE FROM raw_logs WHERE deployment_key = ? AND block_number = ? AND log_index = ?",
            [key, raw.block_number, raw.log_index],
        )
    connection.execute(
        "DELETE FROM headers h WHERE deployment_key = ? AND NOT EXISTS (SELECT 1 FROM raw_logs r"
        " WHERE r.deployment_key = h.deployment_key AND r.block_number = h.block_number)",
        [key],
    )
    declared = event_tables(catalogue)
    for name in stored_event_tables(connection):
        connection.execute(
            f"DELETE FROM {quoted(name)} e WHERE deployment_key = ? AND NOT EXISTS (SELECT 1"
            " FROM raw_logs r WHERE r.deployment_key = e.deployment_key"
            " AND r.block_number = e.block_number AND r.log_index = e.log_index)",
            [key],
        )
        if name not in declared and not fetch(connection, f"SELECT 1 FROM {quoted(name)} LIMIT 1"):
            connection.execute(f"DROP TABLE {quoted(name)}")
    connection.execute(
        "DELETE FROM read_twice WHERE deployment_key = ? AND up_to > ?", [key, above]
    )
    write_namings(connection, key, catalogue.namings)


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
