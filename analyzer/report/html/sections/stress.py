"""What falling prices would do: the liquidation wall and the stress curve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from analyzer.report.html.charts.bars import Bar, bars
from analyzer.report.html.charts.curve import Line, curve
from analyzer.report.html.charts.scale import brief, whole_units
from analyzer.report.html.content import (
    Block,
    Cell,
    DataTable,
    Figure,
    Prose,
    Row,
    Section,
    columns,
    money,
    row,
)
from analyzer.report.html.material import Material
from analyzer.report.html.stressed import Record
from analyzer.report.money import short

STRESS_COMMAND = "analyzer stress --db FILE --out FILE"
"""Fills the tables that these sections show."""
_MARKED = 14
"""Up to so many bars carry their amount."""


def wall(material: Material) -> Section:
    """Per deployment and ray of prices: what becomes liquidatable at which price."""
    title = "Liquidation wall"
    rows = material.stressed.wall
    if not rows:
        return _missing("wall", title, "Wall", "where liquidations would begin as prices move")
    blocks: list[Block] = [
        Prose(
            "What becomes liquidatable as prices move away from the block's, step by step, at the"
            " block's value. The accounts of one step do not trigger those of another here: what"
            " they set off is in the section on contagion. Risk figures, not exact."
        )
    ]
    groups: dict[tuple[int, str], list[Record]] = defaultdict(list)
    for record in rows:
        groups[record["scan"], record["ray"]].append(record)
    for number, ((scan, ray), members) in enumerate(groups.items(), 1):
        blocks.append(_wall(material, number, scan, ray, members))
    return Section("wall", title, "Wall", tuple(blocks))


def stress(material: Material) -> Section:
    """Per deployment and scenario: bad debt over the size of the shock; then every result."""
    title = "Stress curve"
    rows = material.stressed.results
    if not rows:
        return _missing("stress", title, "Stress", "what a shock would cost")
    blocks: list[Block] = [
        Prose(
            "At once = at the shocked prices, before anybody reacts. After = when liquidations,"
            " their effect on prices and the losses they pass on have come to rest."
        )
    ]
    groups: dict[tuple[int, str], list[Record]] = defaultdict(list)
    for record in rows:
        if record["shock"] is not None:
            groups[record["scan"], record["scenario"]].append(record)
    for number, ((scan, scenario), members) in enumerate(groups.items(), 1):
        if len({record["shock"] for record in members}) > 1:
            blocks.append(_curve(material, number, scan, scenario, members))
    every = _results(material, "stress-table", f"All {len(rows):,} results", rows)
    filters = ("deployment", "scenario") if material.several else ("scenario",)
    blocks.append(replace(every, live=True, filters=filters))
    return Section("stress", title, "Stress", tuple(blocks))


def results_table(material: Material, key: str, rows: list[Record]) -> DataTable:
    """What one cascade does to each deployment."""
    return _results(material, key, "What it does", rows)


def _missing(key: str, title: str, name: str, what: str) -> Section:
    """The section of a snapshot that holds nothing for it."""
    text = f"Not computed: this snapshot does not hold {what}. This adds it:"
    return Section(key, title, name, (Prose(text, "doubt", STRESS_COMMAND),))


def change(multiple: float) -> str:
    """A multiple of the block's price as a change: 0.7 -> `-30 %`."""
    text = f"{(multiple - 1) * 100:+.4g}"
    return f"{'0' if float(text) == 0 else text} %"


def _wall(material: Material, number: int, scan: int, ray: str, members: list[Record]) -> Figure:
    """One ray: a bar a step, and each factor's share in the table."""
    levels: dict[float, list[Record]] = defaultdict(list)
    for record in members:
        levels[record["level"]].append(record)
    items = []
    for level in sorted(levels):
        value = sum(record["value_usd"] for record in levels[level])
        mark = brief(float(f"{value:.3g}")) if len(levels) <= _MARKED and value else ""
        text = f"{change(level)}: {value:,.0f}"
        items.append(Bar(change(level).removesuffix(" %"), value, "calm", text, mark))
    total = sum(item.value for item in items)
    title = f"{material.name(scan)}, {ray}"
    text = f"{total:,.0f} would become liquidatable over the whole ray."
    key = f"wall-{number}"
    svg = bars(key, items, "price change from, %", "value, USD",
               f"Liquidation wall, {title}. {text}")  # fmt: skip
    rows = tuple(
        row(
            change(record["level"]), record["factor"], record["accounts"],
            Cell(f"{record['value_usd']:,.2f}"), Cell(f"{record['cumulative_usd']:,.2f}"),
        )
        for record in sorted(members, key=lambda r: (-r["level"], r["factor"]))
    )  # fmt: skip
    names = "price change|risk factor|accounts|value|value so far"
    table = DataTable(f"{key}-table", f"Steps of {title}",
                      columns(names, "price change|accounts|value|value so far"), rows)  # fmt: skip
    return Figure(key, title, text, svg, (), table)


def _curve(
    material: Material, number: int, scan: int, scenario: str, members: list[Record]
) -> Figure:
    """One scenario: bad debt at once and after, over the change of the price."""
    steps = sorted(members, key=lambda record: record["shock"])
    lines = tuple(
        line
        for line in (
            _line("at once", "bad_debt_static_e18", steps),
            _line("after", "bad_debt_after_e18", steps),
            _line("funds that must pay", "fund_before_e18", steps),
        )
        if line.points
    )
    worst = max((r["bad_debt_after_e18"] for r in steps if r["bad_debt_after_e18"] is not None),
                default=None)  # fmt: skip
    title = f"{material.name(scan)}, {scenario}"
    text = f"Bad debt by shock; at most {short(worst)} after the cascade."
    key = f"stress-{number}"
    svg = curve(key, lines, "price change, %", "settlement currency",
                f"Stress curve, {title}. {text}")  # fmt: skip
    legend = tuple((f"s{place}", line.name) for place, line in enumerate(lines))
    table = _results(material, f"{key}-table", f"Shocks of {title}", steps)
    return Figure(key, title, text, svg, legend, table)


def _line(name: str, column: str, steps: list[Record]) -> Line:
    """The known points of one amount."""
    points = tuple(
        (
            (r["shock"] - 1) * 100,
            whole_units(r[column]),
            f"{change(r['shock'])}: {short(r[column])}",
        )
        for r in steps
        if r[column] is not None
    )
    return Line(name, points)


def _results(material: Material, key: str, title: str, records: Sequence[Record]) -> DataTable:
    """Results of scenarios, one a line."""
    names = (
        "scenario|price change|liquidatable|insolvent|bad debt at once|closed|closed value"
        "|bad debt after|funds|uncovered|amplified|unknown"
    )
    if material.several:
        names += "|deployment"
    numbers = names.removeprefix("scenario|").removesuffix("|deployment")
    note = (
        "Liquidatable, insolvent, bad debt at once: at the shocked prices. Funds: what must pay, at"
        " the block. Amplified: bad debt after / at once. Unknown accounts are in no sum."
    )
    made = tuple(_result(material, record) for record in records)
    return DataTable(key, title, columns(names, numbers), made, note)


def _result(material: Material, record: Record) -> Row:
    """One scenario on one deployment."""
    shock, factor = record["shock"], record["amplification"]
    cells = [
        row(record["scenario"]).cells[0],
        Cell("several" if shock is None else change(shock)),
        *row(record["liquidatable"], record["insolvent"]).cells,
        money(record["bad_debt_static_e18"]),
        *row(record["closed_accounts"]).cells,
        money(record["closed_value_e18"]),
        money(record["bad_debt_after_e18"]),
        money(record["fund_before_e18"]),
        money(record["uncovered_e18"]),
        Cell("–" if factor is None else f"{factor:,.2f}"),
        *row(record["unknown"]).cells,
    ]
    if material.several:
        cells.append(Cell(material.name(record["scan"])))
    return Row(tuple(cells))


def _at(record: Record, column: str) -> str:
    """What a point of a curve says."""
    return f"{change(record['shock'])}: {short(record[column])}"
