from __future__ import annotations

from typing import cast

import pytest

from analyzer.chain.base import Chain, ChangedError, LogChunk, NotRecordedError
from analyzer.chain.header_links import (
    BrokenChainError,
    Links,
    check_hash_chain,
    header_links,
    linked_chunks,
)
from analyzer.model.block import BlockRef


def header(number: int, *, salt: int = 0, parent: int = 0) -> BlockRef:
    return BlockRef(
        number, f"0x{salt:032x}{number:032x}", f"0x{parent:032x}{number - 1:032x}", number
    )


def test_neighbours_that_link_are_counted_and_gaps_are_allowed() -> None:
    headers = [header(n) for n in (9, 5, 6, 7, 20, 6)]
    assert header_links(headers) == Links(5, 2)
    assert header_links([]) == Links(0, 0)
    check_hash_chain(headers)


def test_every_contradiction_is_told_and_what_links_is_still_counted() -> None:
    wrong = [header(5), header(6, parent=1), header(7), header(9), header(9, salt=1)]
    links = header_links(wrong)
    assert (links.headers, links.linked) == (4, 1)
    assert [text[:8] for text in links.broken] == ["block 6 ", "block 9 "]


def test_a_wrong_parent_names_the_block() -> None:
    with pytest.raises(BrokenChainError, match=r"block 6 names .* as its parent, but block 5 is"):
        check_hash_chain([header(5), header(6, parent=1), header(7)])


def test_two_hashes_of_one_number_name_the_block() -> None:
    with pytest.raises(BrokenChainError, match="block 6 has two hashes"):
        check_hash_chain([header(5), header(6), header(6, salt=1)])


class Asked:
    """A chain that gives the headers of one salt; `asked` keeps the numbers that were asked for."""

    def __init__(self, *, parent: int = 0, recorded: bool = True) -> None:
        self.parent, self.recorded, self.asked = parent, recorded, list[int]()

    def headers(self, numbers: list[int]) -> list[BlockRef]:
        self.asked += numbers
        if not self.recorded:
            raise NotRecordedError("no such header")
        return [header(number, parent=self.parent) for number in numbers]


def chunk(first: int, last: int, *more: BlockRef) -> LogChunk:
    """A chunk with the header of its last block, and whichever else."""
    return LogChunk(first, last, [], [*more, header(last)])


def passed(chain: Asked, chunks: list[LogChunk], before: BlockRef | None) -> list[LogChunk]:
    return list(linked_chunks(cast(Chain, chain), chunks, before))


def test_chunks_that_follow_one_another_pass_and_only_missing_first_headers_are_asked_for() -> None:
    chunks = [chunk(5, 8, header(6)), chunk(9, 9), chunk(10, 20, header(12), header(10))]
    chain = Asked()
    assert passed(chain, chunks, header(4)) == chunks
    assert chain.asked == [5]


def test_the_first_chunk_of_all_has_nothing_before_it() -> None:
    chain = Asked(parent=1)
    assert len(passed(chain, [chunk(5, 8)], None)) == 1
    assert chain.asked == []


def test_a_chunk_of_another_fork_is_refused_naming_both_blocks() -> None:
    said = r"block 9 names .* as its parent, but block 8 was .*: the chain was reorganised"
    with pytest.raises(ChangedError, match=said):
        passed(Asked(parent=1), [chunk(5, 8, header(5)), chunk(9, 12)], None)
    own = chunk(9, 12, header(9, parent=1), header(10))
    with pytest.raises(ChangedError, match=said):
        passed(Asked(), [chunk(5, 8, header(5)), own], None)
    with pytest.raises(ChangedError, match=r"block 5 names .* but block 4 was"):
        passed(Asked(), [chunk(5, 8, header(5))], header(4, salt=1))


def test_what_a_recording_does_not_hold_is_not_compared() -> None:
    chain = Asked(recorded=False)
    assert len(passed(chain, [chunk(5, 8), chunk(9, 12)], header(4))) == 2
    assert chain.asked == [5, 9]


def test_links_have_no_contradictions_unless_they_are_named() -> None:
    assert Links(3, 2).broken == ()
    assert header_links([header(1), header(2), header(3)]) == Links(3, 2, ())
