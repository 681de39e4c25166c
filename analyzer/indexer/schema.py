"""The tables of an index beside the decoded events."""

from __future__ import annotations

from analyzer.indexer.event_tables import KEY
from analyzer.store.schema import Column, Kind, Table, count, text

VERSION = 2
"""Version of the index's tables: a change of one, or of its meaning, raises it."""

CHAIN = Table(
    "chain",
    "The chain that this index is of. One row.",
    (
        count("chain_id", "Chain id.", key=True),
        text("genesis_hash", "Hash of block 0, 0x; NULL = not known (not in the recording)."),
    ),
)

RAW_LOGS = Table(
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

HEADERS = Table(
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

SOURCES = Table(
    "sources",
    "Contracts that are indexed, and who named them. One row per deployment, contract and namer.",
    (
        KEY,
        text("role", "Role of the contract.", key=True),
        text("address", "The contract, lower case.", key=True),
        text("abi", "Name of its ABI.", key=True),
        text("events", "Events that are indexed, comma-separated.", key=True),
        count("from_block", "First block whose logs are wanted.", key=True),
        text("via_role", "Role of the contract whose log names it; empty = known.", key=True),
        text("via_address", "That contract, lower case; empty = known.", key=True),
        count("named_at_block", "Block of the first log that names it; -1 = known from the start."),
        count("named_at_log_index", "Index of that log; for known ones their order."),
    ),
)

CHECKPOINTS = Table(
    "checkpoints",
    "How far each deployment is indexed. One row per deployment; moves last in a transaction.",
    (
        KEY,
        text("protocol", "Name of the protocol."),
        count("chain_id", "Chain id."),
        Column("contracts", Kind.JSON, "Role -> address, as a JSON object."),
        count("from_block", "First block of the deployment."),
        count("head_block", "Last block that is indexed."),
        text("head_hash", "Its hash, 0x."),
        text("head_parent_hash", "Hash of the block before, 0x."),
        count("head_time", "Its time, unix seconds."),
        count("logs", "Logs up to it."),
        Column("updated_at", Kind.WALL_CLOCK, "When the checkpoint moved, UTC."),
    ),
)

UNSETTLED = Table(
    "unsettled",
    "Runs that did not end: what they stored is compared with the chain before it is gone on from."
    " One row per deployment.",
    (
        KEY,
        count("above", "Blocks above this one were stored by such a run."),
    ),
)

READ_TWICE = Table(
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

TABLES = (CHAIN, RAW_LOGS, HEADERS, SOURCES, CHECKPOINTS, UNSETTLED, READ_TWICE)
"""Every table that an index always has."""
