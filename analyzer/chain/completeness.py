"""Whether what was read is still the chain's: blocks, their logs, and where a reorg cut it off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from analyzer.chain.base import Chain, ChangedError
from analyzer.chain.bloom import lacks
from analyzer.model.block import BlockRef
from analyzer.model.logs import RawLog


def check_still(chain: Chain, block: BlockRef) -> None:
    """Sees that a block is still the chain's: so is all below it. Raises ChangedError when the
    chain has another one of its number now."""
    check_reached(block, chain.headers([block.number])[0])


def check_reached(asked: BlockRef, found: BlockRef) -> None:
    """Sees that a block, where it has the number of the one that was asked for, is that block.

    Raises ChangedError naming both hashes.
    """
    if found.number == asked.number and found.hash != asked.hash:
        raise ChangedError(
            f"block {asked.number} was {asked.hash} and is now {found.hash}: the chain was"
            " reorganised while it was being read; run again"
        )


def check_fit(logs: Iterable[RawLog], headers: Iterable[BlockRef]) -> None:
    """Sees that logs are of the blocks whose headers these are: by hash, and by the bloom filter
    where a header has one. Raises ChangedError naming the first block of which they are not."""
    by_number = {header.number: header for header in headers}
    for log in logs:
        header = by_number[log.block_number]
        if log.block_hash.hex() != header.hash[2:]:
            raise ChangedError(
                f"the logs of block {log.block_number} name another block hash than its header,"
                " again and again: the node contradicts itself"
            )
        if lacks(header, log):
            raise ChangedError(
                f"log {log.log_index} of block {log.block_number} is not in the bloom filter of its"
                " header, again and again: the node contradicts itself"
            )


def find_fork(chain: Chain, stored: Mapping[int, str], *, settled: int | None = None) -> int | None:
    """The deepest stored block with all below it still on the chain: the rest was reorged away.

    `stored`: block number -> hash (lower case). None when not even the lowest is on the chain.
    `settled`: up to here, and everywhere where it is None, the stored blocks were one chain's when
    they were stored. There the blocks that are still canonical are a prefix: the search asks for
    the newest first, then doubles its step, then halves. Above it every block is asked.
    Raises UnreadError when the node cannot tell.
    """
    numbers = sorted(stored)
    if not numbers:
        return None
    head = chain.resolve("latest").number

    def canonical(number: int) -> bool:
        if number > head:
            return False
        return chain.headers([number])[0].hash == stored[number].lower()

    if settled is not None:
        unsettled = [number for number in numbers if settled < number]
        there = [number for number in unsettled if number <= head]
        gone = [h.number for h in chain.headers(there) if h.hash != stored[h.number].lower()]
        lost = min([*gone, *unsettled[len(there) :]], default=None)
        kept = [number for number in unsettled if lost is None or number < lost]
        numbers = [number for number in numbers if number <= settled]
        # A block that is still there vouches for what was settled below it.
        if kept or not numbers:
            return kept[-1] if kept else None
    return _last_canonical(numbers, canonical)


def _last_canonical(numbers: Sequence[int], canonical: Callable[[int], bool]) -> int | None:
    """The last of a prefix of `numbers`, none of which may be, by few questions."""
    top = len(numbers) - 1
    if canonical(numbers[top]):
        return numbers[top]
    step, bad = 1, top
    while bad - step >= 0 and not canonical(numbers[bad - step]):
        bad, step = bad - step, step * 2
    good = bad - step if bad - step >= 0 else -1
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if canonical(numbers[middle]) else (good, middle)
    return numbers[good] if good >= 0 else None
