"""`stress`: what scenarios do to the scans of a snapshot, cascade included; no index, and no node
but for pools that a depth file names.

snapshot ─▶ books ─▶ scenario by scenario: shock ─▶ cascade ─▶ result ─▶ detectors ─▶ document
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache, partial
from pathlib import Path

from analyzer import __version__
from analyzer.chain.base import Progress
from analyzer.contagion.cascade import CascadeOptions
from analyzer.contagion.scenario import Scenario, Step, ray
from analyzer.contagion.trace import Limits
from analyzer.documents.scenario import BASELINE, RAY, StressRun
from analyzer.documents.stress import StressDocument
from analyzer.findings import scenario_findings
from analyzer.findings.assessed import Assessed, Ordered
from analyzer.findings.selection import why_untold
from analyzer.market.depth.choose import Chosen
from analyzer.market.depth.file import NO_DEPTH, load_depth
from analyzer.model.errors import ExitCode, InputError, worst_exit
from analyzer.model.finding import Finding, Severity
from analyzer.runs.exit import parse_fail_on
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.stress.cascades import assess, curves_for, split_by_simulation
from analyzer.runs.stress.executors import check_executor, chosen, run_merged
from analyzer.runs.stress.impairment import check_impairments
from analyzer.runs.stress.orders import (
    BATCH,
    BOUNDING,
    ORDERS,
    RANGES,
    in_time,
    ordered,
    with_range,
)
from analyzer.runs.stress.pools import read_depth_pools
from analyzer.runs.stress.reverse import (
    parse_target,
    report,
    reverse,
    reverse_entry,
    stand,
)
from analyzer.runs.stress.rows import (
    Rows,
    distance_rows,
    finding_rows,
    stress_rows,
    wall_rows,
)
from analyzer.runs.stress.scenarios import (
    Held,
    held_in,
    named_scenarios,
    with_held_factors,
    with_hint,
)
from analyzer.runs.telling.cover import cover_entries
from analyzer.runs.telling.findings import finding_entry
from analyzer.runs.telling.scenarios import scenario_entry
from analyzer.store.extend import Remove, extend_snapshot
from analyzer.store.snapshot import check_replaceable

NO_SHOCK = Scenario(
    name=BASELINE,
    title="the block's own prices",
    source="the snapshot",
    steps=(Step(),),
    verified=True,
)
"""What every scenario is to be compared with: liquidators who take what is open to them anyway."""

RAY_LEVELS = tuple(Fraction(percent, 100) for percent in (95, 90, 80, 70, 60, 50, 40, 30, 20))
"""Multiples of the block's prices of that grid."""


@dataclass(frozen=True, slots=True)
class StressOptions:
    """Which scenarios to run on what.

    db: the snapshot. deployments: of it, only these; none means all, together in one cascade.
    scenarios: names or files; with none and no shock, all that ship and the uniform ray. shocks:
    in words (`ETH=-30%`). depth: a depth file; rpc, recording: where the pools that it names are
    read, and nothing else. order: one of `ORDERS`. order_range: one of `RANGES`: when a run in the
    order `BATCH` is given the range of bad debt over others. out: the snapshot to write, with the
    results in it; may be `db`. fail_on: a severity, or `never`. reverse: what is to be reached
    (`bad-debt=AMOUNT`) by the smallest shocks; returns: a price history, for how plausible they
    are. executor, workers: where the scenarios run, see `executors`.
    """

    db: Path
    deployments: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    shocks: tuple[str, ...] = ()
    depth: Path | None = None
    order: str = BATCH
    order_range: str = "never"
    out: Path | None = None
    fail_on: str = "high"
    rpc: tuple[str, ...] = ()
    recording: Path | None = None
    reverse: str | None = None
    returns: Path | None = None
    executor: str = "local"
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class StressOutcome:
    """What came out. document: as JSON has it."""

    document: StressDocument
    assessed: list[Assessed]
    findings: list[Finding]
    exit_code: ExitCode


@dataclass(frozen=True, slots=True)
class Prepared:
    """A snapshot opened for cascades. left_out: deployment -> why it cannot be in one. held: what
    its books hold. depth_not_held: factors of the depth file that are none of these."""

    scans: list[ScanBook]
    left_out: dict[str, str]
    chosen: Chosen
    options: CascadeOptions
    fail_on: Severity | None
    held: Held
    depth_not_held: tuple[str, ...]


def stress(options: StressOptions, progress: Progress) -> StressOutcome:
    """Runs the scenarios one by one, each on the book of the block; writes `out` in the end.

    Raises: InputError for wrong input; nothing is written then.
    """
    target = None if options.reverse is None else parse_target(options.reverse)
    if options.returns is not None and target is None:
        raise InputError("--returns says how plausible a shock is: it needs --reverse")
    check_executor(options.executor, options.workers)
    scenarios = named_scenarios(options.scenarios, options.shocks)
    if not options.scenarios and not options.shocks:
        scenarios += [replace(ray(level), name=RAY) for level in RAY_LEVELS]
    prepared = prepare(options, progress)
    if options.shocks:
        scenarios = with_held_factors(scenarios, prepared.held, in_words=len(options.shocks))
    check_impairments(scenarios, prepared.scans)
    one = run_scenarios(options, prepared, scenarios, progress, target=target)
    if options.out is not None:
        extend_snapshot(options.db, options.out, one.rows, one.gone)
    return StressOutcome(one.document, one.assessed, one.findings, one.code)


@dataclass(frozen=True, slots=True)
class Ran:
    """Scenarios that were run, before anything is written. rows: table -> rows, and gone: what they
    replace, both empty where no snapshot is to be written."""

    document: StressDocument
    baseline: Assessed
    assessed: list[Assessed]
    findings: list[Finding]
    code: ExitCode
    rows: Rows
    gone: list[Remove]


def run_scenarios(
    options: StressOptions,
    prepared: Prepared,
    scenarios: Sequence[Scenario],
    progress: Progress,
    *,
    target: float | None = None,
) -> Ran:
    """Scenarios and the baseline through the exact cascade, with all that is said of them. target:
    of reverse stress, USD of bad debt."""
    accounts = sum(len(scan.book) for scan in prepared.scans)
    work = accounts * (len(scenarios) + 1)
    options = replace(options, executor=chosen(options.executor, work))
    baseline, *assessed = _sweep(options, prepared, [NO_SHOCK, *scenarios], progress)
    assessed = _with_ranges(options, prepared, assessed, progress)
    progress("distances", 0, 1)
    found, without = stand(prepared.scans)
    backwards = None
    if target is not None and found:
        backwards = reverse(
            found, target, prepared.chosen, prepared.options, returns=options.returns
        )
    progress("distances", 1, 1)
    findings = told_of(prepared, [one for one in assessed if one.scenario.name != RAY])
    code = exit_code(prepared, assessed, findings)
    rows: Rows = {}
    gone: list[Remove] = []
    if options.out is not None:
        rows = stress_rows(assessed)
        rows["findings"], gone = finding_rows(assessed, findings)
        rows["distances"], rows["liquidation_wall"] = distance_rows(found), wall_rows(found)
    document = StressDocument(
        run=run_facts(options, prepared, code),
        baseline=scenario_entry(baseline),
        scenarios=tuple(map(scenario_entry, assessed)),
        cover=cover_entries([baseline, *assessed]),
        distances=report(found, without),
        reverse=None if backwards is None else reverse_entry(backwards),
        findings=tuple(map(finding_entry, findings)),
    )
    return Ran(document, baseline, assessed, findings, code, rows, gone)


def told_of(prepared: Prepared, assessed: Sequence[Assessed]) -> list[Finding]:
    """The findings of some cascades that their scans look for: a snapshot keeps to what it was
    made with."""
    by_scan = {scan.scan_id: scan.selection for scan in prepared.scans}
    found = scenario_findings(assessed)
    return [finding for finding in found if not why_untold(by_scan[finding.scan_id], finding)]


def prepare(options: StressOptions, progress: Progress) -> Prepared:
    """Opens the snapshot and everything else that a cascade needs.

    Raises: InputError for wrong input, for a named deployment whose protocol has no simulation,
    and when no deployment is left; UnreadError when pools are to be read and no node answers.
    """
    if options.order not in ORDERS:
        raise InputError(f"'{options.order}' is no order: choose one of {', '.join(ORDERS)}")
    if options.order_range not in RANGES:
        raise InputError(f"'{options.order_range}' is no range: choose one of {', '.join(RANGES)}")
    fail_on = parse_fail_on(options.fail_on)
    if options.out is not None:
        check_replaceable(options.out)
    file = NO_DEPTH if options.depth is None else load_depth(options.depth)
    scans, left_out = split_by_simulation(read_books(options.db, options.deployments))
    if left_out and (options.deployments or not scans):
        raise InputError("; ".join(f"{name}: {why}" for name, why in sorted(left_out.items())))
    if not scans:
        raise InputError(f"{options.db} holds no scan")
    pools = read_depth_pools(
        file, scans, rpc=options.rpc, recording=options.recording, progress=progress
    )
    chosen, held = curves_for(scans, file, pools), held_in(scans)
    used = {row.factor for row in chosen.used}
    unused = sorted({*file.curves, *file.pools} - used)
    return Prepared(
        scans,
        left_out,
        chosen,
        ORDERS[options.order],
        fail_on,
        held,
        tuple(with_hint(name, held) for name in unused),
    )


def exit_code(
    prepared: Prepared, assessed: Sequence[Assessed], findings: Sequence[Finding]
) -> ExitCode:
    """What a run says to the shell: a scan whose answer is not proven, unknown accounts, a
    deployment that was left out, a depth that is not known or a cascade that did not come to rest
    are 3; findings 1."""
    codes = [ExitCode.CLEAN]
    incomplete = bool(prepared.left_out or prepared.chosen.unknown)
    incomplete = incomplete or any(scan.caveats for scan in prepared.scans)
    for one in assessed:
        incomplete = incomplete or not one.result.quiet
        incomplete = incomplete or any(tally.unknown for tally in one.result.before.values())
        incomplete = incomplete or not all(round_.closes for round_ in one.result.rounds)
    if incomplete:
        codes.append(ExitCode.NOT_FULLY_READ)
    fail_on = prepared.fail_on
    if fail_on is not None and any(finding.severity >= fail_on for finding in findings):
        codes.append(ExitCode.FINDINGS)
    return worst_exit(*codes)


def run_facts(options: StressOptions, prepared: Prepared, code: ExitCode) -> StressRun:
    """What the document says of the run."""
    return StressRun(
        analyzer_version=__version__,
        exit_code=int(code),
        snapshot=options.db.name,
        out=None if options.out is None else options.out.name,
        deployments=tuple(scan.deployment.name for scan in prepared.scans),
        left_out=prepared.left_out,
        not_proven={
            scan.deployment.name: tuple(scan.caveats) for scan in prepared.scans if scan.caveats
        },
        depth_not_held=tuple(prepared.depth_not_held),
        order=options.order,
        fail_on=options.fail_on,
    )


def _sweep(
    options: StressOptions,
    prepared: Prepared,
    scenarios: Sequence[Scenario],
    progress: Progress,
) -> list[Assessed]:
    """Every scenario on fresh simulations, each a shard of its own, in the order given."""
    here = options.executor == "local"
    task = partial(_assess, prepared) if here else partial(_assess_elsewhere, options)
    nothing: dict[int, Assessed] = {}
    found = run_merged(
        list(enumerate(scenarios)),
        task,
        _both,
        nothing,
        executor=options.executor,
        workers=options.workers,
        progress=progress,
        what="scenarios",
    )
    return [found[number] for number in range(len(scenarios))]


def _assess(prepared: Prepared, item: tuple[int, Scenario]) -> dict[int, Assessed]:
    """One scenario by its number."""
    number, scenario = item
    # Paths are what `contagion` is for; a finding about one needs only the largest.
    limits = Limits(paths=20, victims=10)
    found = assess(
        prepared.scans,
        scenario,
        prepared.chosen,
        prepared.options,
        limits=limits,
        held=prepared.held,
    )
    return {number: found}


def _assess_elsewhere(options: StressOptions, item: tuple[int, Scenario]) -> dict[int, Assessed]:
    """The same in a worker, which opens the snapshot for itself."""
    return _assess(_opened(options), item)


def _with_ranges(
    options: StressOptions,
    prepared: Prepared,
    assessed: Sequence[Assessed],
    progress: Progress,
) -> list[Assessed]:
    """The runs with their ranges over orders of liquidation, where they are wanted and in time."""
    if options.order_range == "never" or options.order != BATCH:
        return list(assessed)
    items = [
        (number, order, assessed[number].scenario)
        for number in in_time(assessed, options.order_range)
        for order in BOUNDING
    ]
    here = options.executor == "local"
    task = partial(_ordered, prepared) if here else partial(_ordered_elsewhere, options)
    nothing: dict[tuple[int, str], Ordered] = {}
    found = run_merged(
        items,
        task,
        _joined,
        nothing,
        executor=options.executor,
        workers=options.workers,
        progress=progress,
        what="orders",
    )
    return [
        with_range(one, [found[number, o] for o in BOUNDING if (number, o) in found])
        for number, one in enumerate(assessed)
    ]


def _ordered(prepared: Prepared, item: tuple[int, str, Scenario]) -> dict[tuple[int, str], Ordered]:
    """One scenario by its number, in one order."""
    number, order, scenario = item
    return {(number, order): ordered(prepared.scans, scenario, prepared.chosen.market, order)}


def _ordered_elsewhere(
    options: StressOptions, item: tuple[int, str, Scenario]
) -> dict[tuple[int, str], Ordered]:
    """The same in a worker, which opens the snapshot for itself."""
    return _ordered(_opened(options), item)


def _joined(
    a: dict[tuple[int, str], Ordered], b: dict[tuple[int, str], Ordered]
) -> dict[tuple[int, str], Ordered]:
    """Two sets of orders as one; an order of a scenario is in one of them only."""
    return {**a, **b}


@lru_cache(maxsize=1)
def _opened(options: StressOptions) -> Prepared:
    """A worker's own snapshot, opened once a process; books are never changed by a cascade."""
    return prepare(options, lambda _what, _done, _total: None)


def _both(a: dict[int, Assessed], b: dict[int, Assessed]) -> dict[int, Assessed]:
    """Two sets of scenarios as one; a scenario is in one of them only."""
    return {**a, **b}
