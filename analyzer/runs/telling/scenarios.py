"""Assessed scenarios as documents state them."""

from __future__ import annotations

from dataclasses import asdict
from math import ceil

from analyzer.documents.scenario import (
    DepthEntry,
    ImpactEntry,
    OrderOutcome,
    OrderRangeEntry,
    ScenarioEntry,
    ScenarioResult,
)
from analyzer.findings.assessed import Assessed, OrderRange
from analyzer.findings.impact import impact_rows
from analyzer.runs.telling.cover import largest


def scenario_entry(one: Assessed) -> ScenarioEntry:
    """One scenario: what it is, on which depth it was run, and what it does to each deployment."""
    scenario = one.scenario
    return ScenarioEntry(
        cascade_id=one.cascade_id,
        name=scenario.name,
        title=scenario.title,
        source=scenario.source,
        verified=scenario.verified,
        unverified=tuple(scenario.unverified),
        notes=tuple(scenario.notes),
        order=one.result.order,
        depth_multiplier=float(scenario.depth_multiplier),
        depth=tuple(DepthEntry(u.factor, u.origin, u.kind, u.source) for u in one.depth),
        unmapped=tuple(one.result.unmapped),
        not_held=tuple(one.not_held),
        moves_nothing=not one.touched(),
        not_applicable=one.not_applicable,
        exhausted=tuple(one.result.exhausted),
        implausible=one.result.implausible,
        impact=tuple(ImpactEntry(**asdict(row)) for row in impact_rows(one)),
        order_range=_order_range(one.order_range),
        results=tuple(scenario_result(one, name) for name in sorted(one.venues)),
    )


def _order_range(found: OrderRange | None) -> OrderRangeEntry | None:
    """The range over orders of liquidation."""
    if found is None:
        return None
    outcomes = {o: OrderOutcome(o.order, o.bad_debt_e18, o.closed_accounts) for o in found.ran}
    least, most = found.least, found.most
    return OrderRangeEntry(
        least=None if least is None else outcomes[least],
        most=None if most is None else outcomes[most],
        ran=tuple(outcomes.values()),
        needs_s=ceil(found.needs_s),
    )


def scenario_result(one: Assessed, name: str) -> ScenarioResult:
    """What a scenario does to one deployment."""
    result, venue, shock = one.result, one.venues[name], one.shock()
    before, static = result.before[name], result.shocked[name]
    closed = [f for f in result.failures.values() if f.venue == name and f.round is not None]
    owners = [short for _, short in largest(one, name, 2)]
    debt = one.bad_debt_e18(name)
    return ScenarioResult(
        scan_id=venue.scan_id,
        scenario=one.scenario.name,
        deployment=name,
        shock=None if shock is None else float(shock),
        accounts=before.accounts,
        unknown=static.unknown,
        below_initial=static.below_initial,
        liquidatable=static.breaching,
        insolvent=static.insolvent,
        bad_debt_before_e18=before.bad_debt_e18,
        bad_debt_static_e18=static.bad_debt_e18,
        bad_debt_after_e18=debt,
        bad_debt_static_market_e18=static.bad_debt_market_e18,
        bad_debt_after_market_e18=one.bad_debt_market_e18(name),
        amplification=debt / static.bad_debt_e18 if static.bad_debt_e18 else None,
        closed_accounts=len(closed),
        closed_value_e18=sum(sum(failure.closed_e18.values()) for failure in closed),
        fund_before_e18=venue.fund_before_e18,
        fund_left_e18=venue.fund_left_e18,
        uncovered_e18=one.uncovered_e18(name),
        cover1_e18=sum(owners[:1]),
        cover2_e18=sum(owners),
        unprofitable=len(result.unprofitable.get(name, ())),
        rounds=sum(1 for round_ in result.rounds if round_.closed),
        quiet=result.quiet,
        ledger_closes=all(round_.closes for round_ in result.rounds),
    )
