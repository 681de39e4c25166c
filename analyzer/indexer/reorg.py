"""A reorg: blocks that the chain no longer has are taken back, with all that they had led to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from analyzer.chain.base import Chain
from analyzer.chain.completeness import find_fork
from analyzer.indexer.read import read_logs, stored_headers
from analyzer.indexer.sources import Catalogue
from analyzer.indexer.tables.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from analyzer.indexer.tables.events import event_tables, stored_event_tables
from analyzer.indexer.tables.folds import drop_folds
from analyzer.indexer.tables.sources import write_namings
from analyzer.indexer.tables.unsettled import settle, settled_at
from analyzer.model.deployment import Deployment
from analyzer.store.files import transaction
from analyzer.store.load import fetch
from analyzer.store.schema import quoted

if TYPE_CHECKING:
    import duckdb


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
    stored = {header.number: header for header in stored_headers(connection, key)}
    stored[checkpoint.head.number] = checkpoint.head
    hashes = {number: header.hash for number, header in stored.items()}
    fork = find_fork(chain, hashes, settled=settled_at(connection, key))
    if fork == checkpoint.head.number:
        with transaction(connection):
            settle(connection, key)
        return 0
    catalogue = known()
    above = catalogue.first_block - 1 if fork is None else fork
    with transaction(connection):
        take_back(connection, key, catalogue.up_to(above), above=above)
        logs = fetch(connection, "SELECT count(*) FROM raw_logs WHERE deployment_key = ?", [key])[
            0
        ][0]
        kept = None if fork is None else Checkpoint(stored[fork], logs)
        write_checkpoint(connection, key, deployment, kept)
    return checkpoint.head.number - above


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
    drop_folds(connection, key, above=-1 if unclaimed else above)
    write_namings(connection, key, catalogue.namings)
