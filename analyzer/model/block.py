"""The block that a read names."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BlockRef:
    """One block: every read is pinned to one of these, by hash where the node allows it.

    `hash` and `parent_hash` are lower-case 0x strings of 32 bytes; `time` is unix seconds.
    `bloom`: the filter over the block's logs, 256 bytes; empty where it was not given. `whole`: the
    node's answer as JSON, where it was asked to be kept. Neither is part of the block's identity.
    """

    number: int
    hash: str
    parent_hash: str
    time: int
    bloom: bytes = field(default=b"", compare=False, repr=False)
    whole: bytes = field(default=b"", compare=False, repr=False)
