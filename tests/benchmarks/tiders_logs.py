"""tiders as a rival: its RPC provider, its decoder, its DuckDB writer."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

from tests.benchmarks.suite import Setting, Work

INTEGERS = ("exchangedPositionSize", "exchangedPositionNotional", "fee", "openNotional",
            "realizedPnl", "sqrtPriceAfterX96")  # fmt: skip


def freeze(setting: Setting, abi: str, event_name: str) -> Work:
    """Logs into DuckDB, decoded by the event's signature; wide integers as 32 bytes, for its
    decimals have 38 digits. The raw columns are dropped."""
    import logging

    import tiders
    from tiders import config
    from tiders_core import ingest
    from tiders_core.ingest import evm

    from analyzer.abi.contract import load_abi

    logging.disable(logging.WARNING)
    event = load_abi(abi).event(event_name)
    inputs = ", ".join(f"{p.type}{' indexed' * p.indexed} {p.name}" for p in event.inputs)
    given = setting.given
    wanted = {"block_number", "log_index", "transaction_hash", "address", "data", "topic0",
              "topic1", "topic2", "topic3"}  # fmt: skip

    def run(last: int, name: str) -> None:
        query = ingest.Query(
            kind=ingest.QueryKind.EVM,
            params=evm.Query(
                from_block=1,
                to_block=last,  # inclusive over RPC, whatever its words say
                logs=[evm.LogRequest(address=[given["contract"]], topic0=[given["topic0"]])],
                fields=evm.Fields(log=evm.LogFields(**dict.fromkeys(wanted, True))),
            ),
        )
        provider = ingest.ProviderConfig(
            kind=ingest.ProviderKind.RPC, url=given["url"], stop_on_head=True, batch_size=2_000
        )
        decode = config.Step(
            kind=config.StepKind.EVM_DECODE_EVENTS,
            config=config.EvmDecodeEventsConfig(
                event_signature=f"{event_name}({inputs})",
                original_columns=config.OriginalColumns.DROP_ALL_RAW,
                large_int_as_binary=True,
                output_table="decoded",
            ),
        )
        drop = config.Step(
            kind=config.StepKind.DELETE_TABLES,
            config=config.DeleteTablesConfig(tables=["logs"]),
        )
        writer = config.Writer(
            kind=config.WriterKind.DUCKDB,
            config=config.DuckdbWriterConfig(path=str(setting.folder / name)),
        )
        pipeline = config.Pipeline(
            provider=provider, query=query, writer=writer, steps=[decode, drop]
        )
        asyncio.run(tiders.run_pipeline(pipeline))

    run(min(20, given["last"]), "warm.duckdb")

    def work() -> Path:
        run(given["last"], "tiders.duckdb")
        return setting.folder / "tiders.duckdb"

    return work


def contents(path: Any, line: Any) -> str:
    """The digest over its table. line: one row as text, the same for every way."""
    import duckdb

    listed = ", ".join(f'"{name}"' for name in INTEGERS)
    digest = hashlib.sha256()
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            'SELECT block_number, log_index, transaction_hash, address, trader, "baseToken",'
            f" {listed} FROM decoded ORDER BY 1, 2"
        )
        while rows := found.fetchmany(10_000):
            for row in rows:
                integers = [
                    int.from_bytes(cell, "big", signed=place not in (2, 5))
                    for place, cell in enumerate(row[6:])
                ]
                hexed = ["0x" + bytes(cell).hex() for cell in row[2:6]]
                digest.update(line((int(row[0]), int(row[1]), *hexed), integers))
    return digest.hexdigest()
