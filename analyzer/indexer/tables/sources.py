"""The table `sources`: who named the contracts of an index; the caller owns the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from analyzer.indexer.keys import KEY
from analyzer.indexer.sources import Naming
from analyzer.store.load import fetch, load_rows
from analyzer.store.rows import column_reader, row_reader, row_writer
from analyzer.store.schema import Table, count, names, text

if TYPE_CHECKING:
    import duckdb

TABLE = Table(
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

to_row = row_writer(
    TABLE,
    Naming,
    beside=("deployment_key",),
    at={"named_at_block": "at", "named_at_log_index": "at"},
    made={
        "events": ",".join,
        "named_at_block": itemgetter(0),
        "named_at_log_index": itemgetter(1),
    },
)


def _events(listed: str) -> tuple[str, ...]:
    """The events of a comma-separated list."""
    return tuple(filter(None, listed.split(",")))


_at = column_reader(TABLE, "named_at_block", "named_at_log_index")
_naming = row_reader(
    TABLE,
    Naming,
    beside=("at",),
    made={"events": _events},
)


def from_row(row: Sequence[Any]) -> Naming:
    """The naming of a row. Raises: ValueError where the index holds a NULL instead."""
    return _naming(row, at=_at(row))


def read_namings(connection: duckdb.DuckDBPyConnection, key: str) -> list[Naming]:
    """The stored namings of a deployment, in the order of the logs."""
    listed = names(TABLE.columns)
    rows = fetch(connection, f"SELECT {listed} FROM sources WHERE deployment_key = ?", [key])
    return sorted(map(from_row, rows))


def write_namings(
    connection: duckdb.DuckDBPyConnection, key: str, namings: Iterable[Naming]
) -> None:
    """Replaces the stored namings of a deployment."""
    connection.execute("DELETE FROM sources WHERE deployment_key = ?", [key])
    load_rows(connection, TABLE, [to_row(naming, key) for naming in namings])
