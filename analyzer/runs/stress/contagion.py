"""`contagion`: one scenario's cascade with its rounds, its paths, and what would have cut it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from fractions import Fraction

from analyzer.chain.base import Progress
from analyzer.contagion.cascade import LeaveOneOut, cascade_outcome, leave_one_out
from analyzer.contagion.scenario import Scenario, with_depth_times
from analyzer.contagion.trace import Limits, cheapest_firewall, roots_of
from analyzer.documents.contagion import ContagionDocument, ContagionRun
from analyzer.findings.assessed import Assessed, OrderRange, Sensitivity
from analyzer.model.errors import ExitCode, InputError
from analyzer.model.finding import Finding
from analyzer.runs.snapshot.venues import venue_of
from analyzer.runs.stress.cascades import assess
from analyzer.runs.stress.claims import claims_between_venues
from analyzer.runs.stress.impairment import check_impairments, impairment_entry
from analyzer.runs.stress.orders import BATCH, BOUNDING, ORDERS, in_time, ordered, own, with_range
from analyzer.runs.stress.rows import contagion_rows, finding_rows
from analyzer.runs.stress.scenarios import named_scenarios, with_held_factors
from analyzer.runs.stress.stress import (
    Prepared,
    StressOptions,
    exit_code,
    prepare,
    run_facts,
    told_of,
)
from analyzer.runs.telling.cascade import contagion_document
from analyzer.store.extend import extend_snapshot

MOST_WHAT_IF = 20
"""Roots that can be asked about: each is one more run of the cascade."""


@dataclass(frozen=True, slots=True)
class ContagionOptions:
    """One scenario, and how much of it to look at.

    stress: as for `stress`, with exactly one scenario or shock. paths: how many are found. what_if:
    for how many of the largest root accounts the cascade is run again without their failure.
    all_orders: run it in every order of liquidation, to show the range of what comes out, and not
    only in those that `stress.order_range` is about.
    """

    stress: StressOptions
    paths: int = 100
    what_if: int = 3
    all_orders: bool = False


@dataclass(frozen=True, slots=True)
class ContagionOutcome:
    """What came out. document: as JSON has it."""

    document: ContagionDocument
    assessed: Assessed
    findings: list[Finding]
    exit_code: ExitCode


def contagion(options: ContagionOptions, progress: Progress) -> ContagionOutcome:
    """Runs the scenario's cascade, finds its paths and its firewall; writes `out` in the end.

    Raises: InputError for wrong input; nothing is written then.
    """
    asked = options.stress
    if len(asked.scenarios) + len(asked.shocks) != 1:
        raise InputError("contagion follows one scenario: give --scenario or --shock once")
    if options.paths < 1 or not 0 <= options.what_if <= MOST_WHAT_IF:
        raise InputError(f"--paths has to be at least 1, --what-if from 0 to {MOST_WHAT_IF}")
    scenarios = named_scenarios(asked.scenarios, asked.shocks)
    prepared = prepare(asked, progress)
    (scenario,) = with_held_factors(scenarios, prepared.held, in_words=len(asked.shocks))
    check_impairments([scenario], prepared.scans)
    steps = 3 + options.what_if
    progress("cascade", 0, steps)
    limits = Limits(paths=options.paths)
    one = assess(
        prepared.scans,
        scenario,
        prepared.chosen,
        prepared.options,
        limits=limits,
        held=prepared.held,
    )
    progress("cascade", 1, steps)
    one = replace(one, sensitivity=sensitivity(prepared, scenario))
    one = over_orders(prepared, options, one)
    progress("cascade", 2, steps)
    firewall = cheapest_firewall(one.result.edges, protected(one))
    saved = what_if(prepared, scenario, one, options.what_if)
    progress("cascade", steps, steps)
    findings = told_of(prepared, [one])
    code = exit_code(prepared, [one], findings)
    if asked.out is not None:
        rows = contagion_rows(one)
        rows["findings"], gone = finding_rows([one], findings)
        extend_snapshot(asked.db, asked.out, rows, gone)
    facts = run_facts(asked, prepared, code)
    run = ContagionRun(
        **{field.name: getattr(facts, field.name) for field in fields(facts)},
        paths=options.paths,
        what_if=options.what_if,
    )
    claims = claims_between_venues([venue_of(scan) for scan in prepared.scans], one.result)
    document = contagion_document(
        run,
        one,
        findings,
        firewall=firewall,
        saved=saved,
        claims=claims,
        impairment=impairment_entry(scenario, prepared.scans),
    )
    return ContagionOutcome(document, one, findings, code)


def sensitivity(prepared: Prepared, scenario: Scenario) -> Sensitivity:
    """Bad debt at the market's prices with half and with double every depth, all else the same."""

    def bad_debt_e18(times: Fraction) -> int:
        venues = [venue_of(scan) for scan in prepared.scans]
        other = with_depth_times(scenario, times)
        market, options = prepared.chosen.market, prepared.options
        return cascade_outcome(venues, other, market, options).total_bad_debt_market_e18

    return Sensitivity(bad_debt_e18(Fraction(1, 2)), bad_debt_e18(Fraction(2)))


def over_orders(prepared: Prepared, options: ContagionOptions, one: Assessed) -> Assessed:
    """The run with its range over orders of liquidation: all of them, or those that bound it where
    that is wanted and in time."""
    asked = options.stress
    names = [name for name in ORDERS if name != asked.order] if options.all_orders else []
    if not names and asked.order == BATCH and asked.order_range != "never":
        if not in_time([one], asked.order_range):
            return with_range(one, ())
        names = list(BOUNDING)
    if not names:
        return one
    first = replace(own(one), order=asked.order)
    scenario, market = one.scenario, prepared.chosen.market
    others = [ordered(prepared.scans, scenario, market, name) for name in names]
    return replace(one, order_range=OrderRange((first, *others)))


def protected(one: Assessed) -> list[str]:
    """Who bears losses without having failed: whom a firewall would protect."""
    return sorted(set(one.result.absorbed) - set(one.result.failures))


def what_if(
    prepared: Prepared, scenario: Scenario, one: Assessed, accounts: int
) -> LeaveOneOut | None:
    """What bad debt would have been without the failure of each of the largest roots; None when
    none are asked for, or nobody passed anything on."""
    roots = list(roots_of(one.result.edges))[:accounts]
    if not roots:
        return None

    def run(rescued: frozenset[str]) -> int:
        if not rescued:
            return one.result.total_bad_debt_market_e18
        options = replace(prepared.options, rescued=rescued)
        venues = [venue_of(scan) for scan in prepared.scans]
        outcome = cascade_outcome(venues, scenario, prepared.chosen.market, options)
        return outcome.total_bad_debt_market_e18

    return leave_one_out(run, roots)
