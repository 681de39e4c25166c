"""One stretch of blocks: logs from the chain, decoded, with what they name fetched as well."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from analyzer.abi.contract import EventAbi
from analyzer.abi.events import decode_log
from analyzer.abi.keccak import checksum
from analyzer.chain.base import Chain, ChangedError, LogChunk
from analyzer.chain.header_links import linked_chunks
from analyzer.chain.wire import check_same
from analyzer.indexer.sources import Catalogue, Covered, EventPlug, Naming
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.errors import UnreadError
from analyzer.model.logs import Event, RawLog

BATCH_LOGS = 20_000
"""Logs after which a transaction is written, so that a restart repeats little."""
BATCH_SECONDS = 5.0
"""Seconds after which one is written whatever it holds."""

Position = tuple[int, int]
"""(block, log index)."""


@dataclass(slots=True)
class Batch:
    """What is written in one transaction: blocks `first..last`, and backfills from before them."""

    first: int
    last: int
    logs: dict[Position, RawLog] = field(default_factory=dict)
    events: dict[Position, tuple[Covered, EventAbi, Event]] = field(default_factory=dict)
    headers: dict[int, BlockRef] = field(default_factory=dict)
    found_sources: bool = False

    @property
    def head(self) -> BlockRef:
        """The header of the last block. Raises UnreadError when the chain did not give it."""
        if self.last not in self.headers:
            raise UnreadError(f"the chain gave logs up to block {self.last} without its header")
        return self.headers[self.last]


def merged(chunks: Iterable[LogChunk]) -> Iterator[LogChunk]:
    """Contiguous chunks joined until they are worth a transaction."""
    pending: LogChunk | None = None
    since = time.monotonic()
    for chunk in chunks:
        if pending is None:
            pending = chunk
        else:
            if chunk.first != pending.last + 1:
                raise UnreadError(f"logs after block {pending.last} go on at {chunk.first}")
            pending = LogChunk(
                pending.first,
                chunk.last,
                pending.logs + chunk.logs,
                pending.headers + chunk.headers,
            )
        if len(pending.logs) >= BATCH_LOGS or time.monotonic() - since >= BATCH_SECONDS:
            yield pending
            pending, since = None, time.monotonic()
    if pending is not None:
        yield pending


def collect(
    chunk: LogChunk,
    *,
    chain: Chain,
    deployment: Deployment,
    plug: EventPlug,
    catalogue: Catalogue,
    to: int | None = None,
) -> Batch:
    """Decodes a chunk and fetches the logs of every contract that it names, from that contract's
    first block to the end of the chunk, or to the block `to`; `catalogue` learns the contracts.

    Raises: UnreadError when headers and logs contradict each other; DecodeError for a log that
    is not what its first topic says.
    """
    batch = Batch(chunk.first, chunk.last)
    waiting = _take(batch, chunk, deployment, plug, catalogue)
    while waiting:
        source = waiting.pop(0)
        batch.found_sources = True
        end = chunk.last if to is None else to
        if source.from_block > end:
            continue
        earlier = chain.logs(catalogue.filters([source]), source.from_block, end)
        for more in linked_chunks(chain, earlier, None):
            waiting += _take(batch, more, deployment, plug, catalogue)
    return batch


def decode(raw: RawLog, covered: Covered, abi: EventAbi, block_time: int) -> Event:
    """The event of a raw log. Raises DecodeError naming block, log and field."""
    return Event(
        raw.block_number,
        raw.log_index,
        "0x" + raw.tx_hash.hex(),
        checksum(raw.address),
        covered.role,
        abi.name,
        decode_log(raw, abi),
        block_time,
    )


def _take(
    batch: Batch, chunk: LogChunk, deployment: Deployment, plug: EventPlug, catalogue: Catalogue
) -> list[Covered]:
    """Adds a chunk's logs to the batch; the contracts whose logs have to be fetched now."""
    for header in chunk.headers:
        known = batch.headers.setdefault(header.number, header)
        if known.hash != header.hash:
            raise changed(header.number, known.hash, header.hash)
    wanted: list[Covered] = []
    for raw in chunk.logs:
        position = (raw.block_number, raw.log_index)
        match = catalogue.match(raw)
        if match is None:
            continue
        if position in batch.logs:
            check_same(batch.logs[position], raw)
            continue
        header_of_log = batch.headers.get(raw.block_number)
        if header_of_log is None:
            raise UnreadError(f"the chain gave a log of block {raw.block_number} without a header")
        if header_of_log.hash != "0x" + raw.block_hash.hex():
            raise changed(raw.block_number, header_of_log.hash, "0x" + raw.block_hash.hex())
        event = decode(raw, *match, header_of_log.time)
        batch.logs[position] = raw
        batch.events[position] = (*match, event)
        for naming in named_by(plug, deployment, event, match[0]):
            grown = catalogue.add(naming)
            if grown is not None:
                wanted.append(grown)
    return wanted


def named_by(
    plug: EventPlug, deployment: Deployment, event: Event, covered: Covered
) -> list[Naming]:
    """What an event of a contract says about which other contracts there are."""
    return [
        Naming(
            (event.block_number, event.log_index),
            source.role,
            source.address.lower(),
            source.abi,
            tuple(source.events),
            source.from_block,
            covered.role,
            covered.address,
        )
        for source in plug.follow(deployment, event)
    ]


def changed(number: int, one: str, other: str) -> ChangedError:
    """The chain said two things about one block."""
    return ChangedError(
        f"block {number} changed while it was being read ({one}, then {other}): run again"
    )
