"""From a deployment's logs to its ledger, going on from a fold that the index kept.

    kept fold at K ──same logs? same bytes? same answers?──▶ + logs K+1..block ──▶ ledger
           └ no, or not wanted ─▶ all logs ──────────────────────────────────────────▲

What comes out is what a fold of all logs gives, bit for bit: a kept fold that anything speaks
against is dropped, said, and everything is folded anew. A fold is kept some blocks behind the one
that is rebuilt, so that a reorg near the head does not take it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from analyzer.chain.base import Chain
from analyzer.indexer import Index
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.protocols.base import Folding, Ledger, Plug
from analyzer.protocols.kit.state_leaves import CodecError
from analyzer.solvency.drive import CountedReads, Exchange
from analyzer.solvency.packed_fold import LeftOff, pack_fold, unpack_fold

BEHIND_BLOCKS = 64
"""A fold is kept so far behind the block that is rebuilt: two of Ethereum's epochs, after which
hardly a block is taken back."""
KEEP_AFTER_LOGS = 2_000
"""A fold is kept when at least so many logs came since the last one, ..."""
LOGS_PER_BYTE = 1 / 5_000
"""... and more behind a large one: writing it down must cost less than folding these logs does."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A ledger, and the reads that its fold asked.

    gone_on_from: the block up to which a kept fold had it, None = all logs were folded. logs: how
    many were. refused: kept folds that were not trusted, and why.
    """

    ledger: Ledger
    reads: CountedReads
    gone_on_from: int | None
    logs: int
    refused: tuple[str, ...] = ()


@dataclass(slots=True)
class _Begun:
    """Where a fold goes on: a state with what was asked for it. size: of its bytes."""

    state: Any
    reads: CountedReads
    block: int | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    size: int = 0


@dataclass(slots=True)
class _Counted:
    """Events as they pass. last: the block of the last one, -1 = none has passed."""

    events: Iterator[Event]
    count: int = 0
    last: int = -1
    held: Event | None = None

    def up_to(self, block: int) -> Iterator[Event]:
        """The events up to this block; the first one after it stays for the next."""
        while True:
            event = next(self.events, None) if self.held is None else self.held
            self.held = None
            if event is None:
                return
            if event.block_number > block:
                self.held = event
                return
            self.count += 1
            self.last = event.block_number
            yield event


def fold_indexed(
    index: Index, chain: Chain, plug: Plug, deployment: Deployment, block: BlockRef, *,
    from_scratch: bool = False,
) -> Folded:  # fmt: skip
    """The ledger at a block that is indexed. from_scratch: no kept fold is gone on from, and none
    is kept. Raises: UnreadError as a plug's fold does."""
    folding: Folding | None = getattr(plug, "folding", None)
    if folding is None or from_scratch:
        events = _Counted(index.events(deployment, plug, up_to=block.number))
        reads = CountedReads(chain, block)
        ledger = reads.drive(plug.fold(deployment, events.up_to(block.number)))
        return Folded(ledger, reads, None, events.count)
    refused: list[str] = []
    begun = _kept(index, chain, plug, folding, deployment, block, refused)
    if begun is None:
        begun = _Begun(folding.begin(deployment), CountedReads(chain, block))
    first = 0 if begun.block is None else begun.block + 1
    events = _Counted(index.events(deployment, plug, first=first, up_to=block.number))
    behind = block.number - BEHIND_BLOCKS
    if behind >= first:
        _fold_on(folding, deployment, begun, events.up_to(behind))
        if events.count >= max(KEEP_AFTER_LOGS, begun.size * LOGS_PER_BYTE):
            # As of the last block with a log: blocks without any may leave the chain unnoticed.
            _keep(index, plug, folding, deployment, begun, events.last, block)
    _fold_on(folding, deployment, begun, events.up_to(block.number))
    ledger = folding.end(deployment, begun.state)
    return Folded(ledger, begun.reads, begun.block, events.count, tuple(refused))


def _fold_on(
    folding: Folding, deployment: Deployment, begun: _Begun, events: Iterable[Event]
) -> None:
    """Further events; what they ask is noted."""
    begun.reads.drive(folding.go_on(deployment, begun.state, events), begun.exchanges)


def _keep(
    index: Index, plug: Plug, folding: Folding, deployment: Deployment, begun: _Begun, at: int,
    block: BlockRef,
) -> None:  # fmt: skip
    """Keeps the fold as it is after the block `at`; a state that cannot be written is not kept."""
    try:
        packed = pack_fold(folding, at, begun.state, begun.exchanges)
    except CodecError:
        return
    index.keep_fold(deployment, plug, packed, block=at, up_to=block.number, program=folding.version)


def _kept(
    index: Index, chain: Chain, plug: Plug, folding: Folding, deployment: Deployment,
    block: BlockRef, refused: list[str],
) -> _Begun | None:  # fmt: skip
    """The nearest kept fold that nothing speaks against; None where there is none. Damaged ones,
    and those whose reads have other answers now, are dropped and told in `refused`."""
    stored = index.kept_folds(deployment, plug, up_to=block.number, program=folding.version)
    for fold in stored:
        reads = CountedReads(chain, block)
        try:
            if not fold.undamaged:
                raise CodecError("its bytes are not those that were kept")
            left = unpack_fold(folding, fold.fold)
            if left.block != fold.block:
                raise CodecError(f"it is of block {left.block}")
            _check_answers(reads, left)
        except CodecError as error:
            why = str(error) if error.path else error.problem
            refused.append(f"the fold kept at block {fold.block} is not gone on from: {why}")
            index.drop_fold(deployment, fold.block)
            continue
        return _Begun(left.state, reads, left.block, list(left.exchanges), len(fold.fold))
    return None


def _check_answers(reads: CountedReads, left: LeftOff) -> None:
    """Asks again what the kept fold had asked. Raises: CodecError where an answer is another."""
    again = reads.ask_again([one.requests for one in left.exchanges])
    for before, now in zip(left.exchanges, again, strict=True):
        for request, old, new in zip(before.requests, before.answers, now, strict=True):
            if old != new:
                raise CodecError(f"the chain has another answer now to {request.label or request}")
