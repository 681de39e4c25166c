"""Headers of finalized history by sample: how few are read, and what is noticed all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from index_rows import contents
from static_node import CONTRACT, StaticNode

from analyzer.abi.contract import load_abi
from analyzer.chain.base import NOT_SAMPLED, SAMPLE, ChangedError
from analyzer.chain.node import NEAR_HEAD, Node
from analyzer.indexer import Index
from analyzer.indexer.index import Extent
from analyzer.model.deployment import Deployment
from analyzer.model.errors import UnreadError
from analyzer.model.logs import Event, LogFilter
from analyzer.protocols.base import Source

ABI, EVENT = "perp_v2/ClearingHouse", "PositionChanged"
TOPIC0 = load_abi(ABI).event(EVENT).topic0
BLOCKS = 3_000
BENCH = Deployment("d", "perp-v2", 10, 1, {"clearing_house": CONTRACT})
FILTERS = [LogFilter((CONTRACT,), (TOPIC0,))]


class Plug:
    naming_events: frozenset[str] = frozenset()

    def sources(self, deployment: Deployment) -> list[Source]:
        return [Source("clearing_house", CONTRACT, ABI, (EVENT,), 1)]

    def follow(self, deployment: Deployment, event: Event) -> list[Source]:
        return []


def made(**options: Any) -> StaticNode:
    return StaticNode(TOPIC0, blocks=BLOCKS, logs_a_block=1, words=6, **options)


def advance(path: Path, server: StaticNode, to: str = "latest") -> Extent:
    chain = Node([server.url])
    try:
        with Index(path) as index:
            block = chain.resolve(to)
            index.advance(chain, BENCH, Plug(), to=block, progress=lambda *_: None)
            return index.extent(BENCH, Plug(), block=block)
    finally:
        chain.close()


@pytest.fixture(scope="module")
def server() -> Iterator[StaticNode]:
    with made() as one:
        yield one


def test_one_header_in_a_hundred_is_read_below_what_is_final_and_all_near_the_head(
    server: StaticNode, tmp_path: Path
) -> None:
    server.asked.clear()
    extent = advance(tmp_path / "i", server)
    final = BLOCKS - NEAR_HEAD
    assert server.asked["eth_getBlockByNumber"] - NEAR_HEAD < final // 100 + 15
    assert (extent.logs, extent.blocks_with_logs) == (BLOCKS, BLOCKS)
    assert extent.links.headers == final // SAMPLE + NEAR_HEAD
    # The first header near the head names the last block of the finalized ones; in the sample each
    # names the block before it, whose hash its logs have said.
    assert extent.links.linked == extent.links.headers
    assert extent.links.broken == ()


def test_the_index_holds_the_same_however_its_headers_were_read(
    server: StaticNode, tmp_path: Path
) -> None:
    """But for the parents' hashes that were not read."""
    advance(tmp_path / "sampled", server)
    advance(tmp_path / "steps", server, "1200")
    advance(tmp_path / "steps", server)
    with made(times=False) as silent:
        extent = advance(tmp_path / "all", silent)
    assert extent.links.headers == BLOCKS
    sampled, whole, steps = (contents(tmp_path / name) for name in ("sampled", "all", "steps"))
    read = {row[1] for row in sampled["headers"] if row[3]}
    cut = [(*row[:3], row[3] if row[1] in read else "", row[4]) for row in whole["headers"]]
    assert sorted(cut, key=repr) == sampled["headers"]
    assert {name: rows for name, rows in sampled.items() if name != "headers"} == {
        name: rows for name, rows in whole.items() if name != "headers"
    }
    # Where a run ended a moment ago, and the next went on, changes nothing that is below the head.
    assert [row[:3] for row in steps["headers"]] == [row[:3] for row in sampled["headers"]]
    assert steps["raw_logs"] == sampled["raw_logs"]


class Forked(StaticNode):
    """The logs of some blocks name another hash than the headers have."""

    wrong: frozenset[int] = frozenset()

    def hash_of(self, number: int) -> str:  # type: ignore[override]
        honest = StaticNode.hash_of(number)
        return "0x" + "ee" * 32 if number in self.wrong else honest

    def _header(self, number: int) -> Any:
        found = super()._header(number)
        return found and {**found, "hash": StaticNode.hash_of(number)}


@pytest.mark.parametrize("number", [SAMPLE, BLOCKS - 5, 1])
def test_another_hash_at_a_block_whose_header_is_read_ends_the_run(number: int) -> None:
    with Forked(TOPIC0, blocks=BLOCKS, logs_a_block=1) as node:
        node.wrong = frozenset({number})
        chain = Node([node.url], tries=1)
        with pytest.raises(ChangedError, match=f"the logs of block {number} name another block"):
            list(chain.logs(FILTERS, 1, BLOCKS))
        chain.close()


def test_a_chunk_of_another_fork_than_the_one_before_is_not_taken(tmp_path: Path) -> None:
    class Parted(StaticNode):
        def _header(self, number: int) -> Any:
            found = super()._header(number)
            return found and (
                {**found, "parentHash": "0x" + "ee" * 32} if number == 1201 else found
            )

    with Parted(TOPIC0, blocks=BLOCKS, logs_a_block=1) as node:
        advance(tmp_path / "i", node, "1200")
        with pytest.raises(UnreadError, match=r"block 1201 names 0xee.* as its parent"):
            advance(tmp_path / "i", node)


@pytest.mark.parametrize("moved", [{1_500: 0}, {1_500: 2**40 % 253402300799}, {SAMPLE: 1}])
def test_times_that_cannot_be_right_are_not_used_and_every_header_is_read(
    moved: dict[int, int], tmp_path: Path
) -> None:
    class Untimely(StaticNode):
        def time_of(self, number: int) -> int:  # type: ignore[override]
            return moved.get(number, StaticNode.time_of(number))

        def _header(self, number: int) -> Any:
            found = super()._header(number)
            return found and {**found, "timestamp": hex(StaticNode.time_of(number))}

    with Untimely(TOPIC0, blocks=BLOCKS, logs_a_block=1) as node:
        chain = Node([node.url])
        chunks = list(chain.logs(FILTERS, 1, BLOCKS))
        chain.close()
        assert {c.sampled_to for c in chunks if c.first <= min(moved) <= c.last} == {NOT_SAMPLED}
        extent = advance(tmp_path / "i", node)
    assert extent.links.headers == BLOCKS
    times = {row[1]: row[4] for row in contents(tmp_path / "i")["headers"]}
    assert times == {n: StaticNode.time_of(n) for n in range(1, BLOCKS + 1)}


def test_a_short_range_and_a_recorders_node_ask_for_every_header(server: StaticNode) -> None:
    for whole, first in ((False, BLOCKS - 900), (True, 1)):
        chain = Node([server.url], whole_headers=whole)
        (*_, last) = chain.logs(FILTERS, first, BLOCKS)
        chain.close()
        assert last.sampled_to == NOT_SAMPLED
