"""Whether what was read hangs together: parent hashes, and where a reorg cut a chain off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analyzer.chain.base import Chain
from analyzer.model.block import BlockRef
from analyzer.model.errors import UnreadError


class BrokenChainError(UnreadError):
    """Headers, or headers and logs, that contradict each other."""


@dataclass(frozen=True, slots=True)
class Links:
    """How some headers hang together.

    linked: how many of the `headers` name another one of them, the block before, as their parent;
    the others have no neighbour among them. broken: each contradiction, in words.
    """

    headers: int
    linked: int
    broken: tuple[str, ...] = ()


def header_links(headers: Iterable[BlockRef]) -> Links:
    """How headers hang together; they may come in any order and with gaps, and repeat.

    Where two are neighbours, the later one's parent hash has to be the earlier one's hash, and one
    number has one hash.
    """
    count = linked = 0
    broken: list[str] = []
    before: BlockRef | None = None
    for header in sorted(headers, key=lambda h: (h.number, h.hash)):
        if before is not None and header.number == before.number:
            if header.hash != before.hash:
                broken.append(
                    f"block {header.number} has two hashes, {before.hash} and {header.hash}"
                )
            continue
        if before is not None and header.number == before.number + 1:
            if header.parent_hash == before.hash:
                linked += 1
            else:
                broken.append(
                    f"block {header.number} names {header.parent_hash} as its parent, but block"
                    f" {before.number} is {before.hash}"
                )
        count += 1
        before = header
    return Links(count, linked, tuple(broken))


def check_hash_chain(headers: Iterable[BlockRef]) -> None:
    """Checks headers against each other. Raises BrokenChainError naming the first block that
    contradicts another."""
    broken = header_links(headers).broken
    if broken:
        raise BrokenChainError(broken[0])


def find_fork(chain: Chain, stored: Mapping[int, str]) -> int | None:
    """The deepest stored block that is still on the chain: what lies above it was reorged away.

    `stored`: block number -> hash (lower case). None when not even the lowest is on the chain.
    A block is a descendant of all before it, so the blocks that are still canonical are a prefix:
    the search asks for the newest first, then doubles its step, then halves.
    Raises UnreadError when the node cannot tell.
    """
    numbers = sorted(stored)
    if not numbers:
        return None
    head = chain.resolve("latest").number

    def canonical(index: int) -> bool:
        number = numbers[index]
        if number > head:
            return False
        return chain.headers([number])[0].hash == stored[number].lower()

    top = len(numbers) - 1
    if canonical(top):
        return numbers[top]
    step, bad = 1, top
    while bad - step >= 0 and not canonical(bad - step):
        bad, step = bad - step, step * 2
    good = bad - step if bad - step >= 0 else -1
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if canonical(middle) else (good, middle)
    return numbers[good] if good >= 0 else None
