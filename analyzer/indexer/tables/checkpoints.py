"""The table `checkpoints`: how far each deployment is indexed; the caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from analyzer.indexer.keys import KEY
from analyzer.indexer.tables.folds import drop_folds
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.store.load import fetch, load_rows
from analyzer.store.rows import record_writer, row_reader
from analyzer.store.schema import Column, Kind, Table, count, json_text, names, text

if TYPE_CHECKING:
    import duckdb

TABLE = Table(
    "checkpoints",
    "How far each deployment is indexed. One row per deployment; moves last in a transaction.",
    (
        KEY,
        text("protocol", "Name of the protocol."),
        count("chain_id", "Chain id."),
        json_text("contracts", "Role -> address, as a JSON object."),
        count("from_block", "First block of the deployment."),
        count("head_block", "Last block that is indexed."),
        text("head_hash", "Its hash, 0x."),
        text("head_parent_hash", "Hash of the block before, 0x."),
        count("head_time", "Its time, unix seconds."),
        count("logs", "Logs up to it."),
        Column("updated_at", Kind.WALL_CLOCK, "When the checkpoint moved, UTC."),
    ),
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a deployment is indexed: its last block, and the logs up to it."""

    head: BlockRef
    logs: int


to_row = record_writer(TABLE)
_head = row_reader(
    TABLE,
    BlockRef,
    column={
        "number": "head_block",
        "hash": "head_hash",
        "parent_hash": "head_parent_hash",
        "time": "head_time",
    },
)
_checkpoint = row_reader(TABLE, Checkpoint, beside=("head",))


def from_row(row: Sequence[Any]) -> Checkpoint:
    """The checkpoint of a row. Raises: ValueError where the index holds a NULL instead."""
    return _checkpoint(row, head=_head(row))


def read_checkpoint(connection: duckdb.DuckDBPyConnection, key: str) -> Checkpoint | None:
    """The checkpoint of a deployment; None when nothing of it is indexed."""
    listed = names(TABLE.columns)
    rows = fetch(connection, f"SELECT {listed} FROM checkpoints WHERE deployment_key = ?", [key])
    return from_row(rows[0]) if rows else None


def write_checkpoint(
    connection: duckdb.DuckDBPyConnection,
    key: str,
    deployment: Deployment,
    checkpoint: Checkpoint | None,
) -> None:
    """Moves the checkpoint; None removes it."""
    connection.execute("DELETE FROM checkpoints WHERE deployment_key = ?", [key])
    if checkpoint is None:
        return
    head = checkpoint.head
    row = to_row(
        deployment_key=key,
        protocol=deployment.protocol,
        chain_id=deployment.chain_id,
        contracts={role: at.lower() for role, at in sorted(deployment.contracts.items())},
        from_block=deployment.from_block,
        head_block=head.number,
        head_hash=head.hash,
        head_parent_hash=head.parent_hash,
        head_time=head.time,
        logs=checkpoint.logs,
        updated_at=datetime.now(UTC).replace(tzinfo=None),
    )
    load_rows(connection, TABLE, [row])


def recount(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Counts the logs of a deployment anew for its checkpoint. That nothing was missing when its
    logs were last read twice is no longer so, and what was folded of them is of others: they are
    other logs now."""
    connection.execute(
        "UPDATE checkpoints SET logs = (SELECT count(*) FROM raw_logs r WHERE r.deployment_key = ?)"
        " WHERE deployment_key = ?",
        [key, key],
    )
    connection.execute("DELETE FROM read_twice WHERE deployment_key = ?", [key])
    drop_folds(connection, key, above=-1)
