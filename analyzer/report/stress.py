"""What scenarios do, as a page: one row a scenario and deployment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from analyzer.documents.contagion import ContagionDocument
from analyzer.documents.encode import to_json
from analyzer.documents.findings import FindingEntry
from analyzer.documents.scenario import RAY, ScenarioEntry, ScenarioResult
from analyzer.documents.stress import StressDocument
from analyzer.report.cover import cover_blocks, scenario_name
from analyzer.report.distances import distance_blocks, reverse_blocks
from analyzer.report.impact import impact_lines
from analyzer.report.money import short
from analyzer.report.orders import range_lines
from analyzer.report.page import Block, Grid, Heading, Line

FINDING_ROWS = 20
"""How many kinds of finding a page lists."""

NAMES_SHOWN = 3
"""How many scenarios a page names with a finding."""

_SHOWN = (
    "scenario",
    "below IM",
    "breach",
    "insolvent",
    "unknown",
    "bad debt",
    "after",
    "at market",
    "fund left",
    "uncovered",
)
_LEGEND = (
    "below IM (or in breach), breach (may be liquidated), insolvent, bad debt: at the scenario's "
    "last prices, before anybody reacts. after: bad debt when the cascade has come to rest, at the "
    "protocol's prices, with what liquidators were paid out of accounts that lacked it; at market: "
    "at the market's prices, which differ where an oracle stands still. fund left: what bounded "
    "backstops still hold; below zero, what they owe. "
    "uncovered: of the latter, what others than bounded backstops bore or will have to."
)


def result_rows(document: StressDocument) -> tuple[list[str], list[list[object]]]:
    """(columns, one row a scenario and deployment, the baseline first) for the CSV form; without
    scenarios that are not about these books."""
    about = [scenario for scenario in document.scenarios if not scenario.not_applicable]
    every = [*([] if document.baseline is None else [document.baseline]), *about]
    written = [to_json(result) for scenario in every for result in scenario.results]
    columns = [field.name for field in fields(ScenarioResult) if field.name != "scan_id"]
    return columns, [[result[name] for name in columns] for result in written]


def stress_page(document: StressDocument) -> list[Block]:
    """One row a scenario and deployment, then what the numbers rest on, then the findings."""
    scenarios = document.scenarios
    plain = [] if document.baseline is None else [document.baseline]
    return [
        Heading("Stress"),
        *run_lines(document),
        *implausible_lines(scenarios),
        *(_grid(name, [*plain, *scenarios]) for name in document.run.deployments),
        *cover_blocks(document.cover),
        *distance_blocks(document.distances),
        *reverse_blocks(document.reverse),
        *range_lines(scenarios),
        *assumption_blocks(scenarios),
        *_sold_out(scenarios),
        *scenario_findings(document.findings),
    ]


def _grid(deployment: str, scenarios: Sequence[ScenarioEntry]) -> Grid:
    """What the scenarios do to one deployment."""
    rows = tuple(
        _row(result)
        for scenario in scenarios
        for result in scenario.results
        if result.deployment == deployment and not scenario.not_applicable
    )
    whole_columns = frozenset({"scenario"})
    return Grid(deployment, _SHOWN, rows, frozenset(_SHOWN[1:]), _LEGEND, whole_columns)


def run_lines(document: StressDocument | ContagionDocument) -> list[Block]:
    """What was run on what, what was left out, and which scans prove nothing."""
    run = document.run
    lines: list[Block] = [
        Line(
            "Snapshot",
            f"{run.snapshot}: {', '.join(run.deployments)}"
            + (", together in one cascade" if len(run.deployments) > 1 else ""),
        )
    ]
    for name, why in run.left_out.items():
        lines.append(Line("Left out", f"{name}: {why}", "doubt"))
    for name, caveats in run.not_proven.items():
        lines.append(Line("Not proven", f"{name}: {'; '.join(caveats)}", "doubt"))
    if run.depth_not_held:
        text = f"no book holds {_listed(run.depth_not_held)}, which the depth file names"
        lines.append(Line("Not used", text, "doubt"))
    return lines


def implausible_lines(scenarios: Sequence[ScenarioEntry]) -> list[Block]:
    """Runs that no market would show, in front of their numbers."""
    blocks: list[Block] = []
    for scenario in scenarios:
        if scenario.implausible:
            text = (
                f"{scenario.name}: forced trades alone move {_listed(scenario.implausible)} by more"
                " than half; no market would show that, and these numbers are no forecast"
            )
            blocks.append(Line("Implausible", text, "bad"))
    return blocks


def unprofitable_lines(scenarios: Sequence[ScenarioEntry]) -> list[Block]:
    """Accounts that stay open because closing them pays nobody: one line a deployment."""
    left: dict[str, list[ScenarioResult]] = {}
    for scenario in scenarios:
        for result in () if scenario.not_applicable else scenario.results:
            if result.unprofitable:
                left.setdefault(result.deployment, []).append(result)
    blocks: list[Block] = []
    for name, results in left.items():
        worst = max(results, key=lambda result: result.unprofitable)
        under = scenario_name(worst.scenario, worst.shock)
        text = f"{worst.unprofitable:,} accounts of {name} in breach pay nobody, under {under}"
        if len(results) > 1:
            least = min(result.unprofitable for result in results)
            text += f"; {least:,} or more under {len(results) - 1:,} other scenarios"
        blocks.append(Line("Left open", text, "doubt"))
    return blocks


def assumption_blocks(scenarios: Sequence[ScenarioEntry]) -> list[Block]:
    """Depth curves, factors that stand still, numbers that nobody checked, runs that did not end:
    what the results depend on."""
    if not scenarios:
        return []
    blocks: list[Block] = [*_without_effect(scenarios), depth_grid(scenarios)]
    still: dict[str, list[str]] = {}
    for scenario in scenarios:
        if not scenario.not_applicable:
            still.setdefault(", ".join(scenario.unmapped), []).append(scenario.name)
    for factors, names in still.items():
        if factors:
            text = f"{factors}: nothing is said of them by {_listed(names)}, so they stay"
            blocks.append(Line("Not moved", text, "doubt"))
    unknown = [d.factor for d in scenarios[0].depth if d.origin == "unknown"]
    if unknown:
        text = f"the depth of {_listed(unknown)} is not known: sales do not move their price here"
        blocks.append(Line("Not known", text, "doubt"))
    blocks += impact_lines(scenarios)
    blocks += unprofitable_lines(scenarios)
    blocks += _unverified(scenarios)
    restless = [s.name for s in scenarios if not all(r.quiet for r in s.results)]
    if restless:
        text = f"the rounds ran out before nothing more happened: {_listed(restless)}"
        blocks.append(Line("Not at rest", text, "doubt"))
    off = [s.name for s in scenarios if not all(r.ledger_closes for r in s.results)]
    if off:
        blocks.append(Line("Ledger", f"a round does not add up to 0: {_listed(off)}", "bad"))
    return blocks


def _without_effect(scenarios: Sequence[ScenarioEntry]) -> list[Block]:
    """Scenarios that do nothing to these books, and, of a single one, what it names in vain: a
    calm result of these says nothing."""
    blocks: list[Block] = []
    whys: dict[str, list[str]] = {}
    for scenario in scenarios:
        whys.setdefault(scenario.not_applicable, []).append(scenario.name)
    for why, names in whys.items():
        if why:
            text = f"{_listed(names)}: not applicable, {why}"
            blocks.append(Line("Listed apart", text, "doubt"))
    idle = [s.name for s in scenarios if s.moves_nothing and not s.not_applicable]
    if idle:
        text = f"{_listed(idle)}: no price of these books changes, so it is as without a shock"
        blocks.append(Line("No effect", text, "doubt"))
    blocks += _alike(scenarios)
    if len(scenarios) == 1 and scenarios[0].not_held:
        text = f"{_listed(scenarios[0].not_held)}: named by the scenario, and no book holds it"
        blocks.append(Line("Not held", text, "doubt"))
    return blocks


def _alike(scenarios: Sequence[ScenarioEntry]) -> list[Block]:
    """Named scenarios that do the same to these books: what tells them apart, no book holds."""
    same: dict[tuple[ScenarioResult, ...], list[str]] = {}
    for scenario in scenarios:
        if not scenario.not_applicable and not scenario.moves_nothing and scenario.name != RAY:
            key = tuple(replace(r, scenario="", shock=None) for r in scenario.results)
            same.setdefault(key, []).append(scenario.name)
    return [
        Line("Alike", f"{_listed(names)} do the same to these books", "doubt")
        for names in same.values()
        if len(names) > 1
    ]


def _sold_out(scenarios: Sequence[ScenarioEntry]) -> list[Block]:
    """Factors of which some scenario has to trade more than their market bears."""
    ended = [scenario for scenario in scenarios if scenario.exhausted]
    if not ended:
        return []
    factors = _listed([factor for scenario in ended for factor in scenario.exhausted])
    by = _listed([scenario.name for scenario in ended])
    text = (
        f"more {factors} has to be sold or bought than the curve bears, by {by}: the rest stays"
        " unsold or unbought"
    )
    return [Line("Sold out", text, "doubt")]


def _unverified(scenarios: Sequence[ScenarioEntry]) -> list[Block]:
    """Numbers of scenarios that were not checked at their source: in full for one scenario."""
    open_ = [scenario for scenario in scenarios if not scenario.verified]
    if not open_:
        return []
    if len(scenarios) == 1:
        text = "; ".join(open_[0].unverified) or "none of its numbers was checked"
    else:
        names = _listed([scenario.name for scenario in open_])
        text = f"not every number was checked at its source: {names}; --json says which"
    return [Line("Unverified", text, "doubt")]


def _listed(names: Sequence[str]) -> str:
    """Names without repetition, in order."""
    return ", ".join(dict.fromkeys(names))


def depth_grid(scenarios: Sequence[ScenarioEntry]) -> Grid:
    """Which depth each factor had: the same in all scenarios, but for their multipliers."""
    multiplied = [
        f"{s.name} x {s.depth_multiplier:g}"
        for s in scenarios
        if s.depth_multiplier != 1 and not s.not_applicable
    ]
    return Grid(
        "Depth that forced sales meet",
        ("factor", "curve", "from"),
        tuple((d.factor, d.kind or "unknown", d.source) for d in scenarios[0].depth),
        note=f"Multiplied: {_listed(multiplied)}." if multiplied else "",
        whole=frozenset({"factor", "curve"}),
    )


def scenario_findings(findings: Sequence[FindingEntry]) -> list[Block]:
    """The findings, one row for all scenarios that have the same one, the severest first."""
    if not findings:
        return [Line("Findings", "none", "good")]
    groups: dict[tuple[str, str, str], list[str]] = {}
    for finding in findings:
        key = (finding.severity.label, finding.detector, finding.title)
        groups.setdefault(key, []).append(finding.evidence.get("scenario", ""))
    rows = tuple((*key, _under(names)) for key, names in list(groups.items())[:FINDING_ROWS])
    left = len(groups) - len(rows)
    note = f"{len(findings):,} findings" + (f"; {left:,} more kinds of them" if left else "")
    columns = ("severity", "detector", "what", "under")
    return [Grid("Findings", columns, rows, note=f"{note}.", whole=frozenset(columns[:2]))]


def _under(names: Sequence[str]) -> str:
    """Under which scenarios a finding stands."""
    shown = _listed(names[:NAMES_SHOWN])
    left = len(names) - NAMES_SHOWN
    return shown + (f" and {left:,} more" if left > 0 else "")


def _row(result: ScenarioResult) -> tuple[str, ...]:
    """One row of the table for people."""
    return (
        scenario_name(result.scenario, result.shock),
        "-" if result.below_initial is None else f"{result.below_initial:,}",
        *(f"{count:,}" for count in (result.liquidatable, result.insolvent, result.unknown)),
        whole(result.bad_debt_static_e18),
        whole(result.bad_debt_after_e18),
        whole(result.bad_debt_after_market_e18),
        whole(result.fund_left_e18),
        whole(result.uncovered_e18),
    )


def whole(amount_e18: int | None) -> str:
    """An amount for people, without decimals; None is `unknown`."""
    return short(amount_e18, places=0)
