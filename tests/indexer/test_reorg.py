from __future__ import annotations

from collections.abc import Callable
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

from analyzer.indexer import reorg
from analyzer.indexer.index import Advance, Index
from analyzer.model.errors import UnreadError
from analyzer.model.integers import WAD


def advance(path: Path, chain: MemoryChain, to: str = "latest") -> Advance:
    with Index(path, abi=bank_abi) as index:
        return index.advance(chain, bank(), PLUG, to=chain.resolve(to), progress=lambda *_: None)


def other_ending(chain: MemoryChain, keep: int) -> None:
    """Blocks above `keep` are replaced by others: the second branch is never named."""
    chain.reorganise(keep)
    chain.mine(1, salt="fork")
    chain.emit(REGISTRY, OPENED, BRANCH)
    chain.emit(BRANCH, MOVED, CAROL, 9 * WAD, 0)
    chain.mine(14, salt="fork")


@pytest.mark.parametrize("keep", [0, 1, 4, 8, 9, 15, 19])
def test_after_a_reorg_the_index_is_as_if_made_from_scratch(
    tmp_path: Path, chain: MemoryChain, keep: int
) -> None:
    advance(tmp_path / "i", chain)
    old_head = chain.head
    other_ending(chain, keep)
    outcome = advance(tmp_path / "i", chain)
    advance(tmp_path / "fresh", chain)
    assert contents(tmp_path / "i") == contents(tmp_path / "fresh")
    assert outcome.rolled_back >= old_head - keep


def test_a_reorg_says_how_many_blocks_it_took_away(tmp_path: Path, chain: MemoryChain) -> None:
    advance(tmp_path / "i", chain)
    other_ending(chain, 16)
    # The newest stored header that is still on the chain is that of block 15, which has logs.
    assert advance(tmp_path / "i", chain).rolled_back == chain_head_before() - 15


def test_where_nothing_was_reorganised_nothing_is_taken_away(
    tmp_path: Path, chain: MemoryChain
) -> None:
    said = [advance(tmp_path / "i", chain).rolled_back for _ in range(2)]
    chain.mine(3)
    assert [*said, advance(tmp_path / "i", chain).rolled_back] == [0, 0, 0]


def test_where_no_block_stayed_all_from_the_first_one_on_are_taken_away(
    tmp_path: Path, chain: MemoryChain
) -> None:
    advance(tmp_path / "i", chain)
    head, first = chain.head, bank().from_block
    other_ending(chain, 0)
    assert chain.ref(first).hash != small_story(MemoryChain()).ref(first).hash
    assert advance(tmp_path / "i", chain).rolled_back == head - first + 1


def chain_head_before() -> int:
    return small_story(MemoryChain()).head


def test_a_contract_that_only_the_old_blocks_named_goes_with_its_older_logs(
    tmp_path: Path, chain: MemoryChain
) -> None:
    advance(tmp_path / "i", chain)
    chain.reorganise(8)
    chain.mine(10, salt="fork")
    advance(tmp_path / "i", chain)
    with Index(tmp_path / "i", abi=bank_abi) as index:
        events = [e for e in index.events(bank(), PLUG, up_to=chain.head) if e.name == "Moved"]
    assert [(e.block_number, e.args["who"]) for e in events] == [(2, ALICE), (5, ALICE)]


@settings(max_examples=10)
@given(
    keeps=st.lists(st.integers(0, 30), min_size=1, max_size=3),
    stops=st.lists(st.integers(0, 40), min_size=3, max_size=3),
    chunk=st.integers(1, 9),
    opens=st.lists(st.sampled_from([BRANCH, BRANCH_2]), min_size=3, max_size=3),
)
def test_reorgs_upon_reorgs_leave_nothing_behind(
    tmp_path_factory: pytest.TempPathFactory,
    keeps: list[int],
    stops: list[int],
    chunk: int,
    opens: list[str],
) -> None:
    folder = tmp_path_factory.mktemp("reorgs")
    chain = small_story(MemoryChain(chunk=chunk))
    for round_, (keep, stop, opened) in enumerate(zip(keeps, stops, opens, strict=False)):
        advance(folder / "i", chain, str(min(stop, chain.head)))
        chain.reorganise(min(keep, chain.head))
        chain.mine(1, salt=f"fork {round_}")
        chain.emit(REGISTRY, OPENED, opened)
        chain.emit(BRANCH, BRANCH_OPENED, BRANCH_2)
        chain.emit(BRANCH_2, MOVED, BOB, 3, 0)
        chain.mine(9, salt=f"fork {round_}")
    advance(folder / "i", chain)
    advance(folder / "fresh", chain)
    assert contents(folder / "i") == contents(folder / "fresh")


def test_a_kill_in_the_middle_of_a_rollback_is_gone_on_from(
    tmp_path: Path, chain: MemoryChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance(tmp_path / "i", chain)
    other_ending(chain, 4)
    honest: Callable[..., None] = reorg.take_back

    def killed(*args: object, **kwargs: object) -> None:
        honest(*args, **kwargs)
        raise Interrupted

    before = contents(tmp_path / "i")
    monkeypatch.setattr(reorg, "take_back", killed)
    with pytest.raises(Interrupted):
        advance(tmp_path / "i", chain)
    assert contents(tmp_path / "i") == before
    monkeypatch.setattr(reorg, "take_back", honest)
    advance(tmp_path / "i", chain)
    advance(tmp_path / "fresh", chain)
    assert contents(tmp_path / "i") == contents(tmp_path / "fresh")


def test_a_chain_that_became_shorter_is_followed(tmp_path: Path, chain: MemoryChain) -> None:
    advance(tmp_path / "i", chain)
    chain.reorganise(7)
    advance(tmp_path / "i", chain)
    advance(tmp_path / "fresh", chain)
    assert contents(tmp_path / "i") == contents(tmp_path / "fresh")


def test_a_block_that_changes_while_it_is_indexed_is_not_taken_for_the_one_asked(
    tmp_path: Path, chain: MemoryChain
) -> None:
    asked = chain.resolve("latest")
    chain.reorganise(17)
    chain.mine(3, salt="fork")
    with (
        Index(tmp_path / "i", abi=bank_abi) as index,
        pytest.raises(UnreadError, match="reorganised while it was being read; run again"),
    ):
        index.advance(chain, bank(), PLUG, to=asked, progress=lambda *_: None)
    advance(tmp_path / "i", chain)
    advance(tmp_path / "fresh", chain)
    assert contents(tmp_path / "i") == contents(tmp_path / "fresh")
