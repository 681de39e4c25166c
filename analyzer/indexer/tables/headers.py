"""The table `headers`: blocks that hold logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analyzer.abi.batch import LogBlocks
from analyzer.indexer.arrays import hex_text
from analyzer.indexer.keys import KEY
from analyzer.model.block import BlockRef
from analyzer.store.rows import row_reader
from analyzer.store.schema import Table, count, text

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = Table(
    "headers",
    "Headers of blocks that hold logs. One row per deployment and block.",
    (
        KEY,
        count("block_number", "The block.", key=True),
        text("block_hash", "Its hash, 0x.", compression="zstd"),
        text(
            "parent_hash",
            "Hash of the block before, 0x; empty = the header was not read: finalized history,"
            " where the logs say the block's hash and time.",
            compression="zstd",
        ),
        count("block_time", "Its time, unix seconds."),
    ),
    guarded=False,
)


def arrays(blocks: LogBlocks, parents: Sequence[str]) -> dict[str, pa.Array]:
    """The columns, but for the key, of blocks as Arrow arrays. parents: hashes of the blocks
    before, empty = not read."""
    import pyarrow as pa

    return {
        "block_number": pa.array(blocks.number),
        "block_hash": hex_text(blocks.hash),
        "parent_hash": pa.array(parents, pa.string()),
        "block_time": pa.array(blocks.time),
    }


from_row = row_reader(
    TABLE,
    BlockRef,
    column={"number": "block_number", "hash": "block_hash", "time": "block_time"},
)
