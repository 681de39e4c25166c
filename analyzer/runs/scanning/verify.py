"""`verify`: a snapshot against the chain, at the snapshot's own block.

    snapshot ──its deployments and block──▶ rebuild ──▶ the contract's own views
        └───────────its rows──────────────────▶ the same rows again?

A snapshot says what it found; here the same block is rebuilt and every row of the snapshot has to
come out again, and then the judges are asked. So a file that was altered, or made by other rules,
is found out as surely as a rebuild that the contract contradicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

from analyzer import __version__
from analyzer.chain.base import Progress
from analyzer.documents.scan import RebuildRun, VerifyDocument
from analyzer.findings import add_run_findings
from analyzer.findings.selection import keep_selected
from analyzer.indexer import Index
from analyzer.model.errors import ExitCode, InputError
from analyzer.model.identity import run_id
from analyzer.model.rows import CheckRow
from analyzer.model.scan_rows import RunFacts, ScanRow
from analyzer.protocols.kit.state_leaves import CodecError
from analyzer.protocols.registry import load_plug
from analyzer.runs.exit import exit_code
from analyzer.runs.scanning.beginning import beginning_doubts, code_before
from analyzer.runs.scanning.deployments import load_deployment
from analyzer.runs.scanning.judging import judge
from analyzer.runs.scanning.pipeline import doubted, index_beside, rebuild_indexed
from analyzer.runs.scanning.rows import snapshot_rows
from analyzer.runs.scanning.second_reading import kept_words, read_again_if_doubtful
from analyzer.runs.scanning.sources import Source, check_contracts, open_source
from analyzer.runs.snapshot.reader import Reader
from analyzer.runs.telling.scans import verify_document
from analyzer.solvency import rebuild
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verify import VerifyMode, parse_mode
from analyzer.store.reader import Snapshot, open_snapshot
from analyzer.store.schema import Table
from analyzer.store.snapshot import SCHEMA

COMPARED_TABLES = (
    "accounts",
    "margin",
    "collateral",
    "positions",
    "orders",
    "markets",
    "prices",
    "backstops",
    "totals",
)
"""Tables whose rows have to come out again. `statements` are the same numbers once more."""

_NOT_COMPARED = frozenset({"verified"})
"""Columns that depend on what was asked of the judges, not on the chain."""


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """Which snapshot to verify against which chain.

    deployments: of the snapshot's, only these (names or files); none means all. mode: which
    accounts the judges are asked about. index: default beside the snapshot, as `scan` has it.
    """

    db: Path
    rpc: tuple[str, ...] = ()
    recording: Path | None = None
    deployments: tuple[str, ...] = ()
    mode: str = VerifyMode.ALL.value
    seed: int = 0
    index: Path | None = None


@dataclass(frozen=True, slots=True)
class VerifyOutcome:
    """What came out. document: differences of the snapshot are among its verification details,
    with contract `snapshot`."""

    document: VerifyDocument
    results: list[ScanResult]
    exit_code: ExitCode


def verify(options: VerifyOptions, progress: Progress) -> VerifyOutcome:
    """Rebuilds every scan of the snapshot, compares its rows, asks the judges. Changes no file
    but the index.

    Raises: InputError for wrong input, or when the chain has another block of that number;
    UnreadError when something had to be read and could not be.
    """
    started = datetime.now(UTC)
    mode = parse_mode(options.mode)
    with open_snapshot(options.db) as snapshot:
        stored_scans = sorted(Reader(snapshot).scans(), key=attrgetter("deployment.name"))
        chosen = _chosen(stored_scans, options)
        with open_source(
            rpc=options.rpc,
            recording=options.recording,
            given=[stored.deployment for stored in chosen],
            progress=progress,
        ) as source:
            for stored in chosen:
                _check_block(source, stored, options.db)
            with Index(
                options.index or index_beside(options.db), source=source.log_identity
            ) as index:
                results = [
                    _verify_one(
                        snapshot, source, index, stored, mode=mode, seed=options.seed,
                        progress=progress,
                    )
                    for stored in chosen
                ]  # fmt: skip
    add_run_findings(results)
    for result, stored in zip(results, chosen, strict=True):
        keep_selected([result], stored.selection)
    code = exit_code(results, None)
    run = RebuildRun(
        analyzer_version=__version__,
        exit_code=int(code),
        run_id=run_id(
            [result.scan_id for result in results],
            ["verify", __version__, mode.value, str(options.seed)],
        ),
        source=source.kind,
        verify=mode.value,
        endpoint=source.endpoint,
        sample_seed=options.seed,
        started_at=started,
        finished_at=datetime.now(UTC),
        snapshot=options.db.name,
    )
    return VerifyOutcome(verify_document(run, results), results, code)


def compare_rows(
    table: Table, stored: Sequence[tuple[Any, ...]], rebuilt: Sequence[Sequence[Any]]
) -> Iterator[CheckRow]:
    """One failed check per value of a snapshot's table that does not come out again."""
    size = len(table.key)
    places = {column.name: place for place, column in enumerate(table.columns)}
    before = {tuple(row[:size]): row for row in stored}
    after = {tuple(row[:size]): row for row in rebuilt}
    for key in sorted(set(before) | set(after), key=str):
        where = dict(zip(table.key, key, strict=True))
        account, market = where.get("account_id"), where.get("market_id", where.get("asset_id"))
        if key not in before or key not in after:
            there = key in before
            said = ("in the snapshot", "not there") if there else ("not there", "rebuilt")
            yield CheckRow(account, market, "snapshot", f"{table.name} row", *said, equal=False)
            continue
        for name, place in places.items():
            old, new = before[key][place], after[key][place]
            if old != new and name not in _NOT_COMPARED:
                field = f"{table.name}.{name}"
                yield CheckRow(account, market, "snapshot", field, str(old), str(new), False)


def _verify_one(
    snapshot: Snapshot,
    source: Source,
    index: Index,
    stored: ScanRow,
    *,
    mode: VerifyMode,
    seed: int,
    progress: Progress,
) -> ScanResult:
    """One scan of the snapshot, rebuilt, compared and judged."""
    deployment = stored.deployment
    plug = load_plug(deployment.protocol)
    block = source.chain.resolve(str(stored.block.number))
    index.advance(source.chain, deployment, plug, to=block, progress=progress)

    def judged() -> ScanResult:
        # A second opinion: nothing that an earlier scan left behind is believed.
        rebuilt = rebuild_indexed(
            index, source.chain, deployment, block=block, progress=progress, from_scratch=True
        )
        progress("compare with the contract", 0, 1)
        result = rebuild.verify(plug, rebuilt, mode, seed=seed)
        judge(result)
        return result

    result = judged()
    again = read_again_if_doubtful(source, index, result, progress)
    if again is not None and again.changed:
        result = judged()
    early = code_before(source.chain, deployment)
    result = doubted(result, *kept_words(again), *beginning_doubts(result, early))
    now = datetime.now(UTC)
    facts = RunFacts("", source.kind, source.endpoint, mode.value, 0, now, now)
    rows = snapshot_rows(facts, [result])
    differences = [
        check
        for name in COMPARED_TABLES
        for check in compare_rows(
            SCHEMA[name],
            # A snapshot of other rules has another scan id: its rows are compared all the same.
            [(result.scan_id, *row[1:]) for row in snapshot.rows(SCHEMA[name], stored.scan_id)],
            list(rows[name]),
        )
    ]
    if stored.scan_id == result.scan_id:
        differences += _book_differences(snapshot, result)
    progress("compare with the contract", 1, 1)
    return replace(result, checks=[*result.checks, *differences])


def _book_differences(snapshot: Snapshot, result: ScanResult) -> list[CheckRow]:
    """Failed checks of the stored book: what stress runs on has to give the rebuilt margin."""
    plug = load_plug(result.deployment.protocol)
    _, rows = snapshot.query("SELECT book FROM books WHERE scan_id = ?", [result.scan_id])
    if not rows or rows[0][0] is None:
        return []
    try:
        book = plug.unpack(rows[0][0])
    except CodecError as error:
        return [CheckRow(None, None, "snapshot", "books.book", "a book", str(error), False)]
    valued = plug.value(book, plug.prices(book))
    before = {row.account_id: row for row in plug.margin(valued)}
    after = {row.margin.account_id: row.margin for row in result.margin}
    return [
        CheckRow(
            account, None, "snapshot", "books.book", str(before.get(account)),
            str(after.get(account)), False,
        )
        for account in sorted(before.keys() | after.keys())
        if before.get(account) != after.get(account)
    ]  # fmt: skip


def _chosen(stored: Sequence[ScanRow], options: VerifyOptions) -> list[ScanRow]:
    """The scans of the deployments that are named; all of them when none is.

    Raises: InputError for one that the snapshot does not hold.
    """
    if not options.deployments:
        return list(stored)
    chosen = []
    for text in options.deployments:
        by_name = [s for s in stored if s.deployment.name == text]
        if not by_name:
            contracts = dict(load_deployment(text).contracts)
            by_name = [s for s in stored if dict(s.deployment.contracts) == contracts]
        if not by_name:
            known = ", ".join(s.deployment.name for s in stored)
            raise InputError(f"{options.db} holds no deployment '{text}' (it holds: {known})")
        chosen += by_name
    return chosen


def _check_block(source: Source, stored: ScanRow, db: Path) -> None:
    """Sees that the chain still has the snapshot's block, and code at the addresses.

    Raises: InputError naming both hashes.
    """
    block = source.chain.resolve(str(stored.block.number))
    if block.hash != stored.block.hash:
        raise InputError(
            f"{db} is of block {block.number} {stored.block.hash}, the chain has {block.hash}"
            " there: scan again"
        )
    check_contracts(source.chain, stored.deployment, block)
