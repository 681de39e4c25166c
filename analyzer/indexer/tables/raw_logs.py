"""The table `raw_logs`: logs as the node gave them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.abi.batch import LogColumns
from analyzer.indexer.arrays import joined_bytes
from analyzer.indexer.keys import KEY
from analyzer.indexer.tables import headers
from analyzer.model.errors import InputError
from analyzer.model.logs import RawLog
from analyzer.store.rows import row_reader
from analyzer.store.schema import Column, Kind, Table, count, quoted

if TYPE_CHECKING:
    import pyarrow as pa

_TOPIC_BYTES = 32

TABLE = Table(
    "raw_logs",
    "Logs as the node gave them. One row per deployment and log.",
    (
        KEY,
        count("block_number", "Block of the log.", key=True),
        count("log_index", "Index of the log in its block.", key=True),
        count("tx_index", "Index of its transaction in the block."),
        Column("tx_hash", Kind.BYTES, "Transaction.", compression="uncompressed"),
        Column("address", Kind.BYTES, "The contract."),
        Column(
            "topics",
            Kind.BYTES,
            "Topics, 32 bytes each, one after the other.",
            compression="zstd",
        ),
        Column("data", Kind.BYTES, "Data.", compression="zstd"),
    ),
    guarded=False,
)


def _topics(joined: bytes) -> tuple[bytes, ...]:
    """Topics that lie one after the other."""
    return tuple(joined[i : i + _TOPIC_BYTES] for i in range(0, len(joined), _TOPIC_BYTES))


_OF_HEADER = tuple(c for c in headers.TABLE.columns if c.name in ("block_hash", "block_time"))
WITH_HEADER = Table(
    "raw_logs with headers", "Logs and their blocks.", (*TABLE.columns, *_OF_HEADER)
)
"""What a log is read as: its own columns, and what the header of its block holds of it."""
_BLOCK, _INDEX, _TIME = (
    [column.name for column in WITH_HEADER.columns].index(name)
    for name in ("block_number", "log_index", "block_time")
)
WITH_HEADER_SQL = (
    f"SELECT {', '.join(f'r.{quoted(column.name)}' for column in TABLE.columns)},"
    f" {', '.join(f'h.{quoted(column.name)}' for column in _OF_HEADER)}"
    f" FROM {quoted(TABLE.name)} r LEFT JOIN {quoted(headers.TABLE.name)} h"
    " USING (deployment_key, block_number)"
)
"""The rows of `WITH_HEADER`, in its columns' order; of a log whose header is not there, none of
the header's."""


def arrays(logs: LogColumns) -> dict[str, pa.Array]:
    """The columns, but for the key, of logs as Arrow arrays."""
    import pyarrow as pa

    batches = logs.batches
    return {
        "block_number": pa.array(logs.block_number),
        "log_index": pa.array(logs.log_index),
        "tx_index": pa.array(np.concatenate([batch.tx_index for batch in batches])),
        "tx_hash": joined_bytes([batch.tx_hash for batch in batches]),
        "address": joined_bytes([batch.address for batch in batches]),
        "topics": joined_bytes([batch.topics.reshape(len(batch), -1) for batch in batches]),
        "data": joined_bytes([batch.data for batch in batches]),
    }


_log_of = row_reader(
    WITH_HEADER,
    RawLog,
    made={"block_hash": lambda text: bytes.fromhex(text[2:]), "topics": _topics},
)


def from_row(row: Sequence[Any]) -> tuple[RawLog, int]:
    """(log, time of its block in unix seconds) of a row of `WITH_HEADER`.

    Raises: InputError for a log whose header the index has lost.
    """
    if row[_TIME] is None:
        raise damaged(int(row[_BLOCK]), int(row[_INDEX]), "without the header of its block")
    return _log_of(row), int(row[_TIME])


def damaged(block: int, index: int, how: str) -> InputError:
    """What is said of a log that an index of ours never holds so."""
    return InputError(
        f"the index holds log {index} of block {block} {how}: it was altered or is damaged; remove"
        " it, it will be made again from the chain"
    )
