from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from blooms import bloom_of
from fake_node import FakeNode
from hypothesis import given
from hypothesis import strategies as st

from analyzer.abi.batch import LogColumns
from analyzer.chain.base import Chain, ChangedError
from analyzer.chain.bloom import lacking, lacks
from analyzer.chain.completeness import check_fit, check_reached, check_still, find_fork
from analyzer.model.block import BlockRef
from analyzer.model.logs import RawLog


def header(number: int, *, salt: int = 0) -> BlockRef:
    return BlockRef(number, f"0x{salt:032x}{number:032x}", f"0x{number - 1:064x}", number)


class Stored(dict[int, str]):
    """Stored blocks: number -> hash."""

    def newest(self, at_most: int) -> tuple[int, str] | None:
        return max(((n, h) for n, h in self.items() if n <= at_most), default=None)

    def above(self, number: int) -> dict[int, str]:
        return {n: h for n, h in self.items() if n > number}


@given(kept=st.sets(st.integers(0, 300), min_size=1, max_size=60), fork=st.integers(0, 301))
def test_the_fork_is_the_deepest_stored_block_that_is_still_there(
    kept: set[int], fork: int
) -> None:
    asked: list[int] = []

    class Forked:
        """A chain whose blocks from `fork` on are not the stored ones, 250 blocks long."""

        def resolve(self, text: str) -> BlockRef:
            return header(250)

        def headers(self, numbers: list[int]) -> list[BlockRef]:
            asked.extend(numbers)
            return [header(n, salt=n >= fork) for n in numbers]

    stored = Stored({n: header(n).hash for n in kept})
    good = [n for n in kept if n < fork and n <= 250]
    assert find_fork(Forked(), stored) == max(good, default=None)  # type: ignore[arg-type]
    # Steps that double down 300 blocks, and as many halves.
    assert len(asked) <= min(len(kept), 2 * (300).bit_length() + 2)


def test_the_newest_is_asked_for_first_then_ever_longer_steps_then_halves() -> None:
    asked: list[int] = []

    class Forked:
        """A chain whose blocks from 21 on are not the stored ones."""

        def resolve(self, text: str) -> BlockRef:
            return header(100)

        def headers(self, numbers: list[int]) -> list[BlockRef]:
            asked.extend(numbers)
            return [header(n, salt=n > 20) for n in numbers]

    assert find_fork(cast(Chain, Forked()), Stored({n: header(n).hash for n in range(101)})) == 20
    assert asked == [100, 99, 97, 93, 85, 69, 37, 18, 27, 22, 20, 21]


@given(
    kept=st.sets(st.integers(0, 60), min_size=1, max_size=20),
    orphans=st.sets(st.integers(0, 60), max_size=4),
    settled=st.integers(-1, 60),
    head=st.integers(0, 60),
)
def test_above_what_is_settled_every_stored_block_is_asked(
    kept: set[int], orphans: set[int], settled: int, head: int
) -> None:
    class Forked:
        """A chain of which only the blocks beside `orphans` are the stored ones."""

        def resolve(self, text: str) -> BlockRef:
            return header(head)

        def headers(self, numbers: list[int]) -> list[BlockRef]:
            assert all(n <= head for n in numbers)
            return [header(n, salt=n in orphans) for n in numbers]

    wrong = {n for n in kept if n > head or (n in orphans and n > settled)}
    orphans = {n for n in orphans if n > settled}
    good = [n for n in kept if n < min(wrong, default=99)]
    stored = Stored({n: header(n).hash for n in kept})
    found = find_fork(Forked(), stored, settled=settled)  # type: ignore[arg-type]
    assert found == max(good, default=None)


def test_a_reorg_on_a_node_is_found_by_hash(fake: FakeNode, open_node: Any) -> None:
    node = open_node(fake.url)
    stored = Stored({n: node.resolve(str(n)).hash for n in (0, 10, 20, 21, 22, 29)})
    assert find_fork(node, stored) == 29
    fake.reorg(9)
    assert find_fork(node, stored) == 20
    fake.reorg(25, salt=2)
    assert find_fork(node, stored) == 0
    assert find_fork(node, Stored()) is None


def log(number: int, index: int = 0, *, salt: int = 0) -> RawLog:
    """A log of that block."""
    block_hash = bytes.fromhex(header(number, salt=salt).hash[2:])
    return RawLog(number, index, block_hash, bytes(32), 0, b"\x01" * 20, (b"\x02" * 32,), b"")


def test_a_block_is_still_there_unless_its_number_has_another_hash_now() -> None:
    check_reached(header(7), header(7))
    check_reached(header(7), header(8, salt=1))
    with pytest.raises(ChangedError, match=r"block 7 was 0x0+7 and is now 0x0*10*7: the chain was"):
        check_reached(header(7), header(7, salt=1))


def test_the_chain_is_asked_for_the_block_itself() -> None:
    class Other:
        """A chain with another block 7 and the same block 8."""

        def headers(self, numbers: list[int]) -> list[BlockRef]:
            return [header(n, salt=n == 7) for n in numbers]

    check_still(cast(Chain, Other()), header(8))
    with pytest.raises(ChangedError, match="block 7 was"):
        check_still(cast(Chain, Other()), header(7))


def fit(logs: list[RawLog], headers: list[BlockRef]) -> None:
    check_fit(LogColumns.of(logs), headers)


def test_logs_fit_their_headers_by_hash_and_by_filter() -> None:
    full = replace(header(7), bloom=bloom_of([b"\x01" * 20, b"\x02" * 32]))
    fit([log(7), log(7, 1), log(8)], [full, header(8), header(9)])
    fit([log(6, salt=1), log(7)], [full])  # nothing is said of a block without a header
    fit([], [])
    with pytest.raises(ChangedError, match="the logs of block 8 name another block hash"):
        fit([log(7), log(8, salt=1)], [full, header(8)])
    empty = replace(header(7), bloom=bloom_of([b"\x01" * 20]))
    with pytest.raises(ChangedError, match="log 3 of block 7 is not in the bloom filter"):
        fit([log(7, 3)], [empty])


def test_logs_of_one_block_that_name_two_hashes_fit_no_chain() -> None:
    with pytest.raises(ChangedError, match="the logs of block 7 name two block hashes"):
        fit([log(7), log(7, 1, salt=1)], [])


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 40), st.lists(st.integers(0, 40), max_size=4)),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 40),
)
def test_filters_say_of_columns_what_they_say_of_each_log(
    made: list[tuple[int, int, list[int]]], known: int
) -> None:
    def item(n: int, size: int) -> bytes:
        return bytes([n]) * size

    filled = bloom_of([b for n in range(known) for b in (item(n, 20), item(n, 32))])
    headers = [replace(header(1), bloom=filled), header(2), replace(header(3), bloom=bytes(256))]
    logs = [
        replace(log(n, i), address=item(a, 20), topics=tuple(item(t, 32) for t in ts))
        for i, (n, a, ts) in enumerate(made)
    ]
    for batch in LogColumns.of(logs).batches:
        of = batch.block_number - 1
        expected = [lacks(headers[raw.block_number - 1], raw) for raw in batch.objects()]
        assert lacking(headers, batch, of).tolist() == expected
        assert not lacking(headers, batch, of * 0 - 1).any()
