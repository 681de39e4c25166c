"""Addresses and topics of a node with many logs, what is read of it, and what should be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer.chain.base import LogChunk
from analyzer.model.logs import LogFilter

A, B = "0x" + "aa" * 20, "0x" + "bb" * 20
T1, T2 = "0x" + "01" * 32, "0x" + "02" * 32
BOTH = LogFilter((A, B), (T1, T2))


def read(node: Any, filters: Sequence[LogFilter], first: int, last: int) -> list[LogChunk]:
    """All chunks, checked to cover the range exactly and to bring their headers."""
    chunks = list(node.logs(filters, first, last))
    assert [c.first for c in chunks] == [first, *[c.last + 1 for c in chunks[:-1]]]
    assert chunks[-1].last == last
    for chunk in chunks:
        numbers = sorted({g.block_number for g in chunk.logs} | {chunk.first, chunk.last})
        assert [h.number for h in chunk.headers] == numbers
    return chunks


def places(chunks: Sequence[LogChunk]) -> list[tuple[int, int]]:
    return [(g.block_number, g.log_index) for chunk in chunks for g in chunk.logs]


def expected(first: int, last: int) -> list[tuple[int, int]]:
    return [(n, i) for n in range(first, last + 1) for i in range(n % 4)]
