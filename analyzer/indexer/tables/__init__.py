"""Checkpoints, namings and decoded tables of an index; the caller owns the transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson

from analyzer.indexer.event_tables import event_table
from analyzer.indexer.schema import CHECKPOINTS, READ_TWICE, SOURCES, UNSETTLED
from analyzer.indexer.sources import Catalogue, Naming
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.store.load import fetch, load_rows
from analyzer.store.schema import Table

if TYPE_CHECKING:
    import duckdb


READ_TWICE_FOR = timedelta(days=1)
"""So long a second reading that found nothing stands for another one of the same endpoint."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a deployment is indexed: its last block, and the logs up to it."""

    head: BlockRef
    logs: int


def read_checkpoint(connection: duckdb.DuckDBPyConnection, key: str) -> Checkpoint | None:
    """The checkpoint of a deployment; None when nothing of it is indexed."""
    rows = fetch(
        connection,
        "SELECT head_block, head_hash, head_parent_hash, head_time, logs FROM checkpoints"
        " WHERE deployment_key = ?",
        [key],
    )
    return Checkpoint(BlockRef(*rows[0][:4]), rows[0][4]) if rows else None


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
    contracts = orjson.dumps(
        {role: address.lower() for role, address in sorted(deployment.contracts.items())}
    ).decode()
    row = (
        key,
        deployment.protocol,
        deployment.chain_id,
        contracts,
        deployment.from_block,
        checkpoint.head.number,
        checkpoint.head.hash,
        checkpoint.head.parent_hash,
        checkpoint.head.time,
        checkpoint.logs,
        datetime.now(UTC).replace(tzinfo=None),
    )
    load_rows(connection, CHECKPOINTS, [row])


def recount(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Counts the logs of a deployment anew for its checkpoint. That nothing was missing when its
    logs were last read twice is no longer so: they are other logs now."""
    connection.execute(
        "UPDATE checkpoints SET logs = (SELECT count(*) FROM raw_logs r WHERE r.deployment_key = ?)"
        " WHERE deployment_key = ?",
        [key, key],
    )
    connection.execute("DELETE FROM read_twice WHERE deployment_key = ?", [key])


def read_twice_to(connection: duckdb.DuckDBPyConnection, key: str, endpoint: str) -> int:
    """Up to which block the logs were read twice from an endpoint within the last day; -1 = not.

    The clock is UTC, as it is where the row is written.
    """
    rows = fetch(
        connection,
        "SELECT up_to FROM read_twice WHERE deployment_key = ? AND endpoint = ? AND read_at > ?",
        [key, endpoint, datetime.now(UTC).replace(tzinfo=None) - READ_TWICE_FOR],
    )
    return int(rows[0][0]) if rows else -1


def note_read_twice(
    connection: duckdb.DuckDBPyConnection, key: str, endpoint: str, up_to: int
) -> None:
    """Notes that a second reading up to a block found nothing to put right."""
    connection.execute(
        "DELETE FROM read_twice WHERE deployment_key = ? AND endpoint = ?", [key, endpoint]
    )
    row = (key, endpoint, up_to, datetime.now(UTC).replace(tzinfo=None))
    load_rows(connection, READ_TWICE, [row])


def settled_at(connection: duckdb.DuckDBPyConnection, key: str) -> int | None:
    """The block up to which a deployment was stored by runs that ended; None = all of it."""
    rows = fetch(connection, "SELECT above FROM unsettled WHERE deployment_key = ?", [key])
    return int(rows[0][0]) if rows else None


def unsettle(connection: duckdb.DuckDBPyConnection, key: str, above: int) -> None:
    """Notes that a run which has not ended stores blocks above this one."""
    known = settled_at(connection, key)
    if known is None or above < known:
        settle(connection, key)
        load_rows(connection, UNSETTLED, [(key, above)])


def settle(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Notes that all that is stored of a deployment was one chain's at one moment."""
    connection.execute("DELETE FROM unsettled WHERE deployment_key = ?", [key])


def read_namings(connection: duckdb.DuckDBPyConnection, key: str) -> list[Naming]:
    """The stored namings of a deployment, in the order of the logs."""
    rows = fetch(
        connection,
        "SELECT named_at_block, named_at_log_index, role, address, abi, events, from_block,"
        " via_role, via_address FROM sources WHERE deployment_key = ?",
        [key],
    )
    return sorted(
        Naming((block, log), role, address, abi, tuple(filter(None, events.split(","))), *rest)
        for block, log, role, address, abi, events, *rest in rows
    )


def write_namings(
    connection: duckdb.DuckDBPyConnection, key: str, namings: Iterable[Naming]
) -> None:
    """Replaces the stored namings of a deployment."""
    connection.execute("DELETE FROM sources WHERE deployment_key = ?", [key])
    rows = [
        (key, n.role, n.address, n.abi, ",".join(n.events), n.from_block, n.via_role,
         n.via_address, *n.at)
        for n in namings
    ]  # fmt: skip
    load_rows(connection, SOURCES, rows)


def event_tables(catalogue: Catalogue) -> dict[str, Table]:
    """The decoded tables of a catalogue, by name."""
    tables = [
        event_table(covered.role, event)
        for covered in catalogue.covered
        for event in catalogue.event_abis(covered)
    ]
    return {table.name: table for table in tables}


def stored_event_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The names of the decoded tables that the file has."""
    rows = fetch(
        connection,
        "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, 'event_')"
        " ORDER BY table_name",
    )
    return [str(name) for (name,) in rows]


def make_event_tables(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Creates the decoded tables that are still missing."""
    existing = set(stored_event_tables(connection))
    for name, table in event_tables(catalogue).items():
        if name not in existing:
            for statement in table.ddl():
                connection.execute(statement)
