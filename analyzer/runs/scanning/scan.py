"""`scan`: rebuild every account of some deployments at a block, compare, judge, write down.

open ─▶ check ─▶ index ─▶ rebuild ─▶ verify ─▶ detectors ─▶ snapshot ─▶ document
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from analyzer import __version__
from analyzer.chain.base import Progress
from analyzer.chain.record import Recorder
from analyzer.documents.scan import (
    DeploymentFolded,
    DeploymentReadAgain,
    Evidence,
    ScanDocument,
    ScanRun,
)
from analyzer.findings import add_run_findings
from analyzer.findings.selection import keep_selected, selection_words
from analyzer.indexer import Advance, Index, Recheck
from analyzer.model.atomic import real_path, replaced
from analyzer.model.block import BlockRef
from analyzer.model.collector import without_collector
from analyzer.model.deployment import Deployment
from analyzer.model.errors import ExitCode, InputError
from analyzer.model.identity import run_id
from analyzer.model.scan_rows import RunFacts
from analyzer.model.scratch import Scratch
from analyzer.model.selection import EVERYTHING, Selection
from analyzer.protocols.base import Valued
from analyzer.protocols.registry import load_plug
from analyzer.runs.exit import exit_code, parse_fail_on
from analyzer.runs.scanning.beginning import beginning_doubts, code_before
from analyzer.runs.scanning.evidence import attachments, compare
from analyzer.runs.scanning.feed_rounds import index_feed_rounds
from analyzer.runs.scanning.freshness import check_head
from analyzer.runs.scanning.judging import judge
from analyzer.runs.scanning.pipeline import FoldedFrom, doubted, index_beside, rebuild_indexed
from analyzer.runs.scanning.proving import NOTHING, ProveOptions, check_provable, prove
from analyzer.runs.scanning.rows import snapshot_rows
from analyzer.runs.scanning.second_reading import (
    deployment_read_again,
    kept_words,
    read_again_if_doubtful,
)
from analyzer.runs.scanning.sources import Source, check_contracts, open_source, resolve_pinned
from analyzer.runs.telling.scans import scan_document
from analyzer.runs.triage.file import read_triage, triage_beside
from analyzer.runs.triage.triage import today, weigh_results
from analyzer.solvency.rebuild import verify
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verify import VerifyMode, parse_mode
from analyzer.store.export import check_storage, export_duckdb
from analyzer.store.snapshot import check_replaceable, write_snapshot


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What to scan and where to put it.

    db: the snapshot; index: the index (default: beside it). rpc or recording: where answers come
    from; record: a recording to write (then all logs are read again, whatever the index holds).
    deployments: files or names; with a recording, none means
    all that it holds. block: block syntax, or a label of the recording. verify: `flagged`,
    `sample`, `all`, `none`; seed: of its sample. fail_on: a severity, or `never`. triage: the file
    of accepted findings (default: triage.toml beside the snapshot, if it is there). max_age: how
    old the head of a live chain may be (see `freshness`). read_again_daily: numbers that do not
    agree are a reason to read the logs again once a day, not every time. selection: what
    findings are looked for with. storage: the snapshot's DuckDB storage version, as `export` has
    it; None = the newest. from_scratch: every log is folded, whatever the index kept of earlier
    scans, and nothing is kept. prove: what is proved against headers; by default nothing is.
    feed_rounds: the rounds of the price feeds are indexed, too (of a recording they always are).
    """

    db: Path
    rpc: tuple[str, ...] = ()
    recording: Path | None = None
    record: Path | None = None
    deployments: tuple[str, ...] = ()
    block: str = "latest"
    index: Path | None = None
    verify: str = VerifyMode.FLAGGED.value
    seed: int = 0
    fail_on: str = "high"
    triage: Path | None = None
    max_age: str | None = None
    read_again_daily: bool = False
    selection: Selection = EVERYTHING
    storage: str | None = None
    from_scratch: bool = False
    prove: ProveOptions = NOTHING
    feed_rounds: bool = False


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """What a scan found."""

    document: ScanDocument
    results: list[ScanResult]
    exit_code: ExitCode


def scan(options: ScanOptions, progress: Progress) -> ScanOutcome:
    """Scans, writes the snapshot (only when everything is done) and says what was found.

    Raises: InputError for wrong input, UnreadError when something had to be read and could not
    be; the snapshot that was there before is then untouched.
    """
    with without_collector():
        return _scan(options, progress)


def _scan(options: ScanOptions, progress: Progress) -> ScanOutcome:
    """The same."""
    started = datetime.now(UTC)
    mode = parse_mode(options.verify)
    fail_on = parse_fail_on(options.fail_on)
    index_path = options.index or index_beside(options.db)
    _check_distinct(options, index_path)
    check_replaceable(options.db)
    if options.storage is not None:
        check_storage(options.storage)
    check_provable(options.prove)
    # Read before the work, so that a mistake in the file is said at once.
    read_triage(options.triage or triage_beside(options.db), named=options.triage is not None)
    with open_source(
        rpc=options.rpc,
        recording=options.recording,
        deployments=options.deployments,
        record=options.record,
        progress=progress,
        # A live chain is asked for whole headers where they are needed.
        whole_headers=options.prove.wanted and options.recording is not None,
    ) as source:
        block = resolve_pinned(source.chain, options.block)
        check_head(source, options.block, block, options.max_age)
        # Before the index is opened: wrong input leaves no file behind.
        for deployment in source.deployments:
            check_contracts(source.chain, deployment, block)
        with _open_index(index_path, options.record, source.log_identity) as index:
            scans = [
                scan_one(
                    source, index, deployment, block=block, mode=mode, seed=options.seed,
                    progress=progress, daily=options.read_again_daily,
                    from_scratch=options.from_scratch, proving=options.prove,
                    feed_rounds=options.feed_rounds,
                )
                for deployment in source.deployments
            ]  # fmt: skip
        results = [one.result for one in scans]
        add_run_findings(results)
        keep_selected(results, options.selection)
        compared = _evidence(source, options, results)
    weighed = weigh_results(results, db=options.db, named=options.triage, today=today())
    code = exit_code(results, fail_on, weighed.accepted)
    facts = _facts(source, results, options, code=code, started=started)
    progress("write the snapshot", 0, 1)
    _write(options, snapshot_rows(facts, results))
    progress("write the snapshot", 1, 1)
    document = scan_document(_run(facts, options, scans, compared), results, weighed)
    return ScanOutcome(document, results, code)


def _write(options: ScanOptions, rows: Mapping[str, Iterable[Sequence[object]]]) -> None:
    """The snapshot, in the storage version that was asked for. Raises: InputError."""
    if options.storage is None:
        write_snapshot(options.db, rows)
        return
    with replaced(options.db) as aside:
        newest = aside.with_name(f"{aside.name}.newest")
        try:
            write_snapshot(newest, rows)
            export_duckdb(newest, aside, options.storage)
        finally:
            newest.unlink(missing_ok=True)


def _check_distinct(options: ScanOptions, index_path: Path) -> None:
    """Sees that no two options name one file. Raises: InputError."""
    named = {
        "--db": options.db,
        "--index": index_path,
        "--record": options.record,
        "--recording": options.recording,
        "--triage": options.triage,
    }
    seen: dict[Path, str] = {}
    for option, path in named.items():
        if path is None:
            continue
        first = seen.setdefault(real_path(path), option)
        if first != option:
            raise InputError(f"{first} and {option} both name {path}: they are two files")


@dataclass(frozen=True, slots=True)
class Scanned:
    """One deployment at one block: its result with its findings, what its index did, what was
    folded, the second reading of its logs (None = there was none), and the contracts that had code
    before their first block."""

    result: ScanResult
    advance: Advance
    folded: FoldedFrom
    again: Recheck | None = None
    early: Sequence[str] = ()


def scan_one(
    source: Source,
    index: Index,
    deployment: Deployment,
    *,
    block: BlockRef,
    mode: VerifyMode,
    seed: int,
    progress: Progress,
    daily: bool = False,
    from_scratch: bool = False,
    proving: ProveOptions | None = None,
    feed_rounds: bool = False,
) -> Scanned:
    """One deployment at one block. Where numbers do not agree, its logs are read a second time
    from a live chain, once, and everything that rests on them is made again. proving: what of the
    result is proved in the end: what is proved of the logs has to be what the accounts were made
    from, so no kept fold is gone on from then. feed_rounds: the rounds of its price feeds are
    indexed, too; of a recording they always are, as far as it has them."""
    plug = load_plug(deployment.protocol)
    from_scratch = from_scratch or (proving is not None and proving.wanted)
    advance = index.advance(source.chain, deployment, plug, to=block, progress=progress)

    def judged() -> tuple[ScanResult, Valued, FoldedFrom]:
        rebuilt = rebuild_indexed(
            index, source.chain, deployment, block=block, progress=progress,
            from_scratch=from_scratch,
        )  # fmt: skip
        progress("compare with the contract", 0, 1)
        result = verify(plug, rebuilt, mode, seed=seed)
        progress("compare with the contract", 1, 1)
        judge(result)
        return result, rebuilt.valued, rebuilt.folded

    result, valued, folded = judged()
    again = read_again_if_doubtful(source, index, result, progress, daily=daily)
    if again is not None and again.changed:
        result, valued, folded = judged()
    early = code_before(source.chain, deployment)
    result = doubted(result, *kept_words(again), *beginning_doubts(result, early))
    if proving is not None and proving.wanted:
        result.proofs = prove(source, index, result, valued, proving, progress)
    if feed_rounds or source.kind == "recording":
        index_feed_rounds(
            source, index, deployment, plug, valued.book, block=block, progress=progress
        )
    return Scanned(result, advance, folded, again, early)


@contextmanager
def _open_index(path: Path, record: Path | None, identity: str) -> Iterator[Index]:
    """The index; while a recording is made an empty one of its own, thrown away in the end.

    A recording holds the answers that were used: an index that knows the logs already would
    leave them out, and the recording could not be run again.
    """
    if record is None:
        was_there = path.exists()
        try:
            with Index(path, source=identity) as index:
                yield index
        except InputError:
            # Wrong input leaves no file behind; an index that was there before stays.
            if not was_there:
                path.unlink(missing_ok=True)
            raise
        return
    with (
        Scratch("record") as scratch,
        Index(Path(scratch) / "index.duckdb") as index,
    ):
        yield index


def _evidence(source: Source, options: ScanOptions, results: list[ScanResult]) -> Evidence | None:
    """Puts the findings into a recording that is being made; compares them with those of a
    recording that is being replayed."""
    if isinstance(source.chain, Recorder):
        own = attachments(results, verify=options.verify, seed=options.seed)
        for name, data in own.items():
            source.chain.attach(name, data)
    return compare(source.attached, results, verify=options.verify, seed=options.seed)


def _facts(
    source: Source,
    results: list[ScanResult],
    options: ScanOptions,
    *,
    code: ExitCode,
    started: datetime,
) -> RunFacts:
    """What the run says of itself in the snapshot."""
    return RunFacts(
        run_id(
            [result.scan_id for result in results],
            [
                *(__version__, options.verify, str(options.seed), options.fail_on),
                *selection_words(options.selection),
            ],
        ),
        source.kind,
        source.endpoint,
        options.verify,
        int(code),
        started,
        datetime.now(UTC),
    )


def _run(
    facts: RunFacts, options: ScanOptions, scans: list[Scanned], compared: Evidence | None
) -> ScanRun:
    """What the document says of the run; endpoints without their keys."""
    return ScanRun(
        analyzer_version=__version__,
        exit_code=facts.exit_code,
        run_id=facts.run_id,
        source=facts.source,
        verify=facts.verify_mode,
        endpoint=facts.endpoint,
        sample_seed=options.seed,
        started_at=facts.started_at,
        finished_at=facts.finished_at,
        snapshot=options.db.name,
        fail_on=options.fail_on,
        rolled_back_blocks=sum(one.advance.rolled_back for one in scans),
        new_logs=sum(one.advance.logs_added for one in scans),
        folded=tuple(_folded(scans)),
        read_again=tuple(_read_again(scans)),
        code_before_from_block=tuple(text for one in scans for text in one.early),
        evidence=compared,
    )


def _folded(scans: list[Scanned]) -> Iterator[DeploymentFolded]:
    """What each deployment's fold went on from."""
    for one in scans:
        name, folded = one.result.deployment.name, one.folded
        yield DeploymentFolded(name, folded.block, folded.logs, folded.refused)


def _read_again(scans: list[Scanned]) -> Iterator[DeploymentReadAgain]:
    """The second readings that there were."""
    for one in scans:
        if one.again is not None:
            yield deployment_read_again(one.result.deployment.name, one.again)
