"""`--dry-run`: what a run would cost, by a sample, before anything is spent or written.

    blocks to index ──▶ equal parts ──▶ one random range in each ──▶ its logs and headers are read
                                                                             │
       requests, headers, minutes ◀── the ranges as the reader would take them ◀── logs a block

The sample costs requests of its own, for about a tenth of the blocks at most; they are counted and
said.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path

from analyzer import __version__
from analyzer.chain.base import Progress
from analyzer.chain.logs import WANTED_LOGS
from analyzer.chain.node import Node
from analyzer.chain.size import Size
from analyzer.documents.envelope import Run
from analyzer.documents.estimate import EstimatedDeployment, EstimateDocument, Sample
from analyzer.indexer import Index, ahead_of_nothing
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.model.logs import LogFilter
from analyzer.protocols.registry import load_plug
from analyzer.runs.scanning.freshness import check_head
from analyzer.runs.scanning.sources import check_contracts, open_source

RANGES = 12
"""Parts of the blocks, and so ranges of the sample."""
SHARE = 10
"""The sample reads one block in so many."""
LONGEST = 2_000
"""Blocks of one range at most."""
HEADERS_A_CHUNK = 4
"""Headers that are asked for with every range of logs, beside those of blocks with logs: its ends,
the run's last block, and that block once more after it."""

Target = Callable[[Node], tuple[int, BlockRef]]
"""The node -> (how many blocks would be scanned, the last of them)."""


@dataclass(frozen=True, slots=True)
class EstimateOptions:
    """What would be run. command: its name. target: see `Target`; block: what names it, for the
    age of the head. index: the index that would be gone on from, if it is there. seed: of the
    sample."""

    command: str
    rpc: tuple[str, ...]
    deployments: tuple[str, ...]
    index: Path
    target: Target
    block: str = "latest"
    recording: Path | None = None
    max_age: str | None = None
    seed: int = 0


@dataclass(slots=True)
class _Seen:
    """What the sample of a deployment found: of each part its blocks, and by block of its range
    logs and blocks with logs."""

    parts: list[tuple[int, float, float]]
    blocks: int = 0
    logs: int = 0


def estimate(
    options: EstimateOptions, progress: Progress, clock: Callable[[], float] = time.monotonic
) -> EstimateDocument:
    """What the run would cost. Nothing is written.

    Raises: InputError for wrong input, and for a recording, which costs nothing; UnreadError when
    the node does not answer.
    """
    if options.recording is not None:
        raise InputError("--dry-run is about a node: a recording costs no request")
    if not options.rpc:
        raise InputError("--dry-run asks a node for a sample: give --rpc")
    with open_source(rpc=options.rpc, recording=None, deployments=options.deployments) as source:
        node = source.chain
        assert isinstance(node, Node)
        scans, last = options.target(node)
        check_head(source, options.block, last, options.max_age)
        for deployment in source.deployments:
            check_contracts(node, deployment, last)
        asked, exchanges, begun = node.asked, node.requests, clock()
        plans = [(one, *_ahead(options.index, one)) for one in source.deployments]
        seen = []
        for number, (_, filters, first) in enumerate(plans):
            progress("sample", number, len(plans))
            seen.append(_sample(node, filters, first, last.number, options.seed))
        progress("sample", len(plans), len(plans))
        spent = node.asked - asked
        sample = Sample(
            seed=options.seed,
            ranges=sum(len(one.parts) for one in seen),
            blocks=sum(one.blocks for one in seen),
            logs=sum(one.logs for one in seen),
            log_requests=spent["eth_getLogs"],
            header_requests=spent["eth_getBlockByNumber"],
            exchanges=node.requests - exchanges,
            seconds=round(clock() - begun, 3),
        )
        entries = [
            _entry(node, sample, deployment, (first, last.number), filters, one)
            for (deployment, filters, first), one in zip(plans, seen, strict=True)
        ]
    notes = _notes(options, scans)
    return EstimateDocument(
        Run(__version__, 0), options.command, scans, sample, tuple(entries), notes
    )


def _ahead(index: Path, deployment: Deployment) -> tuple[list[LogFilter], int]:
    """What would be asked for: from where the index ends, if there is one."""
    plug = load_plug(deployment.protocol)
    if not index.exists():
        return ahead_of_nothing(deployment, plug)
    with Index(index, read_only=True) as store:
        return store.ahead(deployment, plug)


def _sample(node: Node, filters: Sequence[LogFilter], first: int, last: int, seed: int) -> _Seen:
    """One random range in each of equal parts of the blocks, with all its logs."""
    total = last - first + 1
    found = _Seen([])
    if total < 1:
        return found
    parts = min(RANGES, total)
    chance = random.Random(seed)
    for part in range(parts):
        low, high = first + part * total // parts, first + (part + 1) * total // parts - 1
        width = min(max(1, (high - low + 1) // SHARE), LONGEST)
        start = chance.randint(low, high - width + 1)
        logs, blocks = 0, set[int]()
        for chunk in node.logs(filters, start, start + width - 1):
            logs += len(chunk.logs)
            blocks.update(log.block_number for log in chunk.logs)
        found.parts.append((high - low + 1, logs / width, len(blocks) / width))
        found.blocks += width
        found.logs += logs
    return found


def _entry(
    node: Node,
    sample: Sample,
    deployment: Deployment,
    span: tuple[int, int],
    filters: Sequence[LogFilter],
    seen: _Seen,
) -> EstimatedDeployment:
    """The estimate of one deployment."""
    first, last = span
    total = max(last - first + 1, 0)
    logs = sum(blocks * density for blocks, density, _ in seen.parts)
    loud = sum(blocks * density for blocks, _, density in seen.parts)
    chunks = _chunks(node.log_span, total, logs / total if total else 0.0)
    log_requests = chunks * len(filters)
    headers = round(loud) + HEADERS_A_CHUNK * chunks
    exchanges = chunks * 3 + ceil(loud / node.batch_size)
    asked = sample.log_requests + sample.header_requests
    by_post = sample.seconds / sample.exchanges if sample.exchanges else 0.0
    by_request = sample.seconds / asked if asked else 0.0
    minutes = sorted((exchanges * by_post / 60, (log_requests + headers) * by_request / 60))
    return EstimatedDeployment(
        deployment=deployment.name,
        protocol=deployment.protocol,
        chain_id=deployment.chain_id,
        first_block=first,
        last_block=last,
        blocks=total,
        logs=round(logs),
        logs_error=_error(seen, total),
        blocks_with_logs=round(loud),
        log_requests=log_requests,
        headers=headers,
        exchanges=exchanges,
        minutes_low=round(minutes[0], 2),
        minutes_high=round(minutes[1], 2),
    )


def _chunks(span: Size, blocks: int, density: float) -> int:
    """Into how many ranges the reader cuts so many blocks, with so many logs a block: by the same
    rule of growth, from the size that the sample has shown."""
    left, count = blocks, 0
    while left > 0:
        asked = min(span.now, left)
        logs = asked * density
        if logs < WANTED_LOGS // 2:
            span.answered(asked)
        elif logs > 2 * WANTED_LOGS:
            span.narrow(asked // 2)
        left, count = left - asked, count + 1
    return count


def _error(seen: _Seen, total: int) -> int:
    """The standard error of the number of logs, from how much the parts differ; 0 where every
    block was read, or one part says nothing of it."""
    densities = [density for _, density, _ in seen.parts]
    if seen.blocks >= total or len(densities) < 2:
        return 0
    mean = sum(densities) / len(densities)
    variance = sum((density - mean) ** 2 for density in densities) / (len(densities) - 1)
    return round(total * sqrt(variance / len(densities)))


def _notes(options: EstimateOptions, scans: int) -> tuple[str, ...]:
    """What is not in the numbers."""
    notes = []
    if not options.index.exists():
        notes.append("contracts that logs name later are not in the sample: there may be more logs")
    if scans:
        blocks = "the block" if scans == 1 else f"each of {scans:,} blocks"
        notes.append(
            f"reads of state at {blocks} come on top (some for every account, in bulk calls): how"
            " many accounts there are, the logs have to say"
        )
    notes.append("nothing was written; the sample's requests were made")
    return tuple(notes)
