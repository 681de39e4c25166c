"""The table `raw_logs`: logs as the node gave them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer.indexer.keys import KEY
from analyzer.indexer.tables import headers
from analyzer.model.logs import RawLog
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Column, Kind, Table, count, quoted

_TOPIC_BYTES = 32

TABLE = Table(
    "raw_logs",
    "Logs as the node gave them. One row per deployment and log.",
    (
        KEY,
        count("block_number", "Block of the log.", key=True),
        count("log_index", "Index of the log in its block.", key=True),
        count("tx_index", "Index of its transaction in the block."),
        Column("tx_hash", Kind.BYTES, "Transaction."),
        Column("address", Kind.BYTES, "The contract."),
        Column("topics", Kind.BYTES, "Topics, 32 bytes each, one after the other."),
        Column("data", Kind.BYTES, "Data."),
    ),
)


def _topics(joined: bytes) -> tuple[bytes, ...]:
    """Topics that lie one after the other."""
    return tuple(joined[i : i + _TOPIC_BYTES] for i in range(0, len(joined), _TOPIC_BYTES))


_OF_HEADER = tuple(c for c in headers.TABLE.columns if c.name in ("block_hash", "block_time"))
WITH_HEADER = Table(
    "raw_logs with headers", "Logs and their blocks.", (*TABLE.columns, *_OF_HEADER)
)
"""What a log is read as: its own columns, and what the header of its block holds of it."""
_TIME = [column.name for column in WITH_HEADER.columns].index("block_time")
WITH_HEADER_SQL = (
    f"SELECT {', '.join(f'r.{quoted(column.name)}' for column in TABLE.columns)},"
    f" {', '.join(f'h.{quoted(column.name)}' for column in _OF_HEADER)}"
    f" FROM {quoted(TABLE.name)} r JOIN {quoted(headers.TABLE.name)} h"
    " USING (deployment_key, block_number)"
)
"""The rows of `WITH_HEADER`, in its columns' order."""

to_row = row_writer(TABLE, RawLog, beside=("deployment_key",), made={"topics": b"".join})
from_row = row_reader(
    WITH_HEADER,
    RawLog,
    made={"block_hash": lambda text: bytes.fromhex(text[2:]), "topics": _topics},
)


def time_of(row: Sequence[Any]) -> int:
    """The time of the block that a row of `WITH_HEADER` lies in, unix seconds."""
    return int(row[_TIME])
