"""The block that a read names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlockRef:
    """One block: every read is pinned to one of these, by hash where the node allows it.

    `hash` and `parent_hash` are lower-case 0x strings of 32 bytes; `time` is unix seconds.
    """

    number: int
    hash: str
    parent_hash: str
    time: int
