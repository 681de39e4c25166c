from __future__ import annotations

import pytest

from analyzer.chain.header_links import BrokenChainError, Links, check_hash_chain, header_links
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
