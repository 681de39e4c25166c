"""Equity against requirement, and how far accounts are from liquidation now."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from analyzer.documents.report import ReportedScan
from analyzer.model.rows import JudgedRow
from analyzer.model.verdict import Verdict
from analyzer.report.html.charts.bars import Bar, bars
from analyzer.report.html.charts.scale import brief, whole_units
from analyzer.report.html.charts.scatter import BEYOND, Dot, Plane, plane, scatter
from analyzer.report.html.content import (
    Block,
    DataTable,
    Figure,
    Prose,
    Row,
    Section,
    columns,
    count,
    money,
    row,
)
from analyzer.report.html.material import Material
from analyzer.report.html.selection import Listed
from analyzer.solvency.verdicts import has_amount

EDGES_E2 = (0, 50, 80, 90, 100, 105, 110, 125, 150, 200, 300, 500, 1_000)
"""Where one step of the distribution of margin ratios ends and the next begins, in percent."""
LEGEND = (
    ("insolvent", "insolvent"),
    ("liquidatable", "liquidatable"),
    ("below_initial", "below initial"),
    ("healthy", "healthy"),
)
"""Marks of the scatter plot, and what they stand for."""


def dot(row: JudgedRow) -> Dot | None:
    """An account's mark; None when nothing is known of it, or its requirement is no amount."""
    equity, required = row.margin.margin_equity_e18, row.margin.maintenance_margin_e18
    if equity is None or required is None or not has_amount(row):
        return None
    return Dot(whole_units(required), whole_units(equity), row.verdict.value)


def planes(material: Material) -> list[Plane]:
    """The scales of each scan's scatter plot."""
    return [
        plane([d for row in scan.margin if (d := dot(row)) is not None]) for scan in material.scans
    ]


def point(account: Listed, where: Plane) -> tuple[str, int, int] | None:
    """Where a listed account stands in the scatter plot of its scan."""
    mark = dot(account.row)
    return None if mark is None else (f"equity-{account.scan + 1}", *where.place(mark))


def equity(material: Material, where: list[Plane]) -> Section:
    """A scatter plot a deployment."""
    blocks: list[Block] = [
        Prose(
            "One mark an account. Below the line the protocol would liquidate it: margin equity is"
            " less than maintenance requires. Both axes are logarithmic on either side of zero."
        )
    ]
    for number, scan in enumerate(material.scans):
        dots = [d for r in scan.margin if (d := dot(r)) is not None]
        text = _equity_text(scan, dots)
        title = scan.deployment
        if not dots:
            blocks.append(Prose(f"{title}: {text}", "doubt"))
            continue
        key = f"equity-{number + 1}"
        svg = scatter(key, dots, where[number], f"Equity against requirement, {title}. {text}")
        table = _by_verdict(key, scan)
        blocks.append(Figure(key, title, text, svg, LEGEND, table))
    return Section("equity", "Equity against requirement", "Equity", tuple(blocks))


def ratios(material: Material) -> Section:
    """A distribution of margin ratios a deployment."""
    blocks: list[Block] = [
        Prose(
            "Margin ratio = margin equity / maintenance requirement. At 100 % an account is on the"
            " edge of liquidation."
        )
    ]
    blocks += [_ratios(number, scan) for number, scan in enumerate(material.scans)]
    return Section("ratios", "Distribution of margin ratios", "Ratios", tuple(blocks))


def _equity_text(scan: ReportedScan, dots: list[Dot]) -> str:
    """What the scatter plot shows, in words."""
    rows = scan.margin
    below = sum(
        1
        for r in rows
        if r.margin.margin_equity_e18 is not None
        and r.margin.maintenance_margin_e18 is not None
        and r.margin.margin_equity_e18 < r.margin.maintenance_margin_e18
    )
    text = f"{count(len(dots), 'account')} drawn, {below:,} below the line"
    far = sum(1 for d in dots if max(abs(d.equity), d.requirement) > BEYOND)
    if far:
        text += f"; {far:,} beyond {brief(BEYOND)} at the edge"
    boundless = sum(1 for r in rows if not has_amount(r))
    if boundless:
        text += f"; {boundless:,} may not borrow what they owe: their requirement is no amount"
    unknown = len(rows) - len(dots) - boundless
    if unknown:
        text += f"; {unknown:,} unknown {'has' if unknown == 1 else 'have'} no place in it"
    return text + "."


def _by_verdict(key: str, scan: ReportedScan) -> DataTable:
    """Sums by verdict: the picture in numbers."""
    rows: list[Row] = []
    for verdict in Verdict:
        judged = [r for r in scan.margin if r.verdict is verdict]
        members = [r.margin for r in judged]
        if not members:
            continue
        equities = [m.margin_equity_e18 for m in members if m.margin_equity_e18 is not None]
        required = [
            r.margin.maintenance_margin_e18
            for r in judged
            if r.margin.maintenance_margin_e18 is not None and has_amount(r)
        ]
        rows.append(
            row(
                verdict.value.replace("_", " "),
                len(members),
                money(sum(equities) if equities else None),
                money(sum(required) if required else None),
            )
        )
    names = "verdict|accounts|margin equity|maintenance"
    return DataTable(
        f"{key}-table", "Sums by verdict", columns(names, "accounts|margin equity|maintenance"),
        tuple(rows),
    )  # fmt: skip


def _ratios(number: int, scan: ReportedScan) -> Block:
    """The distribution of one scan. Steps are exact: integers are compared, not their ratio."""
    counts = [0] * (len(EDGES_E2) + 1)
    unknown = free = 0
    for judged in scan.margin:
        margin, required = judged.margin.margin_equity_e18, judged.margin.maintenance_margin_e18
        if margin is None or required is None:
            unknown += 1
        elif required <= 0:
            free += 1
        else:
            # Floor division: 99.99.. % is below 100 %, and so is counted below the edge.
            counts[bisect_right(EDGES_E2, margin * 100 // required)] += 1
    steps = list(zip(_step_names(), counts, strict=True))
    text = f"{count(sum(counts), 'account')} with a requirement"
    text += f", {free:,} without one" if free else ""
    text += f", {unknown:,} unknown" if unknown else ""
    title = scan.deployment
    if not sum(counts):
        return Prose(f"{title}: {text}.", "doubt")
    key = f"ratios-{number + 1}"
    items = [
        Bar(
            short,
            float(n),
            _kind(place),
            f"{name}: {count(n, 'account')}",
            brief(n) if n >= 1_000 else f"{n}",
        )
        for place, ((name, short), n) in enumerate(steps)
    ]
    svg = bars(
        key,
        items,
        "margin ratio from, %",
        "accounts",
        f"Distribution of margin ratios, {title}. {text}.",
    )
    rows = [row(name, n) for (name, _), n in steps]
    rows += [row("no requirement", free), row("unknown", unknown)]
    table = DataTable(f"{key}-table", "Accounts by margin ratio",
                      columns("margin ratio|accounts", "accounts"), tuple(rows))  # fmt: skip
    legend = (("danger", "below maintenance"), ("calm", "above"))
    return Figure(key, title, f"{text}.", svg, legend, table)


def _kind(place: int) -> str:
    """The class of a step's bar: below 100 % or not."""
    return "danger" if place <= EDGES_E2.index(100) else "calm"


def _step_names() -> list[tuple[str, str]]:
    """(in words, below the bar) of every step; the first and last one are open."""
    names = [("below 0 %", "<0")]
    for low, high in pairwise(EDGES_E2):
        names.append((f"{low:,} % to below {high:,} %", brief(low)))
    return [*names, (f"{EDGES_E2[-1]:,} % and more", f"≥{brief(EDGES_E2[-1])}")]
