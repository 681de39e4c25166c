"""Proves the logs behind a scan: all blocks, or a seeded sample of those with and without logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

import orjson

from analyzer.abi.keccak import keccak
from analyzer.chain.base import Progress
from analyzer.chain.proofs.gathered import MOST_HEADERS, Gathered
from analyzer.chain.proofs.logs import (
    Ours,
    false_positive_rate,
    log_differences,
    proved_empty,
)
from analyzer.chain.proofs.outcome import ContradictionError, NotProvableError
from analyzer.chain.proofs.receipts import STATE_SYNC_CHAINS, proved_logs, receipts_root
from analyzer.chain.proofs.source import Receipts
from analyzer.model.block import BlockRef
from analyzer.model.certificate import Contradiction, LogsProved, as_ranges, miss_probability
from analyzer.model.errors import UnreadError
from analyzer.model.logs import LogFilter, RawLog
from analyzer.model.reads import NotRead

_BLOCKS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class HeldLogs:
    """The logs that a scan rests on, by block; which logs it would have taken; from where on."""

    first_block: int
    logs: Mapping[int, Sequence[RawLog]]
    filters: Sequence[LogFilter]
    ours: Ours


@dataclass(slots=True)
class _Tally:
    """What was proved so far; proved: the numbers of all blocks."""

    proved: set[int] = field(default_factory=set)
    blocks: int = 0
    logs: int = 0
    by_bloom: int = 0
    by_receipts: int = 0


def prove_logs(
    gathered: Gathered,
    held: HeldLogs,
    last: int,
    *,
    chain_id: int,
    sample: int | None,
    seed: int,
    progress: Progress,
) -> LogsProved:
    """Proves the logs of the blocks from the first that may have one to `last`.

    sample: how many blocks with logs, and as many without, are proved; None = all of them.
    """
    count = max(last - held.first_block + 1 - len(held.logs), 0)
    with_logs = _chosen(sorted(held.logs), sample, seed)
    empty = _chosen_empty(held, last, count, sample, seed)
    wanted_empty = count if sample is None else min(sample, count)
    if wanted_empty > len(empty):
        gathered.miss(
            "too many blocks",
            f"{wanted_empty - len(empty):,} blocks without logs of ours, beyond the"
            f" {MOST_HEADERS:,} that are read at most: take a sample (--prove-sample)",
        )
    gathered.take([*with_logs, *empty])
    _name_receipts_roots(gathered, [n for n in with_logs if n in gathered.wrong])
    tally = _Tally()
    doubtful = []
    for number in empty:
        header = gathered.headers.get(number)
        if header is None:
            continue
        # Where logs are in no receipts root they are in no bloom either.
        if chain_id not in STATE_SYNC_CHAINS and proved_empty(header, held.filters):
            tally.by_bloom += 1
            tally.proved.add(number)
        else:
            doubtful.append(number)
    wanted = sorted([*with_logs, *doubtful])
    for start in range(0, len(wanted), _BLOCKS_AT_ONCE):
        progress("prove logs", start, len(wanted))
        if gathered.full:
            left = len(wanted) - start
            gathered.miss("bound", f"the logs of {left} blocks: the bound on proofs is reached")
            break
        part = wanted[start : start + _BLOCKS_AT_ONCE]
        if not _prove_some(gathered, held, part, chain_id, tally):
            break
    progress("prove logs", len(wanted), len(wanted))
    blooms = [gathered.headers[n] for n in empty if n in gathered.headers]
    return LogsProved(
        first_block=held.first_block,
        last_block=last,
        logs=sum(map(len, held.logs.values())),
        proved_logs=tally.logs,
        blocks_with_logs=len(held.logs),
        wanted_blocks=len(with_logs),
        proved_blocks=tally.blocks,
        empty_blocks=count,
        wanted_empty=wanted_empty,
        empty_by_bloom=tally.by_bloom,
        empty_by_receipts=tally.by_receipts,
        false_positive_rate=false_positive_rate(blooms, held.filters),
        blocks=as_ranges(tally.proved),
        miss_with_logs=float(miss_probability(len(held.logs), tally.blocks)),
        miss_empty=float(miss_probability(count, tally.by_bloom + tally.by_receipts)),
    )


def _prove_some(
    gathered: Gathered, held: HeldLogs, numbers: Sequence[int], chain_id: int, tally: _Tally
) -> bool:
    """Proves the logs of some blocks by their receipts. Whether going on makes sense: a node that
    does not answer was asked often enough."""
    headers = [gathered.headers[n] for n in numbers if n in gathered.headers]
    if not headers:
        return True
    blocks = [BlockRef(h.number, h.hash, h.parent_hash, h.time) for h in headers]
    try:
        answers = gathered.source.receipts(blocks)
    except UnreadError as error:
        text = f"the receipts of block {blocks[0].number} were not read: {error}"
        gathered.miss("receipts", text, len(blocks))
        return False
    for header, answer in zip(headers, answers, strict=True):
        if isinstance(answer, NotRead):
            gathered.miss("receipts", answer.reason)
            continue
        gathered.spend("receipts", _size(answer))
        try:
            proved = proved_logs(header, answer, chain_id)
        except ContradictionError as error:
            gathered.contradict("receipts", error)
            continue
        except NotProvableError as error:
            gathered.miss("receipts unprovable", f"not provable: {error}")
            continue
        ours = held.logs.get(header.number, ())
        differences = log_differences(ours, proved, held.ours)
        gathered.contradictions += [
            Contradiction("log", d.block, d.field, d.text) for d in differences
        ]
        if differences:
            continue
        tally.proved.add(header.number)
        tally.logs += len(ours)
        if ours:
            tally.blocks += 1
        else:
            tally.by_receipts += 1
    return True


def _name_receipts_roots(gathered: Gathered, numbers: Sequence[int]) -> None:
    """Where headers do not hash to their names, sees whether it is their receipts roots that were
    changed: true receipts make the true one."""
    blocks = [gathered.wrong[number] for number in numbers[:_BLOCKS_AT_ONCE]]
    try:
        answers = gathered.source.receipts(blocks) if blocks else []
    except UnreadError:
        return
    for block, answer in zip(blocks, answers, strict=True):
        if isinstance(answer, NotRead):
            continue
        with suppress(NotProvableError):
            root = receipts_root(block.number, answer)
            gathered.name_field(block.number, "receiptsRoot", root)


def _size(receipts: Receipts) -> int:
    """How many bytes receipts take as JSON."""
    return len(orjson.dumps(receipts))


def _chosen(numbers: Sequence[int], sample: int | None, seed: int) -> list[int]:
    """The blocks to prove: those with the smallest hash of seed and number, the same everywhere."""
    if sample is None or sample >= len(numbers):
        return list(numbers)
    return sorted(sorted(numbers, key=lambda n: _rank(seed, f"with {n}"))[:sample])


def _chosen_empty(
    held: HeldLogs, last: int, count: int, sample: int | None, seed: int
) -> list[int]:
    """The blocks without logs of ours to prove, at most as many as headers are read; a sample is
    drawn, not listed: a range may be millions of blocks long, or what a stranger says."""
    if sample is None or sample >= count:
        every = (n for n in range(held.first_block, last + 1) if n not in held.logs)
        return list(islice(every, MOST_HEADERS))
    drawn: dict[int, None] = {}
    turn = 0
    while len(drawn) < min(sample, MOST_HEADERS):
        draw = int.from_bytes(_rank(seed, f"empty {turn}"), "big")
        number = held.first_block + draw % (last - held.first_block + 1)
        turn += 1
        if number not in held.logs:
            drawn[number] = None
    return sorted(drawn)


def _rank(seed: int, text: str) -> bytes:
    """The place of something in the seeded order."""
    return keccak(f"{seed}\x1f{text}".encode())
