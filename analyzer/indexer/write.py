"""Adds a batch to an index, and takes blocks out to be written anew; no transaction of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.abi.batch import NO_TIME
from analyzer.abi.columns import is_of_words
from analyzer.chain.wire import check_same
from analyzer.indexer.batch import Batch, Position, changed, decode
from analyzer.indexer.keys import KEY
from analyzer.indexer.read import logs_at
from analyzer.indexer.tables import headers, raw_logs
from analyzer.indexer.tables.events import (
    event_arrays,
    event_row,
    event_table,
    stored_event_tables,
)
from analyzer.store.load import fetch, load_columns, load_rows
from analyzer.store.schema import quoted

if TYPE_CHECKING:
    import duckdb


def write_batch(connection: duckdb.DuckDBPyConnection, key: str, batch: Batch) -> int:
    """Adds a batch's logs, headers and decoded rows; how many logs were new.

    The batch's own blocks hold nothing: they lie above the checkpoint (it moves in the same
    transaction), or were taken out. What a backfill asks for a second time is left as it is.
    Raises: DecodeError for a log that is not what its first topic says.
    """
    known_logs, known_blocks = _already(connection, key, batch)
    new, same = batch.without(known_logs), {KEY.name: key}
    if not len(new.logs):
        return 0
    load_columns(connection, raw_logs.TABLE, raw_logs.arrays(new.logs), same=same)
    blocks = new.blocks.where(~np.isin(new.blocks.number, list(known_blocks)))
    if len(blocks):
        found = headers.arrays(blocks, new.parents(blocks))
        load_columns(connection, headers.TABLE, found, same=same)
    for (role, abi), logs in new.kinds:
        table = event_table(role, abi)
        if is_of_words(abi):
            load_columns(connection, table, event_arrays(logs, table, abi), same=same)
        else:
            events = (decode(raw, role, abi, NO_TIME) for raw in logs.objects())
            load_rows(connection, table, (event_row(key, event, abi) for event in events))
    return len(new.logs)


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
    numbers = batch.blocks.number
    lowest, highest = (int(numbers[0]), int(numbers[-1])) if len(numbers) else (batch.first, 0)
    if lowest >= batch.first and highest <= batch.last:
        return set(), set()
    span = [key, lowest, highest]
    where = "WHERE deployment_key = ? AND block_number BETWEEN ? AND ?"
    blocks = dict(fetch(connection, f"SELECT block_number, block_hash FROM headers {where}", span))
    for number, found in zip(numbers.tolist(), batch.blocks.hash, strict=True):
        given = "0x" + found.tobytes().hex()
        if blocks.get(number, given) != given:
            raise changed(number, blocks[number], given)
    positions = batch.by_position()
    logs = fetch(connection, f"SELECT block_number, log_index FROM raw_logs {where}", span)
    twice = {(block, index) for block, index in logs} & positions.keys()
    for raw in logs_at(connection, key, twice):
        check_same(raw, positions[raw.block_number, raw.log_index])
    return {(block, index) for block, index in logs}, set(blocks)
