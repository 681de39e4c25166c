"""A reorg: blocks that the chain no longer has are taken back, with all that they had led to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.chain.base import Chain
from analyzer.chain.completeness import find_fork
from analyzer.indexer.extent import CLAIMED, claimed_by
from analyzer.indexer.sources import Catalogue
from analyzer.indexer.tables.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from analyzer.indexer.tables.events import event_tables, stored_event_tables
from analyzer.indexer.tables.folds import drop_folds
from analyzer.indexer.tables.sources import write_namings
from analyzer.indexer.tables.unsettled import settle, settled_at
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.store.files import transaction
from analyzer.store.load import fetch
from analyzer.store.schema import quoted

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class _Stored:
    """The blocks of a deployment as its index has them, asked for one at a time: `StoredBlocks`."""

    connection: duckdb.DuckDBPyConnection
    key: str
    head: BlockRef

    def newest(self, at_most: int) -> tuple[int, str] | None:
        """The last block with logs up to a number, or the head."""
        if at_most >= self.head.number:
            return self.head.number, self.head.hash
        rows = fetch(
            self.connection,
            "SELECT block_number, block_hash FROM headers WHERE deployment_key = ?"
            " AND block_number <= ? ORDER BY block_number DESC LIMIT 1",
            [self.key, at_most],
        )
        return (int(rows[0][0]), str(rows[0][1])) if rows else None

    def above(self, number: int) -> dict[int, str]:
        """The blocks above a number whose headers were read, and the head. The others were
        finalized when their logs were read: they are vouched for by those that were."""
        rows = fetch(
            self.connection,
            "SELECT block_number, block_hash FROM headers WHERE deployment_key = ?"
            " AND block_number > ? AND parent_hash <> ''",
            [self.key, number],
        )
        found = {int(block): str(block_hash) for block, block_hash in rows}
        return found | ({self.head.number: self.head.hash} if self.head.number > number else {})


def roll_back(
    connection: duckdb.DuckDBPyConnection,
    key: str,
    chain: Chain,
    deployment: Deployment,
    known: Callable[[], Catalogue],
) -> int:
    """Takes back what is no longer on the chain; how many blocks that were.

    known: the contracts of the deployment as the index knows them, asked for only when there was
    a reorg. Raises: UnreadError when the node cannot tell.
    """
    checkpoint = read_checkpoint(connection, key)
    if checkpoint is None:
        return 0
    stored = _Stored(connection, key, checkpoint.head)
    fork = find_fork(chain, stored, settled=settled_at(connection, key))
    if fork == checkpoint.head.number:
        with transaction(connection):
            settle(connection, key)
        return 0
    now = known()
    above = now.first_block - 1 if fork is None else fork
    catalogue = now.up_to(above)
    fewer = catalogue.namings != now.namings
    head = None if fork is None else chain.headers([fork])[0]
    with transaction(connection):
        removed = take_back(connection, key, catalogue, above=above, fewer=fewer)
        kept = None if head is None else Checkpoint(head, checkpoint.logs - removed)
        write_checkpoint(connection, key, deployment, kept)
    return checkpoint.head.number - above


def take_back(
    connection: duckdb.DuckDBPyConnection,
    key: str,
    catalogue: Catalogue,
    *,
    above: int,
    fewer: bool = True,
) -> int:
    """Deletes everything above a block, and all that only logs above it had led to; how many logs
    that were.

    `catalogue`: what is indexed when nothing above the block is known; its namings are stored.
    fewer: it may have fewer contracts than were indexed: the logs of those go too, wherever they
    lie, with their tables. Else only what lies above the block is looked at, however much is below.
    """
    tables = stored_event_tables(connection)
    removed = _delete_above(connection, "raw_logs", key, above)
    for name in ("headers", *tables):
        _delete_above(connection, name, key, above)
    unclaimed = _delete_unclaimed(connection, key, catalogue, tables) if fewer else 0
    drop_folds(connection, key, above=-1 if unclaimed else above)
    connection.execute(
        "DELETE FROM read_twice WHERE deployment_key = ? AND up_to > ?", [key, above]
    )
    write_namings(connection, key, catalogue.namings)
    return removed + unclaimed


def _delete_above(connection: duckdb.DuckDBPyConnection, table: str, key: str, above: int) -> int:
    """Deletes a deployment's rows above a block; how many."""
    return int(
        fetch(
            connection,
            f"DELETE FROM {quoted(table)} WHERE deployment_key = ? AND block_number > ?",
            [key, above],
        )[0][0]
    )


def _delete_unclaimed(
    connection: duckdb.DuckDBPyConnection, key: str, catalogue: Catalogue, tables: Sequence[str]
) -> int:
    """Deletes the logs that are none of a catalogue's, and what was made of them; how many logs."""
    removed = connection.execute(
        f"DELETE FROM raw_logs r WHERE deployment_key = $key AND NOT {CLAIMED}",
        {"key": key, **claimed_by(catalogue)},
    ).fetchall()[0][0]
    connection.execute(
        "DELETE FROM headers h WHERE deployment_key = ? AND NOT EXISTS (SELECT 1 FROM raw_logs r"
        " WHERE r.deployment_key = h.deployment_key AND r.block_number = h.block_number)",
        [key],
    )
    declared = event_tables(catalogue)
    for name in tables:
        connection.execute(
            f"DELETE FROM {quoted(name)} e WHERE deployment_key = ? AND NOT EXISTS (SELECT 1"
            " FROM raw_logs r WHERE r.deployment_key = e.deployment_key"
            " AND r.block_number = e.block_number AND r.log_index = e.log_index)",
            [key],
        )
        if name not in declared and not fetch(connection, f"SELECT 1 FROM {quoted(name)} LIMIT 1"):
            connection.execute(f"DROP TABLE {quoted(name)}")
    return int(removed)
