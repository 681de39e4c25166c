"""The table `headers`: blocks that hold logs."""

from __future__ import annotations

from analyzer.indexer.keys import KEY
from analyzer.model.block import BlockRef
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, count, text

TABLE = Table(
    "headers",
    "Headers of blocks that hold logs. One row per deployment and block.",
    (
        KEY,
        count("block_number", "The block.", key=True),
        text("block_hash", "Its hash, 0x."),
        text("parent_hash", "Hash of the block before, 0x."),
        count("block_time", "Its time, unix seconds."),
    ),
)

to_row = row_writer(
    TABLE,
    BlockRef,
    beside=("deployment_key",),
    at={"block_number": "number", "block_hash": "hash", "block_time": "time"},
)
from_row = row_reader(
    TABLE,
    BlockRef,
    column={"number": "block_number", "hash": "block_hash", "time": "block_time"},
)
