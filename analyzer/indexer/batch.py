"""One stretch of blocks: logs from the chain in columns, with what they name fetched as well."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from analyzer.abi.batch import (
    NO_TIME,
    LogBatch,
    LogBlocks,
    LogColumns,
    joined_batches,
)
from analyzer.abi.contract import EventAbi
from analyzer.abi.events import decode_log
from analyzer.abi.keccak import checksum
from analyzer.chain.base import NOT_SAMPLED, SAMPLE, Chain, ChangedError, LogChunk
from analyzer.chain.header_links import linked_chunks
from analyzer.chain.wire import unique_columns
from analyzer.indexer.sources import Catalogue, Covered, EventPlug, Naming
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.errors import UnreadError
from analyzer.model.logs import Event, RawLog

BATCH_LOGS = 60_000
"""Logs after which a transaction is written: they are in memory. With the chunk that goes beyond
it is less than a row group of DuckDB (122,880), whose rest would be written twice (measured)."""
BATCH_SECONDS = 5.0
"""Seconds after which one is written whatever it holds, so that a restart repeats little."""

Position = tuple[int, int]
"""(block, log index)."""
Kind: TypeAlias = tuple[str, EventAbi]
"""The role of a log's contract, and which event it is: what decides its table."""


@dataclass(slots=True)
class Batch:
    """What is written in one transaction: blocks `first..last`, and backfills from before them.

    logs: those of a contract that is indexed, once `claim` was called; kinds: the same by role and
    event. headers: those that were read; up to `sampled_to` not of every block with logs. blocks:
    of the logs, each with a time.
    """

    first: int
    last: int
    logs: LogColumns = field(default_factory=LogColumns)
    kinds: list[tuple[Kind, LogBatch]] = field(default_factory=list)
    headers: dict[int, BlockRef] = field(default_factory=dict)
    blocks: LogBlocks = field(default_factory=lambda: LogColumns().blocks())
    sampled_to: int = NOT_SAMPLED
    found_sources: bool = False

    @property
    def head(self) -> BlockRef:
        """The header of the last block. Raises UnreadError when the chain did not give it."""
        if self.last not in self.headers:
            raise UnreadError(f"the chain gave logs up to block {self.last} without its header")
        return self.headers[self.last]

    def by_position(self) -> dict[Position, RawLog]:
        """The logs as objects."""
        return {(raw.block_number, raw.log_index): raw for raw in self.logs}

    def claim(self, catalogue: Catalogue) -> None:
        """Sorts the logs by whose they are, and drops those that are nobody's.

        Raises UnreadError for a log of a block without a header where there has to be one;
        ChangedError when logs and header, or logs of one block, name two hashes.
        """
        kept: list[LogBatch] = []
        kinds: dict[tuple[str, EventAbi, tuple[int, int]], list[LogBatch]] = {}
        for batch in self.logs.batches:
            claimed = np.zeros(len(batch), dtype=np.bool_)
            for covered, event, rows in catalogue.match_batch(batch):
                claimed[rows] = True
                part = batch if len(rows) == len(batch) else batch.take(rows)
                kinds.setdefault((covered.role, event, batch.shape), []).append(part)
            kept.append(batch if claimed.all() else batch.take(claimed))
        self.logs = LogColumns(kept)
        self.kinds = [((r, e), joined_batches(same)) for (r, e, _), same in kinds.items()]
        self.blocks = self._blocks()

    def without(self, known: Set[Position]) -> Batch:
        """The same without the logs at some positions."""
        if not known:
            return self

        def new(logs: LogBatch) -> LogBatch:
            at = zip(logs.block_number.tolist(), logs.log_index.tolist(), strict=True)
            return logs.take(np.array([place not in known for place in at], dtype=np.bool_))

        logs = LogColumns([new(batch) for batch in self.logs.batches])
        kinds = [(kind, new(batch)) for kind, batch in self.kinds]
        left = Batch(self.first, self.last, logs, kinds, self.headers, sampled_to=self.sampled_to)
        left.blocks = left._blocks()
        return left

    def parents(self, blocks: LogBlocks) -> list[str]:
        """The hash before each block; empty where its header was not read, or only because a range
        was cut there: what an index holds depends on no cut."""
        return [
            self.headers[number].parent_hash
            if number in self.headers and (number > self.sampled_to or number % SAMPLE == 0)
            else ""
            for number in blocks.number.tolist()
        ]

    def _blocks(self) -> LogBlocks:
        """The blocks of the logs, compared with the headers that were read."""
        blocks = self.logs.blocks()
        for number in blocks.two_faced[:1].tolist():
            logs = [log for log in self.logs if log.block_number == number]
            one, other, *_ = sorted({"0x" + log.block_hash.hex() for log in logs})
            raise changed(number, one, other)
        times = blocks.time.copy()
        needed = (blocks.number > self.sampled_to) | (times == NO_TIME)
        places = np.searchsorted(blocks.number, np.fromiter(self.headers, dtype=np.int64))
        for at, header in zip(places.tolist(), self.headers.values(), strict=True):
            if at == len(blocks) or blocks.number[at] != header.number:
                continue
            given = "0x" + blocks.hash[at].tobytes().hex()
            if given != header.hash:
                raise changed(header.number, header.hash, given)
            times[at], needed[at] = header.time, False
        if needed.any():
            number = int(blocks.number[needed].min())
            raise UnreadError(f"the chain gave a log of block {number} without a header")
        return LogBlocks(blocks.number, blocks.hash, times, blocks.two_faced)


def merged(chunks: Iterable[LogChunk]) -> Iterator[LogChunk]:
    """Contiguous chunks joined until they are worth a transaction."""
    pending: list[LogChunk] = []
    since = time.monotonic()
    for chunk in chunks:
        if pending and chunk.first != pending[-1].last + 1:
            raise UnreadError(f"logs after block {pending[-1].last} go on at {chunk.first}")
        pending.append(chunk)
        held = sum(len(one.logs) for one in pending)
        if held >= BATCH_LOGS or time.monotonic() - since >= BATCH_SECONDS:
            yield _joined(pending)
            pending, since = [], time.monotonic()
    if pending:
        yield _joined(pending)


def _joined(chunks: list[LogChunk]) -> LogChunk:
    """Contiguous chunks as one. Where one was not read by sample, none was: a header that is
    missing there would be noticed."""
    return LogChunk(
        chunks[0].first,
        chunks[-1].last,
        LogColumns.joined([LogColumns.of(chunk.logs) for chunk in chunks]),
        [header for chunk in chunks for header in chunk.headers],
        max(chunk.sampled_to for chunk in chunks),
    )


def collect(
    chunk: LogChunk,
    *,
    chain: Chain,
    deployment: Deployment,
    plug: EventPlug,
    catalogue: Catalogue,
    to: int | None = None,
) -> Batch:
    """A chunk's logs and those of every contract that it names, from that contract's first block to
    the end of the chunk, or to the block `to`; `catalogue` learns the contracts.

    Raises: UnreadError when headers and logs contradict each other; DecodeError for a log that
    names a contract and is not what its first topic says.
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
    batch.claim(catalogue)
    return batch


def decode(raw: RawLog, role: str, abi: EventAbi, block_time: int) -> Event:
    """The event of a raw log. Raises DecodeError naming block, log and field."""
    return Event(
        raw.block_number,
        raw.log_index,
        "0x" + raw.tx_hash.hex(),
        checksum(raw.address),
        role,
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
    batch.sampled_to = max(batch.sampled_to, chunk.sampled_to)
    logs = LogColumns.of(chunk.logs)
    batch.logs = unique_columns([batch.logs, logs]) if len(batch.logs) else logs
    namings: list[Naming] = []
    for part in logs.batches:
        for covered, event, rows in catalogue.match_batch(part):
            if may_name(plug, event):
                some = part.take(rows)
                for raw, given in zip(some.objects(), some.block_time.tolist(), strict=True):
                    read = batch.headers.get(raw.block_number)
                    happened = decode(raw, covered.role, event, read.time if read else given)
                    namings += named_by(plug, deployment, happened, covered)
    grown = [catalogue.add(naming) for naming in sorted(namings, key=lambda naming: naming.at)]
    return [covered for covered in grown if covered is not None]


def may_name(plug: EventPlug, event: EventAbi) -> bool:
    """Whether a log of this event may name a contract: all may, where the plug does not say."""
    naming: frozenset[str] | None = getattr(plug, "naming_events", None)
    return naming is None or event.name in naming


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
