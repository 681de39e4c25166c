"""`backfill`: many blocks of some deployments into one history.

    blocks ─▶ index up to the last one ─▶ shards (deployment x block) ─▶ Parquet ─▶ manifest

The logs are read once, in ascending order; then every shard is on its own: it reads the index,
asks the chain at its block, and writes its own files. One that fails loses no other.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path

from analyzer import __version__
from analyzer.chain.base import Progress
from analyzer.documents.backfill import (
    BackfillCounts,
    BackfillDocument,
    BackfillFailure,
    BackfillRun,
)
from analyzer.findings.selection import keep_selected
from analyzer.findings.shortfall import FUND_KIND
from analyzer.indexer import Index, Recheck
from analyzer.indexer.index import REMEDY
from analyzer.model.block import BlockRef
from analyzer.model.collector import without_collector
from analyzer.model.deployment import Deployment
from analyzer.model.errors import AnalyzerError, ExitCode, UnreadError, worst_exit
from analyzer.model.identity import deployment_key, scan_id
from analyzer.model.selection import EVERYTHING, Selection
from analyzer.protocols.registry import load_plug
from analyzer.runs.exit import exit_code, parse_fail_on
from analyzer.runs.many.block_list import chosen_blocks
from analyzer.runs.many.second_reading import read_again_up_to
from analyzer.runs.many.shards import NOTHING, Cell, Summary, merge, tally
from analyzer.runs.scanning.beginning import all_hold, beginning_doubts, code_before
from analyzer.runs.scanning.freshness import check_heads
from analyzer.runs.scanning.judging import judge
from analyzer.runs.scanning.pipeline import doubted, index_beside, rebuild_indexed
from analyzer.runs.scanning.rows import scan_tables
from analyzer.runs.scanning.second_reading import deployment_read_again, may_be_mended
from analyzer.runs.scanning.sources import Source, check_contracts, open_source
from analyzer.runs.stress.executors import check_executor, run_merged
from analyzer.solvency.rebuild import verify
from analyzer.solvency.verify import VerifyMode, parse_mode
from analyzer.store.damage import is_database_error
from analyzer.store.heal import reading
from analyzer.store.history import (
    BLOCK_DIGITS,
    Held,
    heal_history,
    held,
    make_history,
    write_block,
    write_manifest,
)
from analyzer.store.history_check import Fault


@dataclass(frozen=True, slots=True)
class BackfillOptions:
    """Which blocks of what, into which folder.

    history: the folder. blocks: ranges FIRST:LAST:STEP, or single blocks; with a recording, none
    means all that were pinned. rpc, recording, deployments, verify, seed, fail_on: as of a scan.
    index: by default beside the folder. again: scans also what the history holds already.
    executor: one of `EXECUTORS`; workers: how many processes. max_age: how old the head of a live
    chain may be (see `freshness`). selection: what findings are looked for with.
    """

    history: Path
    blocks: tuple[str, ...] = ()
    rpc: tuple[str, ...] = ()
    recording: Path | None = None
    deployments: tuple[str, ...] = ()
    index: Path | None = None
    verify: str = VerifyMode.FLAGGED.value
    seed: int = 0
    fail_on: str = "high"
    again: bool = False
    executor: str = "local"
    workers: int | None = None
    max_age: str | None = None
    selection: Selection = EVERYTHING

    @property
    def index_file(self) -> Path:
        """Where the index lies."""
        return self.index or index_beside(self.history)


@dataclass(frozen=True, slots=True)
class BackfillOutcome:
    """What came of it. document: counts by deployment, and every failure by name."""

    document: BackfillDocument
    summary: Summary
    exit_code: ExitCode


@dataclass(frozen=True, slots=True)
class Shard:
    """One deployment at one block; with its options all that a worker needs."""

    options: BackfillOptions
    deployment: Deployment
    block: BlockRef

    @property
    def cell(self) -> Cell:
        """What its tally is of."""
        return _cell(self.deployment, self.block.number)


@dataclass(slots=True)
class _Plan:
    """What is to be done, and what is not, and why."""

    shards: list[Shard] = field(default_factory=list)
    present: list[tuple[Cell, Held]] = field(default_factory=list)
    before: list[Cell] = field(default_factory=list)
    failed: list[tuple[Cell, str]] = field(default_factory=list)


def backfill(options: BackfillOptions, progress: Progress) -> BackfillOutcome:
    """Scans the blocks that the history lacks and appends them; says what is there and what failed.

    May be killed at any point and run again. A block that fails is named, counted and makes the
    exit code 3; the others go on.
    Raises: InputError for wrong input; UnreadError when the chain answers nothing at all.
    """
    parse_mode(options.verify)
    parse_fail_on(options.fail_on)
    check_executor(options.executor, options.workers)
    with _source(options, progress) as source:
        check_heads(source, options.blocks, options.max_age)
        blocks, missing = chosen_blocks(source.chain, options.blocks)
        make_history(options.history)
        faults = heal_history(options.history)
        plan = _plan(source, options, blocks, progress)
        plan.failed += [
            (_cell(deployment, number), why)
            for deployment in source.deployments
            for number, why in missing
        ]
        summary = _run(source, options, plan.shards, progress)
        summary, again = _mended(source, options, plan.shards, summary, progress)
        names = [deployment.name for deployment in source.deployments]
    write_manifest(options.history)
    summary = replace(summary, failed=summary.failed | set(plan.failed))
    code = worst_exit(_exit_code(options, plan, summary), _told(options, faults, plan, summary))
    return BackfillOutcome(_document(options, names, plan, summary, again, code), summary, code)


def _told(
    options: BackfillOptions, faults: Sequence[Fault], plan: _Plan, summary: Summary
) -> ExitCode:
    """Warns of every block that was missing or damaged in the history; the exit code of those that
    this run did not write again."""
    again = {
        f"{deployment_key(shard.deployment)}-{shard.block.number:0{BLOCK_DIGITS}d}"
        for shard in plan.shards
        if shard.cell in summary.tallies
    }
    for fault in faults:
        done = "written again" if fault.stem in again else "taken out, name its block to scan it"
        warnings.warn(
            f"{options.history}: {fault.file} {fault.problem}: {done}", RuntimeWarning, stacklevel=2
        )
    lost = any(fault.stem not in again for fault in faults)
    return ExitCode.NOT_FULLY_READ if lost else ExitCode.CLEAN


def run_shard(shard: Shard) -> Summary:
    """One shard in a worker of its own: opens what it needs, once per process."""
    source, index = _workplace(replace(shard.options, blocks=()))
    return scan_shard(source, index, shard)


def scan_shard(source: Source, index: Index, shard: Shard) -> Summary:
    """Rebuilds, verifies and judges one deployment at one block and writes its files.

    A pure function of the index, the chain's answers and the shard; whatever goes wrong is in the
    summary, with its cell.
    """
    try:
        with without_collector():
            return _scan_shard(source, index, shard)
    except AnalyzerError as error:
        problem, code = str(error), error.exit_code
    except Exception as error:
        if is_database_error(error):
            # The index is damaged: that ends all shards, not this one.
            raise
        # A fault of a protocol's code at one block: named as such, and the others go on.
        problem, code = f"{type(error).__name__}: {error}", ExitCode.NOT_FULLY_READ
    return Summary(failed=frozenset({(shard.cell, problem)}), codes=frozenset({(shard.cell, code)}))


def _scan_shard(source: Source, index: Index, shard: Shard) -> Summary:
    """The same, with what it raises."""
    options, deployment, block = shard.options, shard.deployment, shard.block
    check_contracts(source.chain, deployment, block)
    plug = load_plug(deployment.protocol)
    rebuilt = rebuild_indexed(index, source.chain, deployment, block=block, progress=_silent)
    result = verify(plug, rebuilt, parse_mode(options.verify), seed=options.seed)
    judge(result)
    keep_selected([result], options.selection)
    if not all_hold(result):
        result = doubted(result, *beginning_doubts(result, code_before(source.chain, deployment)))
    about = {
        "analyzer": __version__,
        "scan_id": result.scan_id,
        "methodology": result.methodology,
    }
    write_block(options.history, deployment, block, scan_tables(result), about)
    funds = {row.account_id for row in result.details.accounts if row.kind == FUND_KIND}
    code = exit_code([result], parse_fail_on(options.fail_on))
    return Summary(
        {shard.cell: tally(result.margin, funds)},
        codes=frozenset({(shard.cell, code)}),
        doubtful=frozenset({shard.cell} if may_be_mended(source, result) else ()),
    )


def _plan(
    source: Source, options: BackfillOptions, blocks: Sequence[BlockRef], progress: Progress
) -> _Plan:
    """Indexes as far as it goes, and sorts the blocks of every deployment."""
    plan, present = _Plan(), held(options.history)
    with Index(options.index_file, source=source.log_identity) as index:
        for deployment in source.deployments:
            wanted = [block for block in blocks if block.number >= deployment.from_block]
            plan.before += [
                _cell(deployment, block.number) for block in blocks if block not in wanted
            ]
            missing = []
            for block in wanted:
                known = present.get((deployment_key(deployment), block.number))
                scan = _scan_id(deployment, block)
                # What was not read then, or doubtful, may be had now: nothing is known for ever.
                if known is None or options.again or known.lacking or known.scan_id != scan:
                    missing.append(block)
                else:
                    plan.present.append((_cell(deployment, block.number), known))
            if missing:
                _add(plan, source, options, index, deployment, missing, progress)
    return plan


def _add(
    plan: _Plan,
    source: Source,
    options: BackfillOptions,
    index: Index,
    deployment: Deployment,
    blocks: Sequence[BlockRef],
    progress: Progress,
) -> None:
    """Indexes up to the last of `blocks`, and plans those that the index reaches."""
    plug, problem = load_plug(deployment.protocol), ""
    try:
        index.advance(source.chain, deployment, plug, to=blocks[-1], progress=progress)
    except UnreadError as error:
        problem = str(error)
    head = index.head(deployment)
    for block in blocks:
        if head is not None and block.number <= head.number:
            plan.shards.append(Shard(options, deployment, block))
        else:
            plan.failed.append((_cell(deployment, block.number), f"logs not read: {problem}"))


def _run(
    source: Source, options: BackfillOptions, shards: Sequence[Shard], progress: Progress
) -> Summary:
    """The shards on their executor, the index open for reading only."""
    if options.executor == "local":
        with Index(options.index_file, source=source.log_identity, read_only=True) as index:
            task = partial(scan_shard, source, index)
            return run_merged(shards, task, merge, NOTHING, progress=progress, what="blocks")
    with reading(options.index_file, REMEDY):
        return run_merged(
            shards,
            run_shard,
            merge,
            NOTHING,
            executor=options.executor,
            workers=options.workers,
            progress=progress,
            what="blocks",
        )


def _mended(
    source: Source,
    options: BackfillOptions,
    shards: Sequence[Shard],
    summary: Summary,
    progress: Progress,
) -> tuple[Summary, Mapping[str, Recheck]]:
    """The summary after a second reading of the logs behind doubtful blocks, and what that changed
    by deployment. Where it changed the index, these blocks are scanned again."""
    last: dict[str, int] = {}
    for _, _, name, block in summary.doubtful:
        last[name] = max(block, last.get(name, block))
    again = read_again_up_to(source, options.index_file, last, progress)
    changed = {name for name, found in again.items() if found.changed}
    redone = [s for s in shards if s.cell in summary.doubtful and s.deployment.name in changed]
    if not redone:
        return summary, again
    kept = summary.without({shard.cell for shard in redone})
    return merge(kept, _run(source, options, redone, progress)), again


@contextmanager
def _source(options: BackfillOptions, progress: Progress) -> Iterator[Source]:
    """The chain and its deployments."""
    with open_source(
        rpc=options.rpc,
        recording=options.recording,
        deployments=options.deployments,
        progress=progress,
    ) as source:
        yield source


@lru_cache(maxsize=1)
def _workplace(options: BackfillOptions) -> tuple[Source, Index]:
    """A worker's own chain and index; they end with its process."""
    stack = ExitStack()
    source = stack.enter_context(_source(options, _silent))
    index = Index(options.index_file, source=source.log_identity, read_only=True)
    return source, stack.enter_context(index)


def _silent(_what: str, _done: int, _total: int) -> None:
    """No progress of single shards: the backfill counts blocks."""


def _cell(deployment: Deployment, block: int) -> Cell:
    return deployment.chain_id, deployment.protocol, deployment.name, block


def _scan_id(deployment: Deployment, block: BlockRef) -> str:
    """The id that a scan of this block would have."""
    return scan_id(deployment, block.hash, load_plug(deployment.protocol).methodology)


def _exit_code(options: BackfillOptions, plan: _Plan, summary: Summary) -> ExitCode:
    """What all blocks that were asked for say together, whether scanned now or before."""
    codes = {code for _, code in summary.codes}
    if summary.tallies or plan.present:
        # The input fits some blocks, so it is not wrong as a whole: the others were not read.
        codes.discard(ExitCode.BAD_INPUT)
    if summary.failed:
        codes.add(ExitCode.NOT_FULLY_READ)
    fail_on = parse_fail_on(options.fail_on)
    for _, known in plan.present:
        if known.mismatches:
            codes.add(ExitCode.DIVERGENCE)
        if known.not_proven:
            codes.add(ExitCode.NOT_FULLY_READ)
        if fail_on is not None and known.severity >= fail_on:
            codes.add(ExitCode.FINDINGS)
    return worst_exit(*codes)


def _document(
    options: BackfillOptions,
    names: Sequence[str],
    plan: _Plan,
    summary: Summary,
    again: Mapping[str, Recheck],
    code: ExitCode,
) -> BackfillDocument:
    """The backfill in words and numbers."""
    counts = {
        "written": Counter(cell[2] for cell in summary.tallies),
        "present": Counter(cell[2] for cell, _ in plan.present),
        "before_deployment": Counter(cell[2] for cell in plan.before),
        "failed": Counter(cell[2] for cell, _ in summary.failed),
    }
    return BackfillDocument(
        run=BackfillRun(
            __version__,
            int(code),
            options.history.name,
            options.executor,
            options.verify,
            tuple(deployment_read_again(name, found) for name, found in again.items()),
        ),
        deployments=tuple(
            BackfillCounts(name, **{what: count[name] for what, count in counts.items()})
            for name in names
        ),
        failures=tuple(
            BackfillFailure(cell[2], cell[3], why) for cell, why in sorted(summary.failed)
        ),
    )
