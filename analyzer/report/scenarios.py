"""What scenarios do, as a document and as a page: one row a scenario and deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.findings.assessed import Assessed
from analyzer.model.finding import Finding
from analyzer.report.money import short
from analyzer.report.page import Block, Grid, Heading, Line

Document = dict[str, Any]

SCHEMA = 1
"""Version of the documents of stress and contagion: keys are added, never renamed or removed."""

RESULT_COLUMNS = (
    "scenario",
    "deployment",
    "shock",
    "accounts",
    "unknown",
    "below_initial",
    "liquidatable",
    "insolvent",
    "bad_debt_before_e18",
    "bad_debt_static_e18",
    "bad_debt_after_e18",
    "amplification",
    "closed_accounts",
    "closed_value_e18",
    "fund_before_e18",
    "fund_left_e18",
    "uncovered_e18",
    "cover1_e18",
    "cover2_e18",
    "rounds",
    "quiet",
    "ledger_closes",
)
"""Columns of the CSV form, and keys of a result in JSON."""

FINDING_ROWS = 20
"""How many findings a page lists."""

_SHOWN = (
    "scenario",
    "deployment",
    "below IM",
    "liquidatable",
    "insolvent",
    "unknown",
    "bad debt",
    "after cascade",
    "fund left",
    "uncovered",
)


def stress_document(
    run: Mapping[str, Any], assessed: Sequence[Assessed], findings: Sequence[Finding]
) -> Document:
    """The document of `analyzer stress`. Amounts are decimal strings of exact integers (18
    decimals), unknown is null."""
    return {
        "schema": SCHEMA,
        "run": dict(run),
        "scenarios": [scenario_document(one) for one in assessed],
        "findings": [finding_entry(finding) for finding in findings],
    }


def scenario_document(one: Assessed) -> Document:
    """One scenario: what it is, on which depth it was run, and what it does to each deployment."""
    scenario = one.scenario
    return {
        "cascade_id": one.cascade_id,
        "name": scenario.name,
        "title": scenario.title,
        "source": scenario.source,
        "verified": scenario.verified,
        "unverified": list(scenario.unverified),
        "notes": list(scenario.notes),
        "order": one.result.order,
        "depth_multiplier": float(scenario.depth_multiplier),
        "depth": [
            {"factor": u.factor, "origin": u.origin, "kind": u.kind, "source": u.source}
            for u in one.depth
        ],
        "unmapped": list(one.result.unmapped),
        "results": [result_document(one, name) for name in sorted(one.venues)],
    }


def result_document(one: Assessed, name: str) -> Document:
    """What a scenario does to one deployment."""
    result, venue, shock = one.result, one.venues[name], one.shock()
    before, static = result.before[name], result.shocked[name]
    closed = [f for f in result.failures.values() if f.venue == name and f.round is not None]
    owners = sorted(static.owners_short_e18.values(), reverse=True)
    debt = one.bad_debt_e18(name)
    values = (
        one.scenario.name,
        name,
        None if shock is None else float(shock),
        before.accounts,
        static.unknown,
        venue.below_initial,
        static.breaching,
        static.insolvent,
        str(before.bad_debt_e18),
        str(static.bad_debt_e18),
        str(debt),
        debt / static.bad_debt_e18 if static.bad_debt_e18 else None,
        len(closed),
        str(sum(sum(failure.closed_e18.values()) for failure in closed)),
        _text(venue.fund_before_e18),
        _text(venue.fund_left_e18),
        _text(one.uncovered_e18(name)),
        str(sum(owners[:1])),
        str(sum(owners[:2])),
        sum(1 for round_ in result.rounds if round_.closed),
        result.quiet,
        all(round_.closes for round_ in result.rounds),
    )
    return {
        "scan_id": venue.scan_id,
        **dict(zip(RESULT_COLUMNS, values, strict=True)),
    }


def stress_page(document: Mapping[str, Any]) -> list[Block]:
    """One row a scenario and deployment, then what the numbers rest on, then the findings."""
    results = [r for scenario in document["scenarios"] for r in scenario["results"]]
    grid = Grid(
        "What the scenarios do",
        _SHOWN,
        tuple(_row(result) for result in results),
        frozenset(_SHOWN[2:]),
        "below IM, liquidatable, insolvent, bad debt: at the scenario's prices, before anybody "
        "reacts. after cascade: when forced sales and losses have come to rest.",
        frozenset({"scenario", "deployment"}),
    )
    return [
        Heading("Stress"),
        *run_lines(document),
        grid,
        *assumption_blocks(document["scenarios"]),
        *scenario_findings(document["findings"]),
    ]


def run_lines(document: Mapping[str, Any]) -> list[Block]:
    """What was run on what, and what was left out."""
    run = document["run"]
    lines: list[Block] = [
        Line(
            "Snapshot",
            f"{run['snapshot']}: {', '.join(run['deployments'])}"
            + (", together in one cascade" if len(run["deployments"]) > 1 else ""),
        )
    ]
    for name, why in run["left_out"].items():
        lines.append(Line("Left out", f"{name}: {why}", "doubt"))
    return lines


def assumption_blocks(scenarios: Sequence[Mapping[str, Any]]) -> list[Block]:
    """Depth curves, factors that stand still, numbers that nobody checked, runs that did not end:
    what the results depend on."""
    if not scenarios:
        return []
    blocks: list[Block] = [depth_grid(scenarios[0])]
    for scenario in scenarios:
        name = scenario["name"]
        if scenario["unmapped"]:
            factors = ", ".join(scenario["unmapped"])
            blocks.append(
                Line("Not moved", f"{name} says nothing of {factors}: they stay", "doubt")
            )
        if not scenario["verified"]:
            what = "; ".join(scenario["unverified"]) or "its numbers"
            blocks.append(Line("Unverified", f"{name}: {what}", "doubt"))
        if not all(result["quiet"] for result in scenario["results"]):
            blocks.append(Line("Not at rest", f"{name}: the rounds ran out", "doubt"))
        if not all(result["ledger_closes"] for result in scenario["results"]):
            blocks.append(Line("Ledger", f"{name}: a round does not add up to 0", "bad"))
    return blocks


def depth_grid(scenario: Mapping[str, Any]) -> Grid:
    """Which depth each factor had."""
    return Grid(
        "Depth that forced sales meet",
        ("factor", "curve", "from"),
        tuple((d["factor"], d["kind"] or "unknown", d["source"]) for d in scenario["depth"]),
        whole=frozenset({"factor", "curve"}),
        note=""
        if scenario["depth_multiplier"] == 1
        else f"{scenario['name']} multiplies every depth by {scenario['depth_multiplier']:g}",
    )


def finding_entry(finding: Finding) -> Document:
    """One finding. The scenario is in its evidence."""
    return {
        "fingerprint": finding.fingerprint,
        "detector": finding.detector,
        "severity": finding.severity.label,
        "scan_id": finding.scan_id,
        "account_id": finding.account_id,
        "market": finding.market,
        "title": finding.title,
        "amounts": {name: str(value) for name, value in finding.amounts.items()},
        "evidence": dict(finding.evidence),
    }


def scenario_findings(findings: Sequence[Mapping[str, Any]]) -> list[Block]:
    """The findings, one a row, the severest first; JSON and CSV hold all of them."""
    if not findings:
        return [Line("Findings", "none", "good")]
    rows = tuple(
        (f["severity"], f["detector"], f["evidence"].get("scenario", ""), f["title"])
        for f in findings[:FINDING_ROWS]
    )
    left = len(findings) - len(rows)
    note = f"{left:,} more in --format json." if left else ""
    columns = ("severity", "detector", "scenario", "what")
    return [Grid("Findings", columns, rows, note=note, whole=frozenset(columns[:3]))]


def _row(result: Mapping[str, Any]) -> tuple[str, ...]:
    """One row of the table for people."""
    return (
        result["scenario"],
        result["deployment"],
        "-" if result["below_initial"] is None else f"{result['below_initial']:,}",
        *(f"{result[name]:,}" for name in ("liquidatable", "insolvent", "unknown")),
        *(
            whole(result[name])
            for name in (
                "bad_debt_static_e18",
                "bad_debt_after_e18",
                "fund_left_e18",
                "uncovered_e18",
            )
        ),
    )


def whole(text: str | None) -> str:
    """An amount of a document for people, without decimals; None is `unknown`."""
    return short(None if text is None else int(text), places=0)


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)
