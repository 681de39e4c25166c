"""How headers hang together: each names the hash of the block before it as its parent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from analyzer.chain.base import Chain, ChangedError, LogChunk, NotRecordedError
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
                broken.append(two_hashes(before, header))
            continue
        if before is not None and header.number == before.number + 1:
            if header.parent_hash == before.hash:
                linked += 1
            else:
                broken.append(no_parent(header, before))
        count += 1
        before = header
    return Links(count, linked, tuple(broken))


def no_parent(header: BlockRef, before: BlockRef) -> str:
    """What is said of a header that names another parent than the block before it."""
    return (
        f"block {header.number} names {header.parent_hash} as its parent, but block"
        f" {before.number} is {before.hash}"
    )


def two_hashes(one: BlockRef, other: BlockRef) -> str:
    """What is said of two headers of one number."""
    return f"block {one.number} has two hashes, {one.hash} and {other.hash}"


def check_hash_chain(headers: Iterable[BlockRef]) -> None:
    """Checks headers against each other. Raises BrokenChainError naming the first block that
    contradicts another."""
    broken = header_links(headers).broken
    if broken:
        raise BrokenChainError(broken[0])


def linked_chunks(
    chain: Chain, chunks: Iterable[LogChunk], before: BlockRef | None
) -> Iterator[LogChunk]:
    """The chunks as they come, each one's first block a child of the last block of the one before.

    before: the block before the first chunk; None where nothing is known of it. A first header
    that a recording does not hold is not compared.
    Raises ChangedError when two chunks are of different forks.
    """
    for chunk in chunks:
        if before is not None:
            first = _first_header(chain, chunk)
            if first is not None and first.parent_hash != before.hash:
                raise ChangedError(
                    f"block {first.number} names {first.parent_hash} as its parent, but block"
                    f" {before.number} was {before.hash}: the chain was reorganised while it was"
                    " being read, or endpoints are on different forks; run again"
                )
        yield chunk
        before = next((h for h in chunk.headers if h.number == chunk.last), None)


def _first_header(chain: Chain, chunk: LogChunk) -> BlockRef | None:
    """The header of a chunk's first block; None when a recording does not hold it."""
    for header in chunk.headers:
        if header.number == chunk.first:
            return header
    try:
        return chain.headers([chunk.first])[0]
    except NotRecordedError:
        return None
