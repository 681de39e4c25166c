"""What is held in memory at once does not grow with the range."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from analyzer.chain.base import LogChunk
from analyzer.indexer import batch
from analyzer.model.errors import UnreadError
from analyzer.model.logs import RawLog

CHUNK, MOST = 4, 10


def chunks(count: int, read: list[int]) -> Iterator[LogChunk]:
    """Chunks of one block and a few logs each; `read` gets the number of each one that is read."""
    for number in range(count):
        read.append(number)
        logs = [
            RawLog(number, i, b"\1" * 32, b"\2" * 32, 0, b"\3" * 20, (), b"") for i in range(CHUNK)
        ]
        yield LogChunk(number, number, logs, [])


def test_a_transaction_holds_less_than_a_batch_and_a_chunk_whatever_the_range(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch, "BATCH_LOGS", MOST)
    read: list[int] = []
    sizes = []
    for joined in batch.merged(chunks(1_000, read)):
        sizes.append(len(joined.logs))
        assert read[-1] == joined.last  # nothing is read ahead of what is written
    assert max(sizes) < MOST + CHUNK
    assert sum(sizes) == 1_000 * CHUNK


def test_a_chunk_that_does_not_go_on_where_the_one_before_ended_is_refused() -> None:
    first, _, third = chunks(3, [])
    with pytest.raises(UnreadError, match="logs after block 0 go on at 2"):
        list(batch.merged([first, third]))
