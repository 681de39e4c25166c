"""The index: raw logs, headers, decoded events and checkpoints of deployments on one chain.

    chain ──logs──▶ collect ──▶ one transaction { logs, headers, decoded rows, sources, checkpoint }

One writer, resumable. Killed at any point and run again, it holds the same rows as after one
straight run: nothing in it depends on where a chunk ended. A reorg is noticed by block hash and
taken back together with everything derived from it: within a run each stretch of blocks has to be
a child of the one before and an ancestor of the run's last block; after a run that did not end,
every header that it stored is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from analyzer.abi.contract import load_abi
from analyzer.chain.base import NO_END, Chain, NotRecordedError, Progress
from analyzer.chain.completeness import check_reached, check_still
from analyzer.chain.header_links import Links, linked_chunks
from analyzer.indexer.batch import collect, decode, merged
from analyzer.indexer.extent import count_logs, stored_links
from analyzer.indexer.folds import fold_basis
from analyzer.indexer.read import read_logs
from analyzer.indexer.recheck import Recheck, SecondReading
from analyzer.indexer.reorg import roll_back, take_back
from analyzer.indexer.sources import Catalogue, EventPlug, LoadAbi, initial_namings
from analyzer.indexer.tables import TABLES, VERSION, folds
from analyzer.indexer.tables import chain as chain_table
from analyzer.indexer.tables.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from analyzer.indexer.tables.events import make_event_tables
from analyzer.indexer.tables.folds import StoredFold, drop_fold, keep_fold, stored_folds
from analyzer.indexer.tables.read_twice import note_read_twice, read_twice_to
from analyzer.indexer.tables.sources import read_namings, write_namings
from analyzer.indexer.tables.unsettled import settle, unsettle
from analyzer.indexer.write import write_batch
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError, UnreadError
from analyzer.model.identity import index_key
from analyzer.model.logs import Event, LogFilter, RawLog
from analyzer.store.catalog import check_carries_nothing, check_tables
from analyzer.store.damage import is_database_error
from analyzer.store.files import (
    ALIAS,
    check_kind,
    is_empty,
    open_database,
    transaction,
    write_kind,
)
from analyzer.store.heal import after_failure, making

KIND = "index"
REMEDY = "remove it, it will be made again from the chain, or name another with --index"


@dataclass(frozen=True, slots=True)
class Advance:
    """What one advance did. rolled_back: blocks that a reorg took away. restarted: the protocol
    declares other sources than those that were indexed, so everything was read again."""

    head: BlockRef
    logs_added: int
    rolled_back: int = 0
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class Extent:
    """What the index holds of a deployment up to a block, and how its headers hang together."""

    from_block: int
    logs: int
    blocks_with_logs: int
    links: Links


def ahead_of_nothing(
    deployment: Deployment, plug: EventPlug, abi: LoadAbi = load_abi
) -> tuple[list[LogFilter], int]:
    """What the first advance of a deployment asks for, where there is no index: the filters of the
    contracts known from the start, and the first block. Contracts that logs name come later."""
    catalogue = Catalogue(initial_namings(plug.sources(deployment)), abi)
    return catalogue.filters(), catalogue.first_block


class Index:
    """An open index file. A context manager; made when there is none."""

    def __init__(
        self, path: Path, *, source: str = "", abi: LoadAbi = load_abi, read_only: bool = False
    ) -> None:
        """Opens or makes the index at `path`.

        source: identity of what the logs come from, empty for the live chain. Rows of one source
        are never used for another: a recording that lacks a log spoils nothing but itself.
        read_only: what is there is read (by as many processes as like), nothing is advanced.
        Raises: InputError when the file is no index of ours, carries something else, is of another
        version, damaged, or in use.
        """
        self.path = path
        self._abi = abi
        self._source = source
        self._read_only = read_only
        self._held: dict[str, StoredFold] = {}
        self._connection = open_database(path, read_only=read_only, remedy=REMEDY)
        try:
            with making(path, REMEDY):
                self._make_or_check(read_only=read_only)
        except BaseException:
            self._connection.close()
            raise

    def advance(
        self,
        chain: Chain,
        deployment: Deployment,
        plug: EventPlug,
        *,
        to: BlockRef,
        progress: Progress,
    ) -> Advance:
        """Indexes `deployment` up to the block `to`, after taking back what a reorg removed.

        An index that is further ahead stays as it is.
        Raises: InputError for an index of another chain; UnreadError when the chain does not
        answer, or changes under our hands. What was written before stays, and is gone on from.
        """
        self._check_chain(chain)
        key = self._key(deployment)
        restarted = self._prepare(key, deployment, plug)
        rolled_back = self._roll_back(chain, key, deployment, plug)
        added = 0
        while True:
            done, more = self._advance_some(chain, key, deployment, plug, to, progress)
            added += more
            if done:
                break
        checkpoint = read_checkpoint(self._connection, key)
        head = to if checkpoint is None else checkpoint.head
        check_reached(to, head)
        check_still(chain, to)
        with transaction(self._connection):
            settle(self._connection, key)
        return Advance(head, added, rolled_back, restarted)

    def recheck(
        self,
        chain: Chain,
        deployment: Deployment,
        plug: EventPlug,
        *,
        first: int = 0,
        last: int | None = None,
        trusted: bool,
        progress: Progress,
    ) -> Recheck:
        """Reads the logs of some indexed blocks (default: all) a second time, and puts right what
        was missing or made up. trusted: the caller vouches for this node, where nothing else tells
        whether a log that is held and not given again exists.

        Raises: as `advance`.
        """
        self._check_chain(chain)
        key = self._key(deployment)
        self._prepare(key, deployment, plug)
        self._roll_back(chain, key, deployment, plug)
        checkpoint = read_checkpoint(self._connection, key)
        if checkpoint is None:
            return Recheck(first, first - 1)
        known = self._catalogue(key, deployment, plug)
        lowest = min(covered.from_block for covered in known.covered)
        highest = checkpoint.head.number
        reading = SecondReading(
            self._connection,
            key,
            chain,
            deployment,
            plug,
            lambda: self._catalogue(key, deployment, plug),
            lambda: Catalogue(initial_namings(plug.sources(deployment)), self._abi),
            checkpoint.head,
            trusted,
        )
        end = highest if last is None else min(last, highest)
        return reading.run(max(first, lowest), end, progress)

    def read_twice_to(self, deployment: Deployment, endpoint: str) -> int:
        """Up to which block a second reading from this endpoint found nothing; -1 = none did."""
        return read_twice_to(self._connection, self._key(deployment), endpoint)

    def note_read_twice(self, deployment: Deployment, endpoint: str, up_to: int) -> None:
        """Notes that a second reading from this endpoint, up to this block, found nothing."""
        with transaction(self._connection):
            note_read_twice(self._connection, self._key(deployment), endpoint, up_to)

    def head(self, deployment: Deployment) -> BlockRef | None:
        """The last indexed block of a deployment; None when nothing is indexed."""
        checkpoint = read_checkpoint(self._connection, self._key(deployment))
        return None if checkpoint is None else checkpoint.head

    def ahead(self, deployment: Deployment, plug: EventPlug) -> tuple[list[LogFilter], int]:
        """What the next advance of a deployment asks for: filters, and the first block."""
        key = self._key(deployment)
        catalogue = self._catalogue(key, deployment, plug)
        checkpoint = read_checkpoint(self._connection, key)
        first = catalogue.first_block if checkpoint is None else checkpoint.head.number + 1
        return catalogue.filters(), first

    def events(
        self, deployment: Deployment, plug: EventPlug, *, up_to: int, first: int = 0
    ) -> Iterator[Event]:
        """All events of a deployment in the blocks `first` to `up_to`, in (block, log index) order.

        The same as an index that never went beyond that block would give.
        """
        key = self._key(deployment)
        catalogue = self._catalogue(key, deployment, plug).up_to(up_to)
        for raw, time in read_logs(self._connection, key, first=first, up_to=up_to):
            match = catalogue.match(raw)
            if match is not None:
                yield decode(raw, match[0].role, match[1], time)

    def kept_folds(
        self, deployment: Deployment, plug: EventPlug, *, up_to: int, program: str
    ) -> Iterator[StoredFold]:
        """The folds that were kept at or below a block, the nearest first: of this program, and
        of the very logs that are indexed now."""
        key = self._key(deployment)
        catalogue = self._catalogue(key, deployment, plug).up_to(up_to)
        held = self._held.get(key)
        if held is not None and held.block <= up_to:
            yield from self._still_so([held], key, deployment, catalogue, program)
        stored = stored_folds(self._connection, key, up_to=up_to)
        yield from self._still_so(stored, key, deployment, catalogue, program)

    def keep_fold(
        self,
        deployment: Deployment,
        plug: EventPlug,
        fold: bytes,
        *,
        block: int,
        up_to: int,
        program: str,
    ) -> None:
        """Keeps a packed fold of all logs up to `block`, as they are seen from the block `up_to`.

        An index that is open for reading only keeps the last one in memory, for this process.
        """
        key = self._key(deployment)
        catalogue = self._catalogue(key, deployment, plug).up_to(up_to)
        basis = fold_basis(self._connection, key, deployment, catalogue, block=block)
        if self._read_only:
            self._held[key] = StoredFold(block, basis, program, fold, True)
            return
        with transaction(self._connection):
            keep_fold(self._connection, key, block, basis, program, fold)

    def drop_fold(self, deployment: Deployment, block: int) -> None:
        """Drops the fold that was kept at a block: something speaks against it."""
        key = self._key(deployment)
        if self._read_only:
            self._held.pop(key, None)
            return
        with transaction(self._connection):
            drop_fold(self._connection, key, block)

    def _still_so(
        self,
        folds: Iterable[StoredFold],
        key: str,
        deployment: Deployment,
        catalogue: Catalogue,
        program: str,
    ) -> Iterator[StoredFold]:
        """Those of this program that rest on what is indexed now."""
        for fold in folds:
            if fold.program != program:
                continue
            now = fold_basis(self._connection, key, deployment, catalogue, block=fold.block)
            if fold.basis == now:
                yield fold

    def extent(self, deployment: Deployment, plug: EventPlug, *, block: BlockRef) -> Extent:
        """What is held up to `block`, and how its headers hang together."""
        key = self._key(deployment)
        known = self._catalogue(key, deployment, plug)
        catalogue = known.up_to(block.number)
        only = None if catalogue.namings == known.namings else catalogue
        logs, blocks = count_logs(self._connection, key, up_to=block.number, only=only)
        links = stored_links(self._connection, key, block)
        return Extent(catalogue.first_block, logs, blocks, links)

    def held(
        self, deployment: Deployment, plug: EventPlug, *, up_to: int
    ) -> tuple[Catalogue, list[RawLog]]:
        """The logs that a scan up to a block rests on, in order, and the contracts they are of."""
        key = self._key(deployment)
        catalogue = self._catalogue(key, deployment, plug).up_to(up_to)
        raws = (raw for raw, _ in read_logs(self._connection, key, up_to=up_to))
        return catalogue, [raw for raw in raws if catalogue.match(raw) is not None]

    def _key(self, deployment: Deployment) -> str:
        """The key of a deployment of this index's source."""
        return index_key(deployment, self._source)

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Closes the file; one that turned out to be damaged is put aside. Raises: InputError."""
        self.close()
        if is_database_error(error):
            raise after_failure(self.path, error) from error

    def _make_or_check(self, *, read_only: bool) -> None:
        """Makes the tables of an empty file, or sees that what is there is an index of ours."""
        check_carries_nothing(self._connection, self.path, ALIAS)
        # A run that was killed before its first commit leaves a file without any table.
        if is_empty(self._connection) and not read_only:
            with transaction(self._connection):
                self._make()
            return
        check_kind(self._connection, self.path, kind=KIND, version=VERSION, remedy=REMEDY)
        kept = (folds.TABLE,) if folds.is_made(self._connection) else ()
        check_tables(self._connection, self.path, ALIAS, (*TABLES, *kept), (), further=True)

    def _make(self) -> None:
        """Makes the tables of an empty file."""
        write_kind(self._connection, kind=KIND, version=VERSION)
        for table in TABLES:
            for statement in table.ddl():
                self._connection.execute(statement)

    def _check_chain(self, chain: Chain) -> None:
        """Sees that the index is of this chain, by chain id and by the hash of block 0.

        Raises: InputError naming both.
        """
        try:
            genesis: str | None = chain.headers([0])[0].hash
        except NotRecordedError:
            genesis = None
        known = chain_table.read_chain(self._connection)
        if known is None:
            with transaction(self._connection):
                chain_table.write_chain(self._connection, chain.chain_id, genesis)
            return
        chain_id, stored = known
        if chain_id != chain.chain_id:
            raise InputError(
                f"{self.path} is the index of chain {chain_id}, this is chain {chain.chain_id}:"
                " name another with --index"
            )
        if stored and genesis and stored != genesis:
            raise InputError(
                f"{self.path} is the index of another chain with id {chain_id} (its block 0 is"
                f" {stored}, here it is {genesis}): {REMEDY}"
            )

    def _catalogue(self, key: str, deployment: Deployment, plug: EventPlug) -> Catalogue:
        """The contracts of a deployment as the index knows them."""
        stored = [n for n in read_namings(self._connection, key) if not n.initial]
        return Catalogue([*initial_namings(plug.sources(deployment)), *stored], self._abi)

    def _prepare(self, key: str, deployment: Deployment, plug: EventPlug) -> bool:
        """Makes the rows and tables of a deployment; starts again when the protocol now declares
        other sources than those that were indexed. Whether it did."""
        catalogue = self._catalogue(key, deployment, plug)
        declared = [naming for naming in catalogue.namings if naming.initial]
        stored = [naming for naming in read_namings(self._connection, key) if naming.initial]
        with transaction(self._connection):
            if stored != declared:
                catalogue = Catalogue(declared, self._abi)
                take_back(self._connection, key, catalogue, above=-1)
                write_checkpoint(self._connection, key, deployment, None)
            make_event_tables(self._connection, catalogue)
        return bool(stored) and stored != declared

    def _roll_back(self, chain: Chain, key: str, deployment: Deployment, plug: EventPlug) -> int:
        """Takes back what is no longer on the chain; how many blocks that were."""
        return roll_back(
            self._connection, key, chain, deployment, lambda: self._catalogue(key, deployment, plug)
        )

    def _advance_some(
        self,
        chain: Chain,
        key: str,
        deployment: Deployment,
        plug: EventPlug,
        to: BlockRef,
        progress: Progress,
    ) -> tuple[bool, int]:
        """Goes on until the end, or until new contracts are named and the filters change.

        (whether the end is reached, logs added).
        """
        catalogue = self._catalogue(key, deployment, plug)
        checkpoint = read_checkpoint(self._connection, key)
        start = catalogue.first_block
        logs = 0 if checkpoint is None else checkpoint.logs
        first = start if checkpoint is None else checkpoint.head.number + 1
        added, stored_namings = 0, catalogue.namings
        total = max(to.number - start + 1, 0)
        progress("index", min(first - start, total), total)
        if first > to.number:
            return True, 0
        before = None if checkpoint is None else checkpoint.head
        chunks = chain.logs(catalogue.filters(), first, to.number)
        for chunk in merged(linked_chunks(chain, chunks, before)):
            if chunk.first != first:
                raise UnreadError(f"logs from block {first} on were asked, {chunk.first} came")
            batch = collect(
                chunk, chain=chain, deployment=deployment, plug=plug, catalogue=catalogue
            )
            # What was read is below `to`: an ancestor of it, if it is still there.
            check_reached(to, batch.head)
            check_still(chain, to)
            with transaction(self._connection):
                unsettle(self._connection, key, first - 1)
                if batch.found_sources:
                    make_event_tables(self._connection, catalogue)
                new = write_batch(self._connection, key, batch)
                if catalogue.namings != stored_namings:
                    stored_namings = catalogue.namings
                    write_namings(self._connection, key, stored_namings)
                added, logs = added + new, logs + new
                write_checkpoint(self._connection, key, deployment, Checkpoint(batch.head, logs))
            first = chunk.last + 1
            progress("index", first - start, total)
            progress("logs", added, NO_END)
            if batch.found_sources:
                return first > to.number, added
        if first <= to.number:
            raise UnreadError(f"logs up to block {to.number} were asked, {first - 1} was the last")
        return True, added
