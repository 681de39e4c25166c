"""What the rest of the house sees of a chain, whether a live node or a recording answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from analyzer.model.block import BlockRef
from analyzer.model.errors import UnreadError
from analyzer.model.logs import LogFilter, RawLog
from analyzer.model.reads import Answer, ReadRequest

Progress = Callable[[str, int, int], None]
"""Called as (what, done, total) while long work goes on; `NO_END` where nobody knows the total."""
NO_END = 0


NOT_SAMPLED = -1
"""Every header of a block with logs was read."""
SAMPLE = 256
"""Of finalized history the header of a block with logs is read where this divides its number."""


class NotRecordedError(UnreadError):
    """An answer that the recording does not hold: never a revert, never an empty list."""


class ChangedError(UnreadError):
    """A block is another one than it was a moment ago: a reorg, or endpoints on different forks."""


@dataclass(frozen=True, slots=True)
class LogChunk:
    """All logs of some filters in `first..last`, both inclusive, in (block, log index) order.

    `headers` holds the header of every block that has a log in it, and of `last`; of `first` too
    where the source can give it. sampled_to: up to this block, which is finalized, only every so
    many headers were read (`SAMPLE`); the logs of the others say their blocks' hashes and times.
    """

    first: int
    last: int
    logs: Sequence[RawLog]
    headers: list[BlockRef]
    sampled_to: int = NOT_SAMPLED


class Chain(Protocol):
    """A chain that can be asked at pinned blocks. `Node` is live, `Replay` a recording."""

    chain_id: int

    def resolve(self, text: str) -> BlockRef:
        """The block that `text` names: a number (`15M`, `1_000`), `latest`, `safe`, `finalized`,
        `-1000` (before latest), a date, a 0x block hash; in a recording a label wins over all.

        Raises InputError for what is no block; UnreadError when the node cannot tell.
        """
        ...

    def headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        """The headers of these block numbers, in order. Raises UnreadError/NotRecordedError."""
        ...

    def logs(self, filters: Sequence[LogFilter], first: int, last: int) -> Iterator[LogChunk]:
        """All logs of `filters` in `first..last` in chunks of growing and shrinking size.

        Chunks are contiguous and together cover the range exactly. Raises UnreadError.
        """
        ...

    def read(self, block: BlockRef, requests: Sequence[ReadRequest]) -> list[Answer]:
        """Performs the reads at `block`, in order; a failure of one is its own answer.

        Raises UnreadError when the block's state is not available at all.
        """
        ...

    def close(self) -> None:
        """Releases connections and finishes a recording in progress."""
        ...
