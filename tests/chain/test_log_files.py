"""Logs in Parquet files are a node's logs: the same index, or a refusal that names the place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from index_rows import contents
from static_node import CONTRACT, StaticNode

from analyzer.abi.contract import load_abi
from analyzer.chain.base import Chain
from analyzer.chain.log_files import LogFiles
from analyzer.chain.node import Node
from analyzer.indexer import Index
from analyzer.model.deployment import Deployment
from analyzer.model.errors import AnalyzerError, InputError, UnreadError
from analyzer.model.logs import Event, LogFilter, RawLog
from analyzer.protocols.base import Source

ABI, EVENT = "perp_v2/ClearingHouse", "PositionChanged"
TOPIC0 = load_abi(ABI).event(EVENT).topic0
BLOCKS, COVERED = 400, 300
BENCH = Deployment("d", "perp-v2", 10, 1, {"clearing_house": CONTRACT})
FILTERS = [LogFilter((CONTRACT,), (TOPIC0,))]
Rows = dict[str, list[Any]]


class Plug:
    def sources(self, deployment: Deployment) -> list[Source]:
        return [Source("clearing_house", CONTRACT, ABI, (EVENT,), 1)]

    def follow(self, deployment: Deployment, event: Event) -> list[Source]:
        return []


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with StaticNode(TOPIC0, blocks=BLOCKS, logs_a_block=2) as server:
        chain = Node([server.url], tries=1)
        yield chain
        chain.close()


def rows_of(logs: list[RawLog]) -> Rows:
    """Rows as cryo has them, with the block's hash."""
    return {
        "block_number": [g.block_number for g in logs],
        "transaction_index": [g.tx_index for g in logs],
        "log_index": [g.log_index for g in logs],
        "transaction_hash": [g.tx_hash for g in logs],
        "address": [g.address for g in logs],
        **{
            f"topic{i}": [g.topics[i] if i < len(g.topics) else None for g in logs]
            for i in range(4)
        },
        "data": [g.data for g in logs],
        "chain_id": [10] * len(logs),
        "block_hash": [g.block_hash for g in logs],
    }


def as_text(rows: Rows) -> Rows:
    """The same as `--hex` writes it."""
    return {
        name: ["0x" + v.hex() if isinstance(v, bytes) else v for v in values]
        for name, values in rows.items()
    }


def without_hash(rows: Rows) -> Rows:
    return {name: values for name, values in rows.items() if name != "block_hash"}


def write(folder: Path, node: Node, change: Callable[[Rows], Rows] = lambda rows: rows) -> Path:
    """Three files of a hundred blocks each, named as cryo names them."""
    folder.mkdir(exist_ok=True)
    for low in range(1, COVERED, 100):
        logs = [g for c in node.logs(FILTERS, low, low + 99) for g in c.logs]
        name = f"optimism__logs__{low:08}_to_{low + 99:08}.parquet"
        pq.write_table(pa.table(change(rows_of(logs))), folder / name)
    return folder


def indexed(path: Path, chain: Chain, to: str = str(COVERED)) -> dict[str, list[tuple[Any, ...]]]:
    with Index(path) as index:
        block = chain.resolve(to)
        index.advance(chain, BENCH, Plug(), to=block, progress=lambda *_: None)
    return contents(path)


@pytest.mark.parametrize("change", [lambda rows: rows, as_text, without_hash])
def test_the_index_is_the_same_as_from_the_node(
    tmp_path: Path, node: Node, change: Callable[[Rows], Rows]
) -> None:
    files = LogFiles(node, write(tmp_path / "logs", node, change))
    found = indexed(tmp_path / "files", files)
    assert found == indexed(tmp_path / "node", node)
    assert len(found["raw_logs"]) == 2 * COVERED


def test_what_follows_the_files_comes_from_the_node(tmp_path: Path, node: Node) -> None:
    files = LogFiles(node, write(tmp_path / "logs", node))
    indexed(tmp_path / "i", files)
    whole = indexed(tmp_path / "i", node, str(BLOCKS))
    assert whole == indexed(tmp_path / "straight", node, str(BLOCKS))


def at(name: str, place: int, value: object) -> Callable[[Rows], Rows]:
    """A change of one value in every file."""

    def change(rows: Rows) -> Rows:
        return {**rows, name: [*rows[name][:place], value, *rows[name][place + 1 :]]}

    return change


def fewer(rows: Rows) -> Rows:
    """Without the logs of every other block."""
    keep = [i for i, block in enumerate(rows["block_number"]) if block % 2]
    return {name: [values[i] for i in keep] for name, values in rows.items()}


def with_a_hole(rows: Rows) -> Rows:
    """Without the logs of blocks that are far from the stretch that is compared."""
    keep = [i for i, block in enumerate(rows["block_number"]) if not 20 <= block <= 90]
    return {name: [values[i] for i in keep] for name, values in rows.items()}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (with_a_hole, "have no log of block 20, and the node gives some"),
        (at("block_hash", 7, b"\xee" * 32), "the logs of block 4 name another block hash"),
        (at("topic1", 7, b"\xee" * 32), "log 1 of block 4 is not in the bloom filter"),
        (fewer, "have 20 logs of blocks 140 to 159 where the node gives 40; they differ first in"),
        (at("data", 100, b"\x01" * 192), "they differ first in block"),
        (at("transaction_hash", 3, b"\x01"), "hold what is no log.*transaction_hash is not 32"),
        (at("topic1", 3, None), "a topic without the one before it"),
        (at("block_number", 0, None), "hold 3 logs without a block number"),
    ],
)
def test_files_that_are_not_the_nodes_logs_are_refused(
    tmp_path: Path, node: Node, change: Callable[[Rows], Rows], problem: str
) -> None:
    files = LogFiles(node, write(tmp_path / "logs", node, change))
    with pytest.raises(AnalyzerError, match=problem):
        indexed(tmp_path / "i", files)


def test_blocks_that_no_file_covers_are_named(tmp_path: Path, node: Node) -> None:
    folder = write(tmp_path / "logs", node)
    with pytest.raises(UnreadError, match=r"do not cover block 301.* name --block 300"):
        indexed(tmp_path / "i", LogFiles(node, folder), "310")
    (folder / "optimism__logs__00000101_to_00000200.parquet").unlink()
    with pytest.raises(UnreadError, match="do not cover block 101"):
        indexed(tmp_path / "i", LogFiles(node, folder))
    (only,) = folder.glob("*_00000300.parquet")
    only.rename(folder / "logs.parquet")
    with pytest.raises(UnreadError, match="do not cover block 301"):
        indexed(tmp_path / "i", LogFiles(node, folder), "310")


def test_a_folder_without_logs_is_refused(tmp_path: Path, node: Node) -> None:
    with pytest.raises(InputError, match="holds no Parquet files"):
        LogFiles(node, tmp_path / "nowhere")
    pq.write_table(pa.table({"block_number": [1]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match="have no column log_index, transaction_index"):
        LogFiles(node, tmp_path)
    (tmp_path / "x.parquet").write_bytes(b"dear diary")
    with pytest.raises(InputError, match="cannot be read"):
        LogFiles(node, tmp_path)
