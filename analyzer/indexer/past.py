"""Events that an index kept of a deployment, read back without a chain, by kind.

Whoever looks at a snapshot has its index beside it, not the node that it was made from: which
source its logs came from does not matter here, only that they reach the snapshot's block.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from analyzer.abi.contract import load_abi
from analyzer.indexer.batch import decode
from analyzer.indexer.index import KIND, REMEDY
from analyzer.indexer.sources import Catalogue, EventPlug, initial_namings
from analyzer.indexer.tables import VERSION
from analyzer.indexer.tables.events import table_name
from analyzer.indexer.tables.raw_logs import WITH_HEADER_SQL
from analyzer.indexer.tables.raw_logs import from_row as log_of
from analyzer.indexer.tables.sources import read_namings
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.model.logs import Event
from analyzer.store.files import check_kind, open_database
from analyzer.store.heal import reading
from analyzer.store.load import fetch
from analyzer.store.schema import quoted

if TYPE_CHECKING:
    import duckdb

_TABLES = "SELECT table_name FROM duckdb_tables() WHERE NOT internal"
Kind = tuple[str, str]
"""(role, name of the event)."""


@dataclass(frozen=True, slots=True)
class Past:
    """events: of the kinds asked for, in (block, log index) order. since: time of the first block
    that holds any log of the deployment, unix seconds."""

    events: tuple[Event, ...]
    since: int


def past_events(
    path: Path, deployment: Deployment, plug: EventPlug, kinds: Iterable[Kind], *, up_to: int
) -> Past:
    """The events of these kinds up to a block.

    Raises: InputError for a file that is no index of ours, or one that does not hold the
    deployment up to that block.
    """
    if not path.is_file():
        raise InputError(f"there is no index {path}: name it with --index")
    opened = open_database(path, read_only=True, remedy=REMEDY)
    with closing(opened) as connection, reading(path, REMEDY):
        check_kind(connection, path, kind=KIND, version=VERSION, remedy=REMEDY)
        key = _key(connection, path, deployment, up_to)
        stored = [n for n in read_namings(connection, key) if not n.initial]
        known = [*initial_namings(plug.sources(deployment)), *stored]
        catalogue = Catalogue(known, load_abi).up_to(up_to)
        abis = {
            (covered.role, abi.name): abi
            for covered in catalogue.covered
            for abi in catalogue.event_abis(covered)
        }
        # An event that never came may have no table.
        made = {name for (name,) in fetch(connection, _TABLES)}
        wanted = {table_name(kind[0], abis[kind]) for kind in kinds if kind in abis}
        tables = sorted(wanted & made)
        events = []
        for table in tables:
            places = f"SELECT block_number, log_index FROM {quoted(table)} WHERE deployment_key = ?"
            sql = (
                f"{WITH_HEADER_SQL} WHERE r.deployment_key = ? AND r.block_number <= ?"
                f" AND (r.block_number, r.log_index) IN ({places})"
            )
            for row in fetch(connection, sql, [key, up_to, key]):
                raw, time = log_of(row)
                match = catalogue.match(raw)
                if match is not None:
                    covered, abi = match
                    events.append(decode(raw, covered.role, abi, time))
        events.sort(key=lambda event: (event.block_number, event.log_index))
        since = "SELECT min(block_time) FROM headers WHERE deployment_key = ?"
        [(first,)] = fetch(connection, since, [key])
    return Past(tuple(events), int(first or 0))


def _key(
    connection: duckdb.DuckDBPyConnection, path: Path, deployment: Deployment, up_to: int
) -> str:
    """The key of the deployment's logs; of several sources the one with the most logs. Raises:
    InputError where there is none that reaches the block."""
    rows = fetch(
        connection,
        "SELECT deployment_key, contracts FROM checkpoints WHERE protocol = ? AND chain_id = ?"
        " AND from_block = ? AND head_block >= ? ORDER BY logs DESC, deployment_key",
        [deployment.protocol, deployment.chain_id, deployment.from_block, up_to],
    )
    wanted = {role: at.lower() for role, at in deployment.contracts.items()}
    for key, contracts in rows:
        if orjson.loads(contracts) == wanted:
            return str(key)
    raise InputError(
        f"{path} does not hold {deployment.name} up to block {up_to}: index it, or name another"
        " with --index"
    )


def kept_contracts(
    path: Path, protocol: str, chain_id: int, from_block: int, *, up_to: int
) -> dict[str, str] | None:
    """Role -> address of what an index keeps under a protocol's name up to a block: of several the
    one with the most logs. None where there is none.

    Raises: InputError for a file that is no index of ours.
    """
    if not path.is_file():
        raise InputError(f"there is no index {path}: name it with --index")
    opened = open_database(path, read_only=True, remedy=REMEDY)
    with closing(opened) as connection, reading(path, REMEDY):
        check_kind(connection, path, kind=KIND, version=VERSION, remedy=REMEDY)
        rows = fetch(
            connection,
            "SELECT contracts FROM checkpoints WHERE protocol = ? AND chain_id = ?"
            " AND from_block = ? AND head_block >= ? ORDER BY logs DESC, deployment_key LIMIT 1",
            [protocol, chain_id, from_block, up_to],
        )
    return dict(orjson.loads(rows[0][0])) if rows else None
