"""An index that a node poisoned, and a second reading with a good one."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from pathlib import Path

import pytest
from bank import (
    ALICE,
    BOB,
    BRANCH,
    BRANCH_2,
    BRANCH_OPENED,
    MOVED,
    OPENED,
    PLUG,
    REGISTRY,
    bank,
    bank_abi,
    small_story,
)
from blooms import bloom_of
from hypothesis import given, settings
from hypothesis import strategies as st
from index_rows import contents
from memory_chain import MemoryChain

from analyzer.indexer.index import Index
from analyzer.indexer.recheck import Recheck
from analyzer.model.block import BlockRef

LOGS = len(small_story(MemoryChain()).log_list)


def advance(path: Path, chain: MemoryChain) -> None:
    with Index(path, abi=bank_abi) as index:
        to = chain.resolve("latest")
        index.advance(chain, bank(), PLUG, to=to, progress=lambda *_: None)


def recheck(
    path: Path,
    chain: MemoryChain,
    *,
    first: int = 0,
    last: int | None = None,
    trusted: bool = True,
) -> Recheck:
    with Index(path, abi=bank_abi) as index:
        return index.recheck(
            chain,
            bank(),
            PLUG,
            first=first,
            last=last,
            trusted=trusted,
            progress=lambda *_: None,
        )


def without(hidden: Set[int], *, chunk: int = 7) -> MemoryChain:
    """The small story by a node that does not give some of its logs."""
    chain = small_story(MemoryChain(chunk=chunk))
    chain.log_list = [log for n, log in enumerate(chain.log_list) if n not in hidden]
    return chain


def forged(chain: MemoryChain, block: int, what: int) -> None:
    """A log that is on no chain, in a block that is."""
    event, at, values = [
        (MOVED, BRANCH, (ALICE, 5, 0)),
        (OPENED, REGISTRY, (BRANCH_2,)),
        (BRANCH_OPENED, BRANCH, (BRANCH_2,)),
        (MOVED, BRANCH_2, (BOB, -5, 1)),
    ][what]
    chain.log_list.append((block, at.lower(), event, values, 40 + what))


@pytest.mark.long
@settings(max_examples=12)
@given(
    hidden=st.sets(st.integers(0, LOGS - 1)),
    forgeries=st.sets(st.tuples(st.integers(1, 20), st.integers(0, 3)), max_size=3),
    chunk=st.integers(1, 9),
    each=st.booleans(),
)
def test_a_good_node_heals_whatever_a_bad_one_left_out_or_made_up(
    tmp_path_factory: pytest.TempPathFactory,
    hidden: set[int],
    forgeries: set[tuple[int, int]],
    chunk: int,
    each: bool,
) -> None:
    folder = tmp_path_factory.mktemp("healed")
    bad, good = without(hidden, chunk=chunk), without(set(), chunk=chunk)
    for block, what in forgeries:
        forged(bad, block, what)
    with pytest.MonkeyPatch.context() as patch:
        if each:
            patch.setattr("analyzer.indexer.batch.BATCH_LOGS", 0)
        advance(folder / "i", bad)
        recheck(folder / "i", good)
        advance(folder / "fresh", good)
    assert contents(folder / "i") == contents(folder / "fresh")
    assert recheck(folder / "i", good) == Recheck(0, 20)


def test_it_says_what_it_did(tmp_path: Path) -> None:
    bad = without({1, 3})
    forged(bad, 7, 0)
    advance(tmp_path / "i", bad)
    assert recheck(tmp_path / "i", without(set())) == Recheck(0, 20, added=2, removed=1)


def test_only_the_range_is_read_again(tmp_path: Path) -> None:
    # Logs 1 and 3 are Alice's, of blocks 2 and 5.
    advance(tmp_path / "i", without({1, 3}))
    good = without(set())
    assert recheck(tmp_path / "i", good, first=4, last=9) == Recheck(4, 9, added=1)
    asked = [ask for what, ask in good.asked if what == "logs"]
    assert [(first, last) for _, first, last in asked] == [(4, 9)]
    advance(tmp_path / "half", without({1}))
    assert contents(tmp_path / "i") == contents(tmp_path / "half")


def test_what_nobody_vouches_for_stays(tmp_path: Path) -> None:
    """A node that gives no log at all, and headers without a word on them."""
    advance(tmp_path / "i", without(set()))
    before = contents(tmp_path / "i")
    pruned = without(set(range(LOGS)))
    assert recheck(tmp_path / "i", pruned, trusted=False) == Recheck(0, 20, kept=LOGS)
    assert contents(tmp_path / "i") == before
    assert recheck(tmp_path / "i", pruned, trusted=True).removed == LOGS


def test_a_header_that_was_another_once_is_put_right(tmp_path: Path) -> None:
    class Wrong(MemoryChain):
        """A chain whose block 2 names another parent and time."""

        def ref(self, number: int) -> BlockRef:
            found = MemoryChain.ref(self, number)
            return replace(found, parent_hash="0x" + "cd" * 32, time=1) if number == 2 else found

    advance(tmp_path / "i", small_story(Wrong()))
    good = without(set())
    assert recheck(tmp_path / "i", good) == Recheck(0, 20, headers=1)
    advance(tmp_path / "fresh", good)
    assert contents(tmp_path / "i") == contents(tmp_path / "fresh")


class Bloomed(MemoryChain):
    """A chain whose headers have the filters of the small story."""

    def ref(self, number: int) -> BlockRef:
        story = small_story(MemoryChain())
        logs = [story._raw(*log) for log in story.log_list if log[0] == number]
        items = [item for log in logs for item in (log.address, *log.topics)]
        return replace(MemoryChain.ref(self, number), bloom=bloom_of(items))


@pytest.mark.parametrize("trusted", [True, False])
def test_a_filter_tells_a_pruned_log_from_one_that_was_made_up(
    tmp_path: Path, trusted: bool
) -> None:
    bad = small_story(MemoryChain())
    forged(bad, 9, 0)
    advance(tmp_path / "i", bad)
    pruned = small_story(Bloomed())
    pruned.log_list = []
    assert recheck(tmp_path / "i", pruned, trusted=trusted) == Recheck(0, 20, removed=1, kept=LOGS)
    advance(tmp_path / "fresh", small_story(MemoryChain()))
    assert contents(tmp_path / "i") == contents(tmp_path / "fresh")


@pytest.mark.parametrize("block", [2, 9])
def test_a_copy_of_a_log_in_its_own_block_goes_without_any_trust(
    tmp_path: Path, block: int
) -> None:
    """Its filter has room for the copy: only the other logs of the block speak against it."""
    bad = small_story(Bloomed())
    copied = next(log for log in bad.log_list if log[0] == block)
    bad.log_list.append((*copied[:4], 1_000))
    advance(tmp_path / "i", bad)
    good = small_story(Bloomed())
    assert recheck(tmp_path / "i", good, trusted=False) == Recheck(0, 20, removed=1)
    advance(tmp_path / "fresh", good)
    assert contents(tmp_path / "i") == contents(tmp_path / "fresh")


def test_nothing_is_read_twice_before_it_is_read_once(tmp_path: Path) -> None:
    chain = without(set())
    assert not recheck(tmp_path / "i", chain).changed
    assert [what for what, _ in chain.asked if what == "logs"] == []


def test_a_second_reading_that_found_nothing_is_remembered_until_something_changes(
    tmp_path: Path,
) -> None:
    advance(tmp_path / "i", without({3}))
    with Index(tmp_path / "i", abi=bank_abi) as index:
        assert index.read_twice_to(bank(), "node") == -1
        index.note_read_twice(bank(), "node", 9)
        index.note_read_twice(bank(), "node", 12)
        assert index.read_twice_to(bank(), "node") == 12
        assert index.read_twice_to(bank(), "another") == -1
    recheck(tmp_path / "i", without(set()))
    with Index(tmp_path / "i", abi=bank_abi) as index:
        assert index.read_twice_to(bank(), "node") == -1
