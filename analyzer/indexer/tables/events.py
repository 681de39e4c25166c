"""Decoded event tables: one per role and event, its columns made from the event's ABI."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from analyzer.abi.batch import LogBatch
from analyzer.abi.columns import word_columns
from analyzer.abi.contract import EventAbi, EventInput
from analyzer.abi.keccak import ADDRESS_BYTES
from analyzer.abi.types import WORD, BlobType, WordType, parse_type
from analyzer.indexer.arrays import (
    addresses,
    fixed_bytes,
    hex_text,
    hugeints,
    small_integers,
    wide_integers,
)
from analyzer.indexer.keys import KEY
from analyzer.indexer.sources import Catalogue
from analyzer.model.logs import Event
from analyzer.store.load import fetch
from analyzer.store.rows import row_writer
from analyzer.store.schema import Column, Kind, Table, count, text

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_COMMON = (
    KEY,
    count("block_number", "Block of the log.", key=True),
    count("log_index", "Index of the log in its block.", key=True),
    text("tx_hash", "Transaction, 0x.", compression="zstd"),
    text("contract_address", "The contract, checksummed."),
)
_common_row = row_writer(
    Table("event", "What every event's table begins with.", _COMMON),
    Event,
    beside=("deployment_key",),
    at={"contract_address": "address"},
)

_BIGINT_BITS = 56
"""Widest ABI integer (whole bytes) that BIGINT holds whatever its sign."""
_HUGEINT_BITS = 120
"""Widest ABI integer (whole bytes) that always lies within +-(2**127 - 1)."""


def table_name(role: str, event: EventAbi) -> str:
    """`event_<role>_<event>`, in snake case: `event_vault_collateral_liquidated`."""
    return f"event_{_snake(role)}_{_snake(event.name)}"


@lru_cache(maxsize=1024)
def event_table(role: str, event: EventAbi) -> Table:
    """The table of one event of one role."""
    columns = list(_COMMON)
    taken = {column.name for column in columns}
    for argument in event.inputs:
        column = _column(event, argument, taken)
        columns.append(column)
        taken |= {column.name} | ({column.overflow.name} if column.overflow else set())
    return Table(
        table_name(role, event),
        f"{event.signature} of role {role}, as emitted. One row per deployment and log.",
        tuple(columns),
        guarded=False,
    )


def event_row(key: str, event: Event, abi: EventAbi) -> list[object]:
    """The row of one decoded log, in the order of `event_table`."""
    return [
        *_common_row(event, key),
        *(_cell(event.args[argument.name], argument) for argument in abi.inputs),
    ]


def event_arrays(batch: LogBatch, table: Table, abi: EventAbi) -> dict[str, pa.Array]:
    """The stored columns, but for the key, of logs of one event of single words, as Arrow arrays:
    the same values that `event_row` gives log by log. table: the event's.

    Raises: DecodeError for a log that is not this event.
    """
    import pyarrow as pa

    arrays: dict[str, pa.Array] = {
        "block_number": pa.array(batch.block_number),
        "log_index": pa.array(batch.log_index),
        "tx_hash": hex_text(batch.tx_hash),
        "contract_address": addresses(batch.address),
    }
    own = table.columns[len(_COMMON) :]
    for column, argument in zip(own, word_columns(batch, abi), strict=True):
        words, kind = argument.words, argument.kind
        if column.overflow is not None:
            signed = column.kind is Kind.AMOUNT
            arrays[column.name], beside = wide_integers(words, signed=signed)
            arrays[column.overflow.name] = beside
        elif column.kind is Kind.COUNT:
            arrays[column.name] = pa.array(small_integers(words))
        elif column.kind is Kind.INTEGER:
            arrays[column.name] = hugeints(words)
        elif column.kind is Kind.FLAG:
            arrays[column.name] = pa.array(words[:, WORD - 1] == 1)
        elif column.kind is Kind.TEXT:
            arrays[column.name] = addresses(words[:, WORD - ADDRESS_BYTES :])
        else:
            arrays[column.name] = fixed_bytes(words if kind is None else words[:, : kind.size])
    return arrays


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


def _column(event: EventAbi, argument: EventInput, taken: set[str]) -> Column:
    """The column of one argument, under a name that no other column has."""
    name = _snake(argument.name)
    while name in taken or f"{name}_overflow" in taken:
        name += "_arg"
    comment = f"{argument.name} ({argument.type}) of {event.name}, as the contract emits it."
    return Column(name, _kind(argument), comment)


@lru_cache(maxsize=4096)
def _kind(argument: EventInput) -> Kind:
    """What the column of an argument holds."""
    kind = parse_type(argument.type)
    if isinstance(kind, WordType):
        if kind.kind in ("uint", "int"):
            if kind.size <= _BIGINT_BITS:
                return Kind.COUNT
            if kind.size <= _HUGEINT_BITS:
                return Kind.INTEGER
            return Kind.UNSIGNED if kind.kind == "uint" else Kind.AMOUNT
        return {"address": Kind.TEXT, "bool": Kind.FLAG}.get(kind.kind, Kind.BYTES)
    if argument.indexed:
        return Kind.BYTES
    if isinstance(kind, BlobType):
        return Kind.TEXT if kind.kind == "string" else Kind.BYTES
    return Kind.JSON


def _cell(value: object, argument: EventInput) -> object:
    """A decoded argument as its column holds it."""
    return _json(value) if _kind(argument) is Kind.JSON else value


def _json(value: object) -> str:
    """An array or a struct as JSON: integers as decimal strings, bytes as 0x text."""
    import orjson

    def plain(item: object) -> object:
        if isinstance(item, (list, tuple)):
            return [plain(part) for part in item]
        if isinstance(item, bytes):
            return "0x" + item.hex()
        return str(item) if isinstance(item, int) and not isinstance(item, bool) else item

    return orjson.dumps(plain(value)).decode()


def _snake(name: str) -> str:
    """`twPremiumX96` -> `tw_premium_x96`, `CLInsuranceFundFeeRatioChanged` -> `cl_insurance_...`,
    `perp-v2` -> `perp_v2`."""
    name = re.sub(r"[^0-9A-Za-z_]", "_", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
