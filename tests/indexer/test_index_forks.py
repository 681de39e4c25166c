"""A chain that changes between any two requests of one run: reorgs, and endpoints on two forks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bank import (
    ALICE,
    BOB,
    BRANCH,
    BRANCH_2,
    BRANCH_OPENED,
    CAROL,
    MOVED,
    OPENED,
    PLUG,
    REGISTRY,
    bank,
    bank_abi,
    small_story,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from index_rows import contents
from memory_chain import Interrupted, MemoryChain

from analyzer.chain.base import ChangedError, LogChunk
from analyzer.indexer.index import Index
from analyzer.model.block import BlockRef
from analyzer.model.errors import UnreadError
from analyzer.model.integers import WAD
from analyzer.model.logs import LogFilter
from analyzer.model.reads import Answer, ReadRequest


@dataclass
class Unsteady:
    """A `Chain` whose n-th answer is that of the fork that `turns[n]` names; afterwards it stays
    with the last one named. `stop`: the request at which `failure` is raised; None = never."""

    forks: Sequence[MemoryChain]
    turns: Sequence[int] = ()
    stop: int | None = None
    failure: BaseException = field(default_factory=Interrupted)
    chain_id: int = 4242
    asked: int = 0

    def _now(self) -> MemoryChain:
        if self.asked == self.stop:
            self.stop = None
            raise self.failure
        turn = self.turns[min(self.asked, len(self.turns) - 1)] if self.turns else 0
        self.asked += 1
        return self.forks[turn]

    def resolve(self, text: str) -> BlockRef:
        return self._now().resolve(text)

    def headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        return self._now().headers(numbers)

    def logs(self, filters: Sequence[LogFilter], first: int, last: int) -> Iterator[LogChunk]:
        while first <= last:
            fork = self._now()
            end = min(first + fork.chunk - 1, last)
            yield from fork.logs(filters, first, end)
            first = end + 1

    def read(self, block: BlockRef, requests: Sequence[ReadRequest]) -> list[Answer]:
        return self._now().read(block, requests)

    def close(self) -> None:
        for fork in self.forks:
            fork.close()


def advance(path: Path, chain: Unsteady | MemoryChain) -> None:
    with Index(path, abi=bank_abi) as index:
        to = chain.resolve("latest")
        index.advance(chain, bank(), PLUG, to=to, progress=lambda *_: None)


def forked(keep: int, events: Sequence[int], *, salt: str, chunk: int) -> MemoryChain:
    """The small story up to block `keep`, and then blocks with other events."""
    chain = small_story(MemoryChain(chunk=chunk))
    height = chain.head
    chain.reorganise(keep)
    while chain.head < height:
        chain.mine(salt=salt)
        match events[chain.head % len(events)]:
            case 0:
                chain.emit(REGISTRY, OPENED, BRANCH)
            case 1:
                chain.emit(BRANCH, MOVED, CAROL, 9 * WAD, 0)
            case 2:
                chain.emit(BRANCH, BRANCH_OPENED, BRANCH_2)
            case 3:
                chain.emit(BRANCH_2, MOVED, BOB, 3, 0)
    return chain


EVENTS = st.lists(st.integers(0, 6), min_size=1, max_size=5)


@pytest.mark.long
@settings(max_examples=12)
@given(
    keep=st.integers(0, 19),
    events=EVENTS,
    chunk=st.integers(1, 9),
    turns=st.lists(st.integers(0, 1), min_size=1, max_size=14),
    stop=st.none() | st.integers(2, 14),
    failure=st.sampled_from([Interrupted(), UnreadError("gone"), RuntimeError("a fault")]),
    each=st.booleans(),
)
def test_after_one_more_run_the_index_is_as_if_made_from_scratch(
    tmp_path_factory: pytest.TempPathFactory,
    keep: int,
    events: Sequence[int],
    chunk: int,
    turns: Sequence[int],
    stop: int | None,
    failure: BaseException,
    each: bool,
) -> None:
    folder = tmp_path_factory.mktemp("forks")
    forks = [
        forked(20, events, salt="old", chunk=chunk),
        forked(keep, events, salt="new", chunk=chunk),
    ]
    with pytest.MonkeyPatch.context() as patch:
        if each:  # a transaction for every chunk, or one for all
            patch.setattr("analyzer.indexer.batch.BATCH_LOGS", 0)
        for _ in range(2):
            with suppress(UnreadError, Interrupted, RuntimeError):
                advance(folder / "i", Unsteady(forks, turns, stop, failure))
        steady = forks[turns[-1]]
        advance(folder / "i", steady)
        advance(folder / "fresh", steady)
    assert contents(folder / "i") == contents(folder / "fresh")


@pytest.mark.parametrize("turn", [3, 5, 8])
def test_a_run_never_ends_well_on_two_forks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    monkeypatch.setattr("analyzer.indexer.batch.BATCH_LOGS", 0)
    forks = [forked(20, [1], salt="a", chunk=4), forked(3, [1], salt="b", chunk=4)]
    with pytest.raises(ChangedError, match="run again"):
        advance(tmp_path / "i", Unsteady(forks, [0] * turn + [1]))


def test_orphans_below_a_block_that_is_still_there_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is killed after it stored blocks of both forks, as endpoints that take turns can make
    it: nothing but asking all of its headers again shows that."""
    monkeypatch.setattr("analyzer.indexer.batch.BATCH_LOGS", 0)
    monkeypatch.setattr(
        "analyzer.indexer.index.linked_chunks", lambda chain, chunks, before: chunks
    )
    monkeypatch.setattr("analyzer.indexer.index.check_still", lambda chain, block: None)
    old, new = forked(20, [1], salt="a", chunk=4), forked(3, [1], salt="b", chunk=4)
    with suppress(Interrupted):
        advance(tmp_path / "i", Unsteady([old, new], [0] * 6 + [1], stop=7))
    monkeypatch.undo()
    kept = {row[1]: row[2] for row in contents(tmp_path / "i")["headers"]}
    assert any(kept[n] == old.ref(n).hash != new.ref(n).hash for n in kept)
    assert kept[max(kept)] == new.ref(max(kept)).hash
    advance(tmp_path / "i", new)
    advance(tmp_path / "fresh", new)
    assert contents(tmp_path / "i") == contents(tmp_path / "fresh")


def test_a_contract_that_is_named_late_is_read_on_the_same_fork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a newly named contract did before is asked later than the rest."""
    monkeypatch.setattr("analyzer.indexer.batch.BATCH_LOGS", 0)
    old, new = MemoryChain(chunk=4), MemoryChain(chunk=4)
    for chain, amount in ((old, 5), (new, 7)):
        chain.mine(1)
        chain.emit(REGISTRY, OPENED, BRANCH)
        chain.mine(1, salt=str(amount))
        chain.emit(BRANCH, MOVED, ALICE, amount, 0)
        chain.emit(BRANCH_2, MOVED, BOB, amount, 0)
        chain.mine(8)
        chain.emit(BRANCH, BRANCH_OPENED, BRANCH_2)
        chain.mine(4)
    for turn in range(3, 10, 2):
        path = tmp_path / str(turn)
        with suppress(ChangedError):
            advance(path, Unsteady([old, new], [0] * turn + [1]))
        advance(path, new)
        advance(tmp_path / f"fresh {turn}", new)
        assert contents(path) == contents(tmp_path / f"fresh {turn}")
