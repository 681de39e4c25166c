"""What falling prices would do: the liquidation wall and the stress curve."""

from __future__ import annotations

from collections import defaultdict
from math import floor

from analyzer.report.html.charts.bars import Bar, bars
from analyzer.report.html.charts.curve import Line, curve
from analyzer.report.html.charts.scale import brief, whole_units
from analyzer.report.html.content import (
    Block,
    Cell,
    DataTable,
    Figure,
    Prose,
    Section,
    columns,
    row,
)
from analyzer.report.html.material import Material
from analyzer.report.html.sections.cover import cover_table
from analyzer.report.html.sections.stress_table import (
    change,
    results_by_deployment,
    shocks_table,
)
from analyzer.report.html.stressed import Record
from analyzer.report.money import short

STRESS_COMMAND = "analyzer stress --db FILE --out FILE"
"""Fills the tables that these sections show."""
STEP = 5
"""Width of a step of the wall, in percent of the block's price."""
NOW = 10**6
"""The step of the block's own price: before all others, whichever way prices go."""
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
    """Per deployment and scenario: bad debt over the size of the shock; then every other result."""
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
    curves = [
        members for members in groups.values() if len({record["shock"] for record in members}) > 1
    ]
    blocks += [_curve(material, number, members) for number, members in enumerate(curves, 1)]
    drawn = {id(record) for members in curves for record in members}
    others = [record for record in rows if id(record) not in drawn]
    blocks += [cover_table(material), *results_by_deployment(material, others)]
    return Section("stress", title, "Stress", tuple(blocks))


def _missing(key: str, title: str, name: str, what: str) -> Section:
    """The section of a snapshot that holds nothing for it."""
    text = f"Not computed: this snapshot does not hold {what}. This adds it:"
    return Section(key, title, name, (Prose(text, "doubt", STRESS_COMMAND),))


def _wall(material: Material, number: int, scan: int, ray: str, members: list[Record]) -> Figure:
    """One ray: a bar a step of `STEP` of the price, and each factor's share in the table. What is
    liquidatable at the block's own price is no step: it would flatten the others."""
    value: dict[tuple[int, str], float] = defaultdict(float)
    accounts: dict[tuple[int, str], int] = defaultdict(int)
    for record in members:
        place = _step(record["level"]), record["factor"]
        value[place] += record["value_usd"]
        accounts[place] += record["accounts"]
    now = sum(amount for (at, _), amount in value.items() if at == NOW)
    known = [step for step, _ in value if step != NOW]
    steps = range(min(known), max(known) + 1) if known else range(0)
    items = []
    for step in steps:
        total = sum(amount for (at, _), amount in value.items() if at == step)
        mark = brief(float(f"{total:.3g}")) if len(steps) <= _MARKED and total else ""
        text = f"{_step_name(step)}: {total:,.0f}"
        items.append(Bar(_step_name(step).removesuffix(" %"), total, "calm", text, mark))
    title = f"{material.name(scan)}, {ray}"
    text = f"{now:,.0f} is liquidatable now, at the block's price, and not drawn; "
    text += f"{sum(item.value for item in items):,.0f} more becomes so over the whole ray."
    key = f"wall-{number}"
    svg = bars(key, items, f"price change from, % (steps of {STEP} %)", "value, USD",
               f"Liquidation wall, {title}. {text}")  # fmt: skip
    so_far: dict[str, float] = defaultdict(float)
    rows = []
    for step, factor in sorted(value, key=lambda place: (-place[0], place[1])):
        so_far[factor] += value[step, factor]
        cells = Cell(f"{value[step, factor]:,.2f}"), Cell(f"{so_far[factor]:,.2f}")
        rows.append(row(Cell(_step_name(step)), factor, accounts[step, factor], *cells))
    names = "price change from|risk factor|accounts|value|value so far"
    table = DataTable(
        f"{key}-table", f"Steps of {title}",
        columns(names, "price change from|accounts|value|value so far"), tuple(rows),
        "An account is counted under each factor that it holds or owes; liquidation_wall has every"
        " level.",
    )  # fmt: skip
    return Figure(key, title, text, svg, (), table)


def _step(level: float) -> int:
    """The step that a multiple of the price lies in: its lower end is step x `STEP` percent; the
    block's own price is `NOW`."""
    return NOW if level == 1 else floor(round(level * 100 / STEP, 9))


def _step_name(step: int) -> str:
    """Where a step begins, as a change of the price."""
    return "now" if step == NOW else change(step * STEP / 100)


def _curve(material: Material, number: int, members: list[Record]) -> Figure:
    """One scenario: bad debt at once and after, over the change of the price."""
    scan, scenario = members[0]["scan"], members[0]["scenario"]
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
    table = shocks_table(f"{key}-table", f"Shocks of {title}", steps)
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
