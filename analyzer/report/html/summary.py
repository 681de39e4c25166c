"""The first page alone: one screen, one sheet of paper, sixty lines of Markdown.

answer and scale a deployment ── what matters ── the stress curve ── what changed ── what to do next
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from analyzer.documents.scan import Matter, Scan
from analyzer.documents.scenario import RAY
from analyzer.findings import detector_of
from analyzer.report.answer import (
    ORDER,
    answer_text,
    how_complete,
    how_much,
    how_sure,
    matter_text,
    scale_text,
)
from analyzer.report.html.charts.curve import Line, curve
from analyzer.report.html.charts.scale import whole_units
from analyzer.report.html.content import (
    Block,
    Content,
    DataTable,
    Fact,
    Facts,
    Figure,
    Group,
    Listed,
    Prose,
    Section,
    Title,
    columns,
    count,
    money,
    row,
)
from analyzer.report.html.material import Material
from analyzer.report.html.sections.answer import foot, lead, title
from analyzer.report.html.sections.over_time import brief_sparks, since_line
from analyzer.report.html.sections.stress import STRESS_COMMAND
from analyzer.report.html.sections.stress_table import change
from analyzer.report.html.stressed import Record
from analyzer.report.links import link_of
from analyzer.report.money import short

DEPLOYMENTS = 2
"""Of so many deployments the answer stands in full; of the others it is counted."""
MATTERS = 3
SHOCKS = 5
"""Rows of the curve's table at most; the whole report has all of them."""
NEXT = 4
"""Sentences of what to do next, at most."""
_RANK = ("insolvent", "not_proven", "covered", "solvent")
WHOLE_COMMAND = "analyzer report --db FILE --out FILE"


def summary(material: Material) -> Content:
    """The first page of a report, standing alone."""
    sections = (
        _answers(material),
        _matters(material),
        _stress(material),
        _changed(material),
        _next(material),
    )
    return Content(title(material), lead(material), sections, foot(material), brief=True)


def _answers(material: Material) -> Section:
    """The deployments with the worst answers in full, the others counted."""
    scans = list(enumerate(material.document.scans))
    worst = sorted(scans, key=lambda item: (_RANK.index(item[1].solvency.answer), item[0]))
    blocks: list[Block] = [_answer(material, scan) for _, scan in worst[:DEPLOYMENTS]]
    left = [scan for _, scan in worst[DEPLOYMENTS:]]
    if left:
        said = ", ".join(
            f"{number} {answer.replace('_', ' ')}"
            for answer in _RANK
            if (number := sum(scan.solvency.answer == answer for scan in left))
        )
        blocks.append(Prose(f"{count(len(left), 'more deployment')}: {said}."))
    return Section("answer", "Answer", "Answer", tuple(blocks))


def _answer(material: Material, scan: Scan) -> Group:
    """One deployment: answer, scale, how sure, how complete."""
    text, tone = answer_text(scan)
    facts = (
        Fact("Answer", text, tone),
        Fact("By how much", how_much(scan)),
        Fact("Scale", scale_text(scan.solvency.scale)),
        Fact("How sure", *how_sure(scan.verification)),
        Fact("How complete", *how_complete(scan)),
    )
    blocks: tuple[Block, ...] = (Facts(facts, headline=True),)
    if material.several:
        blocks = (Title(f"{scan.deployment} · {scan.protocol}"), *blocks)
    return Group(blocks)


def _matters(material: Material) -> Section:
    """The findings that matter most of all deployments, a sentence each."""
    found = weightiest(material.document.scans)
    facts = tuple(
        Fact(
            label,
            f"{scan.deployment}: {sentence}" if material.several else sentence,
            link=link_of(scan.explorer, matter.about),
        )
        for label, (scan, matter) in zip(ORDER, found, strict=False)
        for sentence in [matter_text(matter, scan.solvency.scale.money)]
    )
    blocks: tuple[Block, ...] = (Facts(facts),)
    if not facts:
        blocks = (Prose("No detector found anything that is not accepted.", "good"),)
    return Section("matters", "What matters", "Matters", blocks)


def weightiest(scans: Sequence[Scan]) -> list[tuple[Scan, Matter]]:
    """The matters of all scans in the order of one: severity, amount at stake, number."""
    found = [(scan, matter) for scan in scans for matter in scan.matters]
    found.sort(key=lambda item: _weight(item[1]))
    return found[:MATTERS]


def _weight(matter: Matter) -> tuple[int, int, int]:
    return -matter.severity, -(matter.total_e18 or 0), -matter.count


def _stress(material: Material) -> Section:
    """Bad debt over the size of the shock, a line a deployment; without a curve what there is."""
    heading = "Stress curve"
    curves: dict[str, list[Record]] = defaultdict(list)
    for record in material.stressed.results:
        if record["shock"] is not None and record["bad_debt_after_e18"] is not None:
            curves[record["scenario"]].append(record)
    longest = max(curves, key=lambda name: len({r["shock"] for r in curves[name]}), default="")
    shocks = sorted({record["shock"] for record in curves.get(longest, ())}, reverse=True)
    if len(shocks) > 1:
        block: Block = _curve(material, longest, curves[longest], shocks)
    else:
        block = Prose(_single(material), "doubt", STRESS_COMMAND)
    return Section("stress", heading, "Stress", (block,))


def _curve(material: Material, scenario: str, records: list[Record], shocks: list[float]) -> Figure:
    """The curve of one scenario."""
    debt = {(r["scan"], r["shock"]): r["bad_debt_after_e18"] for r in records}
    scans = sorted({scan for scan, _ in debt})[:DEPLOYMENTS]
    lines = tuple(
        Line(
            material.name(scan),
            tuple(
                ((s - 1) * 100, whole_units(debt[scan, s]), f"{change(s)}: {short(debt[scan, s])}")
                for s in reversed(shocks)
                if (scan, s) in debt
            ),
        )
        for scan in scans
    )
    text = f"Bad debt after the cascade, all prices moved together ({scenario})."
    if scenario != RAY:
        text = f"Bad debt after the cascade of {scenario}, by the size of its shock."
    svg = curve("summary-stress", lines, "price change, %", "settlement currency", text)
    stride = -(-len(shocks) // SHOCKS)
    names = "|".join(("price change", *(line.name for line in lines)))
    rows = tuple(
        row(_shock(shock), *(money(debt.get((scan, shock))) for scan in scans))
        for shock in shocks[::-stride][::-1]
    )
    table = DataTable("summary-stress-table", f"Bad debt under {scenario}",
                      columns(names, names), rows)  # fmt: skip
    legend = tuple((f"s{place}", line.name) for place, line in enumerate(lines))
    return Figure("summary-stress", "Bad debt", text, svg, legend, table)


def _shock(shock: float) -> str:
    return "now" if shock == 1 else change(shock)


def _single(material: Material) -> str:
    """What single scenarios say where no curve was computed."""
    done = {r["scenario"] for r in material.stressed.results}
    if not done:
        return "Not computed: this snapshot does not hold what a shock would cost. This adds it:"
    parts = []
    for name in sorted(done)[:DEPLOYMENTS]:
        known = [r["bad_debt_after_e18"] for r in material.stressed.results
                 if r["scenario"] == name and r["bad_debt_after_e18"] is not None]  # fmt: skip
        parts.append(f"under {name} bad debt comes to {short(sum(known))}")
    return f"No curve was computed; {'; '.join(parts)}. This adds the curve:"


def _changed(material: Material) -> Section:
    """What changed since the scan before."""
    heading = "What changed"
    if material.since is None:
        text = "Nothing earlier was given to compare with: an earlier snapshot, or a history."
        block: Block = Prose(text, code="--since EARLIER.duckdb, or --history DIR")
        return Section("changed", heading, "Changed", (block,))
    lines = [since_line(since) for since in material.since[:DEPLOYMENTS]]
    if not lines:
        blocks: tuple[Block, ...] = (Prose("There is no earlier scan of it.", "doubt"),)
        return Section("changed", heading, "Changed", blocks)
    parts: list[Block] = [Listed(tuple(lines))]
    # Equity and bad debt: the whole report has the other lines.
    went = tuple(
        fact
        for series in material.series[:DEPLOYMENTS]
        for fact in brief_sparks(series, name=series.deployment if material.several else "")
    )
    if went:
        parts.append(Facts(went))
    return Section("changed", heading, "Changed", tuple(parts))


def _next(material: Material) -> Section:
    """What to do next: what is not proven, then the remedies of what matters."""
    steps: list[str] = []
    if any(scan.solvency.caveats for scan in material.document.scans):
        steps.append("Make the answer proven first: see what was not read or compared.")
    if any(not scan.verification.checks for scan in material.document.scans):
        steps.append("Compare with the contract: analyzer scan --verify all.")
    for _, matter in weightiest(material.document.scans):
        detector = detector_of(matter.detector)
        if detector is not None and detector.remedy not in steps:
            steps.append(detector.remedy)
    steps = steps[: NEXT - 1]
    steps.append(f"Read the whole report: {WHOLE_COMMAND}")
    return Section("next", "What to do next", "Next", (Listed(tuple(steps)),))
