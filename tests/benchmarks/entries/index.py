"""Logs into the index: ours plain and compiled, ours as it was, web3.py without a store, cryo,
tiders.

The node is a static one on 127.0.0.1, its CPU not counted. Its logs are Perp V2's PositionChanged:
two indexed addresses, six words, five logs a block, a word in fifty wider than 128 bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks import tiders_logs
from tests.benchmarks.suite import Benchmark, Setting, Way, Work

LOGS_A_BLOCK = 5
ABI, EVENT = "perp_v2/ClearingHouse", "PositionChanged"
SIGNED = ("exchangedPositionSize", "exchangedPositionNotional", "openNotional", "realizedPnl")


@contextmanager
def node(_folder: Path, size: int) -> Iterator[dict[str, Any]]:
    """The static node with so many logs below its finalized head."""
    import sys

    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support" / "chains"))
    from static_node import CONTRACT, StaticNode

    from analyzer.abi.contract import load_abi

    last = max(1, size // LOGS_A_BLOCK)
    topic0 = load_abi(ABI).event(EVENT).topic0
    with StaticNode(topic0, blocks=last + 200, logs_a_block=LOGS_A_BLOCK, uneven=97) as server:
        yield {"url": server.url, "last": last, "contract": CONTRACT, "topic0": topic0}


class _Plug:
    """A protocol of one contract and one event."""

    naming_events: frozenset[str] = frozenset()

    def sources(self, deployment: Any) -> list[Any]:
        from analyzer.protocols.base import Source

        return [Source("clearing_house", deployment.contracts["clearing_house"], ABI, (EVENT,), 1)]

    def follow(self, deployment: Any, event: Any) -> list[Any]:
        return []


def ours(setting: Setting) -> Work:
    """Node, index, decoded tables: `analyzer index` without its start."""
    from importlib import import_module
    from importlib.util import find_spec

    from analyzer.chain.node import Node
    from analyzer.model.deployment import Deployment

    # An older tree has the index in another room.
    moved = find_spec("analyzer.indexer") is not None
    Index = import_module("analyzer.indexer" if moved else "analyzer.store.index").Index  # noqa: N806

    contracts = {"clearing_house": setting.given["contract"]}
    deployment = Deployment("bench", "perp-v2", 10, 1, contracts)

    def work() -> Path:
        chain = Node([setting.given["url"]])
        path = setting.folder / "index.duckdb"
        with Index(path) as index:
            to = chain.resolve(str(setting.given["last"]))
            index.advance(chain, deployment, _Plug(), to=to, progress=lambda *_: None)
        chain.close()
        return path

    # Imports and compiling are start-up: one small range before the clock runs.
    chain = Node([setting.given["url"]])
    with Index(setting.folder / "warm.duckdb") as index:
        to = chain.resolve(str(min(20, setting.given["last"])))
        index.advance(chain, deployment, _Plug(), to=to, progress=lambda *_: None)
    chain.close()
    return work


def compiled_scan(setting: Setting) -> Work:
    """The same with the compiled scanner from the first byte on; loading it is start-up."""
    from analyzer.abi import compiled

    compiled.ENGINE = compiled.Engine(0)
    return ours(setting)


def plain_scan(setting: Setting) -> Work:
    """The same without it, however much there is."""
    from importlib.util import find_spec

    # An older tree has no compiled scanner.
    if find_spec("analyzer.abi.compiled") is not None:
        from analyzer.abi import compiled

        compiled.ENGINE = compiled.Engine(1 << 62)
    return ours(setting)


def contents_of_index(setting: Setting, path: Any) -> str:
    """A digest over every decoded row: place, transaction, contract, arguments as integers."""
    import duckdb

    names = ("exchanged_position_size", "exchanged_position_notional", "fee", "open_notional",
             "realized_pnl", "sqrt_price_after_x96")  # fmt: skip
    listed = ", ".join(f"{n}, {n}_overflow" for n in names)
    digest = hashlib.sha256()
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            f"SELECT block_number, log_index, tx_hash, contract_address, trader, base_token,"
            f" {listed} FROM event_clearing_house_position_changed ORDER BY 1, 2"
        )
        while rows := found.fetchmany(10_000):
            for row in rows:
                digest.update(_line(row[:6], _integers(row[6:])))
    return digest.hexdigest()


def _integers(cells: tuple[Any, ...]) -> list[int]:
    """The six integers of a row, from their columns or from where they overflowed to."""
    out = []
    for place in range(6):
        value, over = cells[2 * place], cells[2 * place + 1]
        if over is not None:
            value = int.from_bytes(over, "big") - (0 if place in (2, 5) else 1 << 255)
        out.append(value)
    return out


def _line(common: tuple[Any, ...], integers: list[int]) -> bytes:
    """One row as text, the same for every way."""
    block, index, tx, *addresses = common
    return f"{block} {index} {tx} {[a.lower() for a in addresses]} {integers}\n".encode()


def web3_get_logs(setting: Setting) -> Work:
    """`contract.events.X.get_logs`, decoded, kept nowhere."""
    from web3 import Web3

    from analyzer.abi.resources import abi_folder

    web3 = Web3(Web3.HTTPProvider(setting.given["url"]))
    address = Web3.to_checksum_address(setting.given["contract"])
    abi = (abi_folder() / f"{ABI}.json").read_text()
    event = web3.eth.contract(address=address, abi=abi).events[EVENT]()
    step, last = 2_000, setting.given["last"]
    event.get_logs(from_block=1, to_block=min(5, last))

    def work() -> list[Any]:
        return [
            log
            for first in range(1, last + 1, step)
            for log in event.get_logs(from_block=first, to_block=min(first + step - 1, last))
        ]

    return work


def contents_of_web3(setting: Setting, logs: Any) -> str:
    """The same digest over web3.py's logs."""
    digest = hashlib.sha256()
    for log in logs:
        args = log["args"]
        common = (log["blockNumber"], log["logIndex"], "0x" + log["transactionHash"].hex(),
                  log["address"], args["trader"], args["baseToken"])  # fmt: skip
        names = (*SIGNED[:2], "fee", *SIGNED[2:], "sqrtPriceAfterX96")
        digest.update(_line(common, [args[name] for name in names]))
    return digest.hexdigest()


def cryo_freeze(setting: Setting) -> Work:
    """`cryo logs`, decoded by the event's signature into Parquet, tuned: integers as binary."""
    import cryo

    from analyzer.abi.contract import load_abi

    event = load_abi(ABI).event(EVENT)
    inputs = ", ".join(f"{p.type}{' indexed' * p.indexed} {p.name}" for p in event.inputs)
    given = setting.given

    def freeze(last: int, folder: str) -> None:
        cryo.freeze(
            "logs",
            blocks=[f"1:{last + 1}"],
            rpc=given["url"],
            contract=[given["contract"]],
            topic0=[given["topic0"]],
            event_signature=f"event {EVENT}({inputs})",
            u256_types=["binary"],
            chunk_size=2_000,
            inner_request_size=2_000,
            output_dir=str(setting.folder / folder),
            verbose=False,
            hex=False,
        )

    freeze(min(20, given["last"]), "warm")

    def work() -> Path:
        freeze(given["last"], "cryo")
        return setting.folder / "cryo"

    return work


def contents_of_cryo(setting: Setting, folder: Any) -> str:
    """The same digest over cryo's Parquet."""
    import duckdb

    names = (*SIGNED[:2], "fee", *SIGNED[2:], "sqrtPriceAfterX96")
    listed = ", ".join(f'"event__{name}_binary"' for name in names)
    digest = hashlib.sha256()
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT block_number, log_index, transaction_hash, address, event__trader,"
            f" event__baseToken, {listed} FROM read_parquet('{folder}/*.parquet') ORDER BY 1, 2"
        )
        while rows := found.fetchmany(10_000):
            for row in rows:
                integers = [
                    int.from_bytes(cell, "big", signed=place not in (2, 5))
                    for place, cell in enumerate(row[6:])
                ]
                hexed = ["0x" + bytes(cell).hex() for cell in row[2:6]]
                digest.update(_line((*row[:2], *hexed), integers))
    return digest.hexdigest()


BENCHMARK = Benchmark(
    name="index",
    title="Logs into the index: headers, raw logs, decoded tables",
    unit="log",
    size=200_000,
    growth=(2_000, 20_000, 200_000),
    quick=20_000,
    setup=node,
    ways=(
        Way("analyzer", plain_scan, contents_of_index),
        Way("analyzer compiled", compiled_scan, contents_of_index, needs=("numba",)),
        Way("analyzer before", ours, contents_of_index, base=True),
        Way(
            "web3.py get_logs",
            web3_get_logs,
            contents_of_web3,
            differs="decodes, asks for no header, stores nothing",
        ),
        Way(
            "cryo",
            cryo_freeze,
            contents_of_cryo,
            needs=("cryo",),
            differs="writes Parquet of decoded logs, asks for no header, keeps no raw logs",
        ),
        Way(
            "tiders",
            lambda setting: tiders_logs.freeze(setting, ABI, EVENT),
            lambda setting, path: tiders_logs.contents(path, _line),
            needs=("tiders",),
            differs="writes decoded logs to DuckDB, asks for no header, keeps no raw logs",
        ),
    ),
)
