"""Whether what was read is still the chain's: blocks, their logs, and where a reorg cut it off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from analyzer.abi.batch import LogColumns
from analyzer.abi.types import WORD
from analyzer.chain.base import Chain, ChangedError
from analyzer.chain.bloom import lacking
from analyzer.model.block import BlockRef

_NO_LIMIT = 1 << 62


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


def check_fit(logs: LogColumns, headers: Sequence[BlockRef]) -> None:
    """Sees that logs are of the blocks whose headers these are (ascending; there may be blocks
    without one): by hash, and by the bloom filter where a header has one. The logs of a block
    without a header have to name one hash. Raises ChangedError naming the first block of which they
    are not."""
    numbers = np.array([header.number for header in headers], dtype=np.int64)
    joined = bytes.fromhex("".join([header.hash[2:] for header in headers]))
    hashes = np.frombuffer(joined, dtype=np.uint8).reshape(-1, WORD)
    for batch in logs.batches if len(headers) else ():
        of = np.searchsorted(numbers, batch.block_number).clip(max=len(numbers) - 1)
        of[numbers[of] != batch.block_number] = -1
        other = (of >= 0) & (hashes[of] != batch.block_hash).any(axis=1)
        if other.any():
            raise ChangedError(
                f"the logs of block {batch.block_number[other].min()} name another block hash than"
                " its header, again and again: the node contradicts itself"
            )
        lost = lacking(headers, batch, of)
        if lost.any():
            place = int(np.argmax(lost))
            raise ChangedError(
                f"log {batch.log_index[place]} of block {batch.block_number[place]} is not in the"
                " bloom filter of its header, again and again: the node contradicts itself"
            )
    two_faced = logs.blocks().two_faced
    if len(two_faced):
        raise ChangedError(
            f"the logs of block {two_faced[0]} name two block hashes, again and again: the node"
            " contradicts itself"
        )


class StoredBlocks(Protocol):
    """Blocks that were stored, with their hashes (lower case)."""

    def newest(self, at_most: int) -> tuple[int, str] | None:
        """(number, hash) of the last stored block up to a number; None when there is none."""
        ...

    def above(self, number: int) -> dict[int, str]:
        """number -> hash of the stored blocks above a number."""
        ...


def find_fork(chain: Chain, stored: StoredBlocks, *, settled: int | None = None) -> int | None:
    """The deepest stored block with all below it still on the chain: the rest was reorged away.

    None when not even the lowest is on the chain.
    `settled`: up to here, and everywhere where it is None, the stored blocks were one chain's when
    they were stored. There the blocks that are still canonical are a prefix: the search asks for
    the newest first, then doubles its step, then halves. Above it every block is asked.
    Raises UnreadError when the node cannot tell.
    """
    head = chain.resolve("latest").number

    def canonical(number: int, known: str) -> bool:
        return number <= head and chain.headers([number])[0].hash == known.lower()

    if settled is not None:
        unsettled = stored.above(settled)
        there = sorted(number for number in unsettled if number <= head)
        found = chain.headers(there) if there else []
        gone = [h.number for h in found if h.hash != unsettled[h.number].lower()]
        gone += [number for number in unsettled if number > head]
        lost = min(gone, default=None)
        kept = [number for number in unsettled if lost is None or number < lost]
        # A block that is still there vouches for what was settled below it.
        if kept:
            return max(kept)
    return _last_canonical(stored, _NO_LIMIT if settled is None else settled, canonical)


def _last_canonical(
    stored: StoredBlocks, at_most: int, canonical: Callable[[int, str], bool]
) -> int | None:
    """The last of a prefix of the stored blocks up to a number, none of which may be, by few
    questions."""
    top = stored.newest(at_most)
    if top is None or canonical(*top):
        return None if top is None else top[0]
    bad, step, low, good = top[0], 1, -1, None
    while (found := stored.newest(bad - step)) is not None:
        if canonical(*found):
            low = good = found[0]
            break
        bad, step = found[0], step * 2
    while bad - low > 1:
        middle = (low + bad) // 2
        found = stored.newest(middle)
        if found is None or found[0] <= low:
            low = middle
        elif canonical(*found):
            low = good = found[0]
        else:
            bad = found[0]
    return good
