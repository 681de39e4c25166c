"""Each table of an index: its rows are what they were made of, column by column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bank import MOVED

from analyzer.abi.batch import LogColumns
from analyzer.indexer.index import KIND
from analyzer.indexer.sources import Naming
from analyzer.indexer.tables import (
    TABLES,
    chain,
    checkpoints,
    headers,
    raw_logs,
    read_twice,
    sources,
    unsettled,
)
from analyzer.indexer.tables.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from analyzer.indexer.tables.events import event_row, event_table
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event, RawLog
from analyzer.store.files import open_database
from analyzer.store.load import fetch, load_columns
from analyzer.store.schema import Table

LOG = RawLog(7, 1, b"\x01" * 32, b"\x02" * 32, 3, b"\x04" * 20, (b"\x05" * 32, b"\x06" * 32), b"d")
HEADER = BlockRef(7, "0x" + "01" * 32, "0x" + "00" * 32, 99)
NAMING = Naming((7, 1), "vault", "0x04", "perp_v2/Vault", ("A", "B"), 8, "registry", "0x05")


def test_every_table_of_an_index_has_a_module_of_its_name() -> None:
    modules = (chain, raw_logs, headers, sources, checkpoints, unsettled, read_twice)
    assert [module.__name__.rpartition(".")[2] for module in modules] == [t.name for t in TABLES]
    assert tuple(module.TABLE for module in modules) == TABLES


def stored(table: Table, arrays: dict[str, Any], at: Path) -> tuple[Any, ...]:
    """The one row that arrays become in a file."""
    connection = open_database(at / f"{table.name}.{KIND}", read_only=False)
    for statement in table.ddl():
        connection.execute(statement)
    assert load_columns(connection, table, arrays, same={"deployment_key": "k"}) == 1
    (row,) = fetch(connection, f"SELECT * FROM {table.name}")
    connection.close()
    return row


def test_a_log_comes_back_with_the_header_of_its_block(tmp_path: Path) -> None:
    row = stored(raw_logs.TABLE, raw_logs.arrays(LogColumns.of([LOG])), tmp_path)
    assert row == ("k", 7, 1, 3, LOG.tx_hash, LOG.address, b"\x05" * 32 + b"\x06" * 32, b"d")
    joined = (*row, HEADER.hash, HEADER.time)
    assert raw_logs.from_row(joined) == (LOG, 99)
    with pytest.raises(ValueError, match="tx_hash is NULL"):
        raw_logs.from_row((*row[:4], None, *joined[5:]))


def test_a_header_and_a_naming_come_back_as_they_were(tmp_path: Path) -> None:
    blocks = LogColumns.of([LOG], [HEADER.time]).blocks()
    header = stored(headers.TABLE, headers.arrays(blocks, [HEADER.parent_hash]), tmp_path)
    assert header == ("k", 7, HEADER.hash, HEADER.parent_hash, 99)
    assert headers.from_row(header) == HEADER
    naming = sources.to_row(NAMING, "k")
    assert naming == (
        "k", "vault", "0x04", "perp_v2/Vault", "A,B", 8, "registry", "0x05", 7, 1,
    )  # fmt: skip
    assert sources.from_row(naming) == NAMING
    assert sources.from_row((*naming[:4], "", *naming[5:])).events == ()


def test_a_checkpoint_moves_and_goes(tmp_path: Path) -> None:
    deployment = Deployment("d", "p", 10, 5, {"b": "0xBB", "a": "0xAA"})
    connection = open_database(tmp_path / KIND, read_only=False)
    for statement in checkpoints.TABLE.ddl():
        connection.execute(statement)
    assert read_checkpoint(connection, "k") is None
    write_checkpoint(connection, "k", deployment, Checkpoint(HEADER, 3))
    moved = Checkpoint(BlockRef(8, "0x02", HEADER.hash, 101), 4)
    write_checkpoint(connection, "k", deployment, moved)
    assert read_checkpoint(connection, "k") == moved
    stored = fetch(connection, "SELECT protocol, chain_id, contracts, from_block FROM checkpoints")
    assert stored == [("p", 10, '{"a":"0xaa","b":"0xbb"}', 5)]
    write_checkpoint(connection, "k", deployment, None)
    assert read_checkpoint(connection, "k") is None
    connection.close()


def test_a_decoded_log_begins_with_where_it_lies() -> None:
    args = {"who": "0x01", "amount": -5, "memo": 2**200}
    event = Event(7, 1, "0x02", "0xC0", "branch", MOVED.name, args, 99)
    row = event_row("k", event, MOVED)
    assert dict(zip((c.name for c in event_table("branch", MOVED).columns), row, strict=True)) == {
        "deployment_key": "k", "block_number": 7, "log_index": 1, "tx_hash": "0x02",
        "contract_address": "0xC0", **args,
    }  # fmt: skip
