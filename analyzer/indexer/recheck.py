"""A second reading of what is indexed: what a node left out or made up is put right.

    chain ──logs──▶ as they are now ──▶ differs? ──▶ one transaction { the stretch written anew }

What is given now and was not before is added. What is held and is not given now is removed only
where something speaks for that: the block is another one, its bloom filter denies the log, the
node gives other logs of that block and not this one, twice, or the caller trusts this node and the
filter says nothing. A node that has pruned its logs empties no index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analyzer.abi.batch import LogColumns
from analyzer.chain.base import Chain, LogChunk, Progress
from analyzer.chain.bloom import lacks, may_hold
from analyzer.chain.completeness import check_still
from analyzer.chain.header_links import linked_chunks
from analyzer.indexer.batch import Batch, collect, decode, merged, named_by
from analyzer.indexer.read import read_logs, stored_headers
from analyzer.indexer.reorg import take_back
from analyzer.indexer.sources import Catalogue, EventPlug, Naming
from analyzer.indexer.tables.checkpoints import recount
from analyzer.indexer.tables.events import make_event_tables
from analyzer.indexer.tables.sources import write_namings
from analyzer.indexer.write import take_out, write_batch
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.errors import UnreadError
from analyzer.model.logs import RawLog
from analyzer.store.files import transaction

if TYPE_CHECKING:
    import duckdb


@dataclass(slots=True)
class Recheck:
    """What a second reading of the blocks `first` to `last` changed: logs added and removed, and
    headers that are others now.

    kept: logs that are held, were not given this time, and stay, because nobody vouches for their
    not being there.
    """

    first: int
    last: int
    added: int = 0
    removed: int = 0
    kept: int = 0
    headers: int = 0

    @property
    def changed(self) -> bool:
        """Whether the index holds something else now."""
        return bool(self.added or self.removed or self.headers)


@dataclass(slots=True)
class _Difference:
    """One stretch of blocks: `gone` are taken out, `kept` stay although they were not given,
    `new` positions were not held; `headers` of so many blocks are others."""

    gone: list[RawLog] = field(default_factory=list)
    kept: list[tuple[RawLog, BlockRef]] = field(default_factory=list)
    new: set[tuple[int, int]] = field(default_factory=set)
    headers: int = 0


@dataclass(frozen=True, slots=True)
class SecondReading:
    """What a second reading works on: an index's rows of one deployment up to `head`.

    catalogue: gives the contracts as the index knows them now. trusted: the caller vouches for
    the node, where nothing else tells whether a log exists.
    """

    connection: duckdb.DuckDBPyConnection
    key: str
    chain: Chain
    deployment: Deployment
    plug: EventPlug
    catalogue: Callable[[], Catalogue]
    known_from_start: Callable[[], Catalogue]
    head: BlockRef
    trusted: bool

    def run(self, first: int, last: int, progress: Progress) -> Recheck:
        """Reads the logs of `first..last` again and puts the index right.

        Raises: UnreadError when the chain does not answer or changes under our hands; what was
        put right before that stays.
        """
        done = Recheck(first, last)
        position = first
        while position <= last:
            position = self._until_sources_change(position, last, done, progress)
        return done

    def _until_sources_change(
        self, first: int, last: int, done: Recheck, progress: Progress
    ) -> int:
        """Goes on until the end, or until other contracts are known and the filters change; the
        block from which it goes on."""
        catalogue = self.catalogue()
        namings = catalogue.namings
        chunks = self.chain.logs(catalogue.filters(), first, last)
        for chunk in merged(linked_chunks(self.chain, chunks, None)):
            if chunk.first != first:
                raise UnreadError(f"logs from block {first} on were asked, {chunk.first} came")
            catalogue = self._put_right(chunk, catalogue, done)
            first = chunk.last + 1
            progress("read again", first - done.first, done.last - done.first + 1)
            if catalogue.namings != namings:
                return first
        if first <= last:
            raise UnreadError(f"logs up to block {last} were asked, {first - 1} was the last")
        return first

    def _put_right(self, chunk: LogChunk, catalogue: Catalogue, done: Recheck) -> Catalogue:
        """Compares one stretch and writes it anew where it differs; the contracts known then."""
        batch = collect(
            chunk,
            chain=self.chain,
            deployment=self.deployment,
            plug=self.plug,
            catalogue=catalogue,
            to=self.head.number,
        )
        found = self._compare(batch, catalogue)
        check_still(self.chain, self.head)
        done.kept += len(found.kept)
        if not (found.gone or found.new or found.headers):
            return catalogue
        renamed = any(self._named_by(raw, 0, catalogue) for raw in found.gone)
        with transaction(self.connection):
            make_event_tables(self.connection, catalogue)
            take_out(self.connection, self.key, batch.first, batch.last)
            self._keep(batch, found.kept, catalogue)
            write_batch(self.connection, self.key, batch)
            write_namings(self.connection, self.key, catalogue.namings)
            if renamed:
                catalogue = self._named_by_what_is_left()
                take_back(self.connection, self.key, catalogue, above=self.head.number)
            recount(self.connection, self.key)
        done.added += len(found.new)
        done.removed += len(found.gone)
        done.headers += found.headers
        return catalogue

    def _compare(self, batch: Batch, catalogue: Catalogue) -> _Difference:
        """How the logs of a stretch, as they were read now, differ from those that are held."""
        held = self._held(batch.first, batch.last)
        given = batch.by_position()
        missing = [raw for position, raw in held.items() if raw != given.get(position)]
        if batch.found_sources:
            held = self._held(0, self.head.number)
        found = _Difference(new={p for p, raw in given.items() if held.get(p) != raw})
        headers = self._headers(batch, missing)
        stored = stored_headers(self.connection, self.key, first=batch.first, up_to=batch.last)
        found.headers = sum(1 for h in stored if _differ(h, headers.get(h.number, h)))
        for raw in missing:
            header = headers[raw.block_number]
            replaced = (raw.block_number, raw.log_index) in given
            moved = header.hash != "0x" + raw.block_hash.hex()
            vouched = self.trusted and not may_hold(header, raw)
            denied = replaced or moved or vouched or lacks(header, raw)
            if denied or self._left_out_twice(raw, batch, catalogue):
                found.gone.append(raw)
            else:
                found.kept.append((raw, header))
        return found

    def _left_out_twice(self, raw: RawLog, batch: Batch, catalogue: Catalogue) -> bool:
        """Whether the node has the logs of a log's block, for it gave others, and leaves this one
        out when it is asked for that block alone, too."""
        number = raw.block_number
        if number not in batch.blocks.number:
            return False
        alone = self.chain.logs(catalogue.filters(), number, number)
        logs = [log for chunk in alone for log in chunk.logs]
        return bool(logs) and raw not in logs

    def _held(self, first: int, last: int) -> dict[tuple[int, int], RawLog]:
        """The logs that are held of some blocks, by position."""
        rows = read_logs(self.connection, self.key, first=first, up_to=last)
        return {(raw.block_number, raw.log_index): raw for raw, _ in rows}

    def _headers(self, batch: Batch, missing: Sequence[RawLog]) -> dict[int, BlockRef]:
        """The headers of the batch, and of the blocks of logs that are missing in it."""
        wanted = sorted({raw.block_number for raw in missing} - batch.headers.keys())
        more = self.chain.headers(wanted) if wanted else []
        return batch.headers | {header.number: header for header in more}

    def _keep(
        self, batch: Batch, kept: Sequence[tuple[RawLog, BlockRef]], catalogue: Catalogue
    ) -> None:
        """Puts logs that stay back into the batch that is written."""
        if not kept:
            return
        batch.logs = LogColumns.joined([batch.logs, LogColumns.of([raw for raw, _ in kept])])
        batch.headers |= {header.number: header for _, header in kept}
        batch.claim(catalogue)

    def _named_by(self, raw: RawLog, time: int, catalogue: Catalogue) -> list[Naming]:
        """What a log says about which contracts there are."""
        match = catalogue.match(raw)
        if match is None:
            return []
        covered, event = match
        happened = decode(raw, covered.role, event, time)
        return named_by(self.plug, self.deployment, happened, covered)

    def _named_by_what_is_left(self) -> Catalogue:
        """The contracts that the logs which are held name, and no others."""
        catalogue = self.known_from_start()
        while True:
            known = catalogue.namings
            for raw, time in read_logs(self.connection, self.key, uncommitted=True):
                for naming in self._named_by(raw, time, catalogue):
                    catalogue.add(naming)
            if catalogue.namings == known:
                return catalogue


def _differ(stored: BlockRef, now: BlockRef) -> bool:
    """Whether a header is another one now. Of a stored one the parent may not have been read."""
    parents = (stored.parent_hash or now.parent_hash, now.parent_hash)
    return (stored.hash, stored.time, parents[0]) != (now.hash, now.time, parents[1])
