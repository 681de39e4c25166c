"""What the bloom filter of a header says of the logs of its block.

A log's address and each of its topics set three of 2,048 bits (yellow paper, 4.3.1). An item whose
bits are not all set is in no log of the block: that is proof. An item whose bits are set may be
there, or others set them: an address and a topic that are both in the filter may even be of two
logs, so the filter never proves that a log is missing. A filter without any bit says nothing: some
chains leave it empty in all of their blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from analyzer.abi.batch import Ints, LogBatch, Mask, distinct
from analyzer.abi.keccak import keccak
from analyzer.model.block import BlockRef
from analyzer.model.logs import LogFilter, RawLog

_BITS = 2_048
_BITS_A_PAIR = 6
_MOST_CHANCE = 0.01
"""How often chance alone may put an address and a topic of ours into a filter before the filter is
too full to ask anybody about it."""


def lacks(header: BlockRef, log: RawLog) -> bool:
    """Whether the header proves that this log is not in its block."""
    return _speaks(header) and not all(
        _holds(header.bloom, item) for item in (log.address, *log.topics)
    )


def lacking(headers: Sequence[BlockRef], logs: LogBatch, of: Ints) -> Mask:
    """Where a log is not in its block, as `lacks` says it. of: for each log the place of its
    header; -1 = there is none, of which nothing is said."""
    missing = np.zeros(len(logs), dtype=np.bool_)
    speaking = np.array([_speaks(header) for header in headers] + [False])
    rows = np.flatnonzero(speaking[of])
    if not len(rows):
        return missing
    silent = bytes(_BITS // 8)
    filters = b"".join([h.bloom if _speaks(h) else silent for h in headers])
    bloom = np.frombuffer(filters, dtype=np.uint8).reshape(len(headers), _BITS // 8)
    topics = [logs.topics[rows, i] for i in range(logs.topics.shape[1])]
    for items in (logs.address[rows], *topics):
        first, which = distinct(items)
        bits = np.array([_bits(items[row].tobytes()) for row in first.tolist()])[which]
        held = bloom[of[rows, None], _BITS // 8 - 1 - bits // 8] >> (bits % 8) & 1
        missing[rows] |= ~held.all(axis=1)
    return missing


def may_hold(header: BlockRef, log: RawLog) -> bool:
    """Whether the header's filter has all bits of this log set; False where it says nothing."""
    return _speaks(header) and not lacks(header, log)


def suspicious(header: BlockRef, filters: Sequence[LogFilter]) -> bool:
    """Whether a block that gave no log of these filters may well have one: an address and a topic
    of one of them are in its filter, and the filter is not so full that chance explains it.

    Filters without addresses or topics ask for anything: of them nothing is said.
    """
    if not _speaks(header):
        return False
    if pairs_by_chance(header.bloom, filters) > _MOST_CHANCE:
        return False
    return any(_any(header.bloom, f.addresses) and _any(header.bloom, f.topics0) for f in filters)


def holds_none(bloom: bytes, filters: Sequence[LogFilter]) -> bool:
    """Whether a filter with any bit set proves that no log of these filters is in the block: none
    of them has both an address and a topic whose bits are all set. A filter without addresses, or
    without topics, asks for any."""
    return not any(
        (not f.addresses or _any(bloom, f.addresses)) and (not f.topics0 or _any(bloom, f.topics0))
        for f in filters
    )


def pairs_by_chance(bloom: bytes, filters: Sequence[LogFilter]) -> float:
    """How many pairs of an address and a topic of the filters chance alone is expected to put into
    a filter as full as this one: the number of pairs times (share of bits that are set)^6."""
    pairs = sum(len(f.addresses) * len(f.topics0) for f in filters)
    share = int.from_bytes(bloom, "big").bit_count() / _BITS
    return float(pairs * share**_BITS_A_PAIR)


def _speaks(header: BlockRef) -> bool:
    """Whether the header has a filter with anything in it."""
    return any(header.bloom)


def _any(bloom: bytes, items: Iterable[str]) -> bool:
    """Whether an item, as 0x text, has its bits set."""
    return any(_holds(bloom, bytes.fromhex(item[2:])) for item in items)


def _holds(bloom: bytes, item: bytes) -> bool:
    """Whether the three bits of an item are set."""
    return all(bloom[-1 - bit // 8] >> bit % 8 & 1 for bit in _bits(item))


def _bits(item: bytes) -> tuple[int, ...]:
    """The three bits of an item, counted from the end of the filter: the low 11 bits of each of the
    first three pairs of bytes of its hash."""
    digest = keccak(item)
    return tuple(int.from_bytes(digest[at : at + 2], "big") % _BITS for at in (0, 2, 4))
