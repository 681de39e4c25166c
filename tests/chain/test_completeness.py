from __future__ import annotations

from typing import Any

from fake_node import FakeNode
from hypothesis import given
from hypothesis import strategies as st

from analyzer.chain.completeness import find_fork
from analyzer.model.block import BlockRef


def header(number: int, *, salt: int = 0) -> BlockRef:
    return BlockRef(number, f"0x{salt:032x}{number:032x}", f"0x{number - 1:064x}", number)


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

    stored = {n: header(n).hash for n in kept}
    good = [n for n in kept if n < fork and n <= 250]
    assert find_fork(Forked(), stored) == max(good, default=None)  # type: ignore[arg-type]
    assert len(asked) <= 2 * len(kept).bit_length() + 4


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
    stored = {n: header(n).hash for n in kept}
    found = find_fork(Forked(), stored, settled=settled)  # type: ignore[arg-type]
    assert found == max(good, default=None)


def test_a_reorg_on_a_node_is_found_by_hash(fake: FakeNode, open_node: Any) -> None:
    node = open_node(fake.url)
    stored = {n: node.resolve(str(n)).hash for n in (0, 10, 20, 21, 22, 29)}
    assert find_fork(node, stored) == 29
    fake.reorg(9)
    assert find_fork(node, stored) == 20
    fake.reorg(25, salt=2)
    assert find_fork(node, stored) == 0
    assert find_fork(node, {}) is None
