"""Who would pull whom down: cascades with their paths, and who would bear the losses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from analyzer.report.html.charts.bars import Bar, amounts
from analyzer.report.html.charts.graph import Flow, Node, graph
from analyzer.report.html.charts.scale import whole_units
from analyzer.report.html.content import (
    Block,
    Cell,
    DataTable,
    Fact,
    Facts,
    Figure,
    Fold,
    Prose,
    Row,
    Section,
    Title,
    columns,
    count,
    money,
    plain,
    row,
)
from analyzer.report.html.material import Material
from analyzer.report.html.sections.stress import change, results_table
from analyzer.report.html.stressed import Record, Stressed
from analyzer.report.money import short

CONTAGION_COMMAND = "analyzer contagion --db FILE --scenario NAME --out FILE"
"""Fills the tables that this section shows."""
CASCADES = 3
"""How many cascades a report shows: those with the largest bad debt."""
PATHS = 60
"""How many paths of a cascade are drawn and listed."""
VICTIMS = 50
"""How many failed accounts of a cascade are listed."""
_ORIGINS = ("shock", "past")
_NAME = 22
_WIDTHS = (1.0, 6.0)
"""Of a line: the thinnest, and how much thicker the thickest is."""
_LEGEND = (
    ("account", "account that fails"),
    ("holed", "account that leaves bad debt"),
    ("fund", "who pays"),
)


def contagion(material: Material) -> Section:
    """One part a cascade: what it is, what it does, the graph of its paths, who bears what."""
    title = "Contagion"
    shown = _cascades(material.stressed)
    if not shown:
        text = "Not computed: no cascade was written into this snapshot. This adds one:"
        blocks: tuple[Block, ...] = (Prose(text, "doubt", CONTAGION_COMMAND),)
        return Section("contagion", title, "Contagion", blocks)
    parts: list[Block] = []
    for number, cascade in enumerate(shown[:CASCADES], 1):
        parts += _cascade(material, number, cascade)
    left = len(shown) - CASCADES
    if left > 0:
        parts.append(Prose(f"{count(left, 'more cascade')} with less bad debt: see the table"
                           " contagion_runs of the snapshot."))  # fmt: skip
    return Section("contagion", title, "Contagion", tuple(parts))


def _cascades(stressed: Stressed) -> list[str]:
    """The cascades whose paths are known, the largest bad debt first."""
    known = {record["cascade_id"] for record in stressed.paths}
    debt: dict[str, int] = dict.fromkeys(sorted(known), 0)
    for record in stressed.results:
        if record["cascade_id"] in debt:
            debt[record["cascade_id"]] += record["bad_debt_after_e18"] or 0
    return sorted(debt, key=lambda cascade: (-debt[cascade], cascade))


def _cascade(material: Material, number: int, cascade: str) -> list[Block]:
    """Everything about one cascade."""
    stressed = material.stressed
    run = next((r for r in stressed.runs if r["cascade_id"] == cascade), None)
    blocks: list[Block] = []
    if run is not None:
        title = Title(f"{run['scenario']}: {run['title']}")
        blocks += [title, _facts(run), _depth(number, run)]
    results = stressed.of(stressed.results, cascade)
    blocks.append(results_table(material, f"cascade-{number}-results", results))
    paths = sorted(stressed.of(stressed.paths, cascade), key=lambda r: r["rank"])
    victims = stressed.of(stressed.victims, cascade)
    by_node = {victim["node"]: victim for victim in victims}
    blocks += _paths(number, paths, by_node, stressed.edges.get(cascade, 0))
    blocks += [_borne(number, victims), _failed(material, number, victims)]
    blocks.append(_rounds(material, number, stressed.of(stressed.rounds, cascade)))
    return blocks


def _facts(run: Record) -> Facts:
    """What the scenario is, how it was run, and what its numbers rest on."""
    moved = {factor: Fraction(text) for factor, text in run["shocks"].items()}
    shocks = ", ".join(
        f"{factor} {change(float(multiple))}" for factor, multiple in moved.items() if multiple != 1
    )
    checked = "every number checked" if run["verified"] else "NOT every number was checked"
    rest = "came to rest" if run["quiet"] else "had not come to rest when the rounds ran out"
    ledger = "closes in every round" if run["ledger_closes"] else "DOES NOT CLOSE"
    facts = [
        Fact("Scenario", f"{run['source']}; {checked} at its source",
             "plain" if run["verified"] else "doubt"),
        Fact("Prices", shocks or "none is moved"),
        Fact("How it ran", f"{count(run['rounds'], 'round')}, {rest}; order: {run['order_name']}",
             "plain" if run["quiet"] else "doubt"),
        Fact("Ledger", f"accounts, absorbers, liquidators and markets together: {ledger}",
             "good" if run["ledger_closes"] else "bad"),
    ]  # fmt: skip
    if run["unmapped"]:
        facts.append(Fact("Not moved", ", ".join(run["unmapped"]), "doubt"))
    facts += [Fact("Note", note) for note in run["notes"]]
    return Facts(tuple(facts))


def _depth(number: int, run: Record) -> Fold:
    """The depth that forced sales meet."""
    rows = tuple(
        row(factor, curve["name"], curve["source"]) for factor, curve in run["curves"].items()
    )
    names = columns("risk factor|curve|source")
    title = f"Depth that forced sales meet: {count(len(rows), 'market')}"
    if run["depth_multiplier"] not in (None, 1.0):
        title += f", times {run['depth_multiplier']:g}"
    table = DataTable(f"depth-{number}-table", "Depth by risk factor", names, rows)
    return Fold(f"depth-{number}", title, (table,))


def _paths(
    number: int, paths: Sequence[Record], victims: Mapping[str, Record], edges: int
) -> list[Block]:
    """The graph of the largest paths, and the paths in words; each can be followed."""
    listed = _chosen(paths)
    if not listed:
        return [Prose("No loss was passed on.", "good")]
    key = f"cascade-{number}"
    drawn = _drawn(key, listed, victims)
    more = len(paths) - len(listed)
    left = f"; {more:,} more are in the table contagion_paths" if more else ""
    spread = sum(1 for record in listed if _spreads(record))
    text = (
        f"{count(len(listed), 'path')} of losses, {spread:,} of them through another account that"
        f" fails{left}. {count(len(drawn.nodes), 'node')}, out of {edges:,} transmissions in the"
        " snapshot: only what reaches an account that fails, or somebody who pays."
    )
    title = "Contagion graph"
    svg = graph(key, drawn.nodes, drawn.flows, drawn.heads, f"{title}. {text}")
    return [Figure(key, title, text, svg, _LEGEND, None, graph=True),
            _listed(key, listed, drawn.routes)]  # fmt: skip


def _chosen(paths: Sequence[Record]) -> list[Record]:
    """The paths to show, in the order of their size: those on which one failure leads to another
    take up to half of the places, since the largest are mostly direct; then the largest."""
    known = [record for record in paths if record["steps"]]
    first = [record["rank"] for record in known if _spreads(record)][: PATHS // 2]
    others = [record["rank"] for record in known if record["rank"] not in first]
    chosen = {*first, *others[: PATHS - len(first)]}
    return [record for record in known if record["rank"] in chosen]


def _spreads(record: Record) -> bool:
    """Whether a path leads from one account that fails to another."""
    steps = record["steps"]
    nodes = [steps[0]["from"], *(step["to"] for step in steps)]
    return sum(str(node).startswith("account:") for node in nodes) > 1


def _listed(key: str, listed: Sequence[Record], routes: Sequence[tuple[str, ...]]) -> DataTable:
    """The paths in words."""
    rows = tuple(
        Row(
            (
                Cell(f"{record['rank']}"),
                money(record["amount_e18"]),
                _share(record["share_of_loss"]),
                plain(record["words"] or _words(record["steps"])),
            ),
            path=(key, *route),
        )
        for record, route in zip(listed, routes, strict=True)
    )
    return DataTable(
        f"{key}-paths", f"{count(len(listed), 'path')}: those through another account, and the"
        " largest",
        columns("path|amount|of the victim's loss|in words", "amount|of the victim's loss"), rows,
        "Losses of different victims must not be added: one that passes from an account to a fund"
        " is in both. Where scripts run, a path or a node of the graph can be followed, also by"
        " keyboard; Escape ends it.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What the graph shows. routes: each path's anchors in order."""

    nodes: list[Node]
    flows: list[Flow]
    heads: list[str]
    routes: list[tuple[str, ...]]


def _drawn(key: str, paths: Sequence[Record], victims: Mapping[str, Record]) -> _Drawn:
    """Nodes, flows, heads of the columns and routes of these paths."""
    first: dict[str, int] = {}
    leaving: set[str] = set()
    weight: dict[tuple[str, str], int] = defaultdict(int)
    said: dict[tuple[str, str], str] = {}
    for record in paths:
        for step in record["steps"]:
            start, end = step["from"], step["to"]
            first.setdefault(start, -1 if start in _ORIGINS else step["round"])
            first[end] = min(first.get(end, step["round"]), step["round"])
            leaving.add(start)
            weight[start, end] = max(weight[start, end], record["amount_e18"])
            said.setdefault((start, end), _step(step))
    when = {name: _time(name, at, name in leaving) for name, at in first.items()}
    times = sorted(set(when.values()))
    keys = {name: f"{key}-n{number}" for number, name in enumerate(sorted(first), 1)}
    names = {pair: f"{key}-e{number}" for number, pair in enumerate(weight, 1)}
    most = max((whole_units(value) for value in weight.values()), default=1.0) or 1.0
    nodes = [_node(keys[n], n, victims.get(n), times.index(when[n])) for n in sorted(first)]
    flows = [
        Flow(names[pair], keys[pair[0]], keys[pair[1]],
             f"{pair[0]} → {pair[1]}: {said[pair]}, up to {short(value)} on one path",
             _WIDTHS[0] + _WIDTHS[1] * sqrt(whole_units(value) / most))
        for pair, value in weight.items()
    ]  # fmt: skip
    routes = [_route(record["steps"], keys, names) for record in paths]
    return _Drawn(nodes, flows, [_head(at) for at in times], routes)


def _node(key: str, name: str, victim: Record | None, column: int) -> Node:
    """A node with what is known of it."""
    text, kind = name, _kind(name)
    if victim is not None:
        text += f": {'loses' if victim['failed'] else 'bears'} {short(victim['loss_e18'])}"
        if victim["failed"] and victim["round"] is not None:
            text += f", closed in round {victim['round']}"
        if victim["deficit_e18"]:
            text, kind = f"{text}, leaves bad debt {short(victim['deficit_e18'])}", f"{kind} holed"
    return Node(key, _short(name), text, kind, column)


_LAST = float("inf")


def _time(name: str, round_: int, leaves: bool) -> float:
    """When a node is hit: origins first, payers that pass nothing on last."""
    if name in _ORIGINS:
        return -1.0
    if name.startswith("account:"):
        return float(round_)
    return round_ + 0.5 if leaves else _LAST


def _head(at: float) -> str:
    """What stands above a column."""
    if at < 0:
        return "origin"
    if at == _LAST:
        return "who pays"
    return "hit by the shock" if at == 0 else f"by round {at:g}"


def _route(
    steps: Sequence[Record], keys: Mapping[str, str], names: Mapping[tuple[str, str], str]
) -> tuple[str, ...]:
    """The anchors of a path: node, flow, node, ..."""
    parts = [keys[steps[0]["from"]]]
    for step in steps:
        parts += [names[step["from"], step["to"]], keys[step["to"]]]
    return tuple(parts)


def _step(step: Record) -> str:
    """`price of ETH, round 2`."""
    what = f"{step['channel']} of {step['asset']}" if step["asset"] else f"{step['channel']}"
    return f"{what}, round {step['round']}"


def _words(steps: Sequence[Record]) -> str:
    """A path in words, where the snapshot has none."""
    text = str(steps[0]["from"])
    for step in steps:
        text += f" → ({_step(step)}) → {step['to']}"
    return text


def _short(name: str) -> str:
    """A node's name that fits beside it."""
    if name.startswith("unsettled"):
        return "charged to nobody"
    _, _, own = name.partition(":")
    _, _, last = (own or name).partition("/")
    text = last or own or name
    if text.startswith("0x") and len(text) > 14:
        return f"{text[:6]}…{text[-4:]}"
    return text if len(text) <= _NAME else f"{text[: _NAME - 1]}…"


def _kind(name: str) -> str:
    """The class of a node."""
    if name in _ORIGINS:
        return "source"
    return "account" if name.startswith("account:") else "fund"


def _share(share: float | None) -> Cell:
    """A share in percent."""
    return Cell("unknown", tone="unknown") if share is None else Cell(f"{share * 100:.2f} %")


def _borne(number: int, victims: Sequence[Record]) -> Block:
    """The waterfall under the scenario: who bears what."""
    title = "Loss waterfall under the scenario"
    rows = [record for record in victims if not record["failed"]]
    if not rows:
        return Prose(f"{title}: nobody had to bear a loss.", "good")
    items = [
        Bar(_layer(r), whole_units(r["loss_e18"] or 0),
            "danger" if r["node"].startswith("unsettled") else "calm",
            f"{r['node']}: {short(r['loss_e18'])}", short(r["loss_e18"]))
        for r in rows
    ]  # fmt: skip
    known = [r["loss_e18"] for r in rows if r["loss_e18"] is not None]
    text = f"{short(sum(known))} is borne by {count(len(rows), 'party')}."
    text = text.replace("partys", "parties")
    key = f"borne-{number}"
    table = DataTable(
        f"{key}-table", "Who bears what", columns("who|amount", "amount"),
        tuple(row(r["node"], money(r["loss_e18"])) for r in rows),
    )  # fmt: skip
    legend = (("calm", "charged to somebody"), ("danger", "charged to nobody yet"))
    return Figure(key, title, text, amounts(key, items, f"{title}. {text}"), legend, table)


def _layer(record: Record) -> str:
    """A bearer's name without its kind."""
    kind, _, own = record["node"].partition(":")
    return f"nobody yet, {own}" if kind == "unsettled" else str(own or kind)


def _failed(material: Material, number: int, victims: Sequence[Record]) -> DataTable:
    """The accounts that lose most."""
    rows = sorted((v for v in victims if v["failed"]), key=lambda v: (-v["loss_e18"], v["node"]))
    names = "account|closed in round|equity before|loss|bad debt left|closed value"
    if material.several:
        names += "|deployment"
    made = []
    for record in rows[:VICTIMS]:
        closed = "never" if record["round"] is None else f"{record['round']}"
        cells = row(
            record["account_id"], Cell(closed), money(record["equity_before_e18"]),
            money(record["loss_e18"]), money(record["deficit_e18"]),
            money(record["closed_value_e18"]),
        ).cells  # fmt: skip
        last = (Cell(material.name(record["scan"])),) if material.several else ()
        made.append(Row((*cells, *last)))
    left = len(rows) - len(made)
    note = f"{left:,} with smaller losses are in the table contagion_victims." if left else ""
    numbers = "closed in round|equity before|loss|bad debt left|closed value"
    return DataTable(
        f"failed-{number}", f"{len(made):,} of {count(len(rows), 'account')} that failed",
        columns(names, numbers, "account"), tuple(made), note,
    )  # fmt: skip


def _rounds(material: Material, number: int, rows: Sequence[Record]) -> DataTable:
    """The rounds of a cascade."""
    names = "round|closed|closed value|bad debt left|prices after|ledger"
    if material.several:
        names += "|deployment"
    made = []
    for record in sorted(rows, key=lambda r: (r["round"], r["scan"])):
        prices = ", ".join(f"{f} {float(m) * 100:.4g} %" for f, m in record["price_after"].items())
        ledger = Cell("closes") if record["ledger_closes"] else Cell("OFF", tone="bad")
        cells = row(
            record["round"], record["closed_accounts"], money(record["closed_value_e18"]),
            money(record["bad_debt_e18"]), prices, ledger,
        ).cells  # fmt: skip
        last = (Cell(material.name(record["scan"])),) if material.several else ()
        made.append(Row((*cells, *last)))
    numbers = "round|closed|closed value|bad debt left"
    return DataTable(
        f"rounds-{number}", "Rounds", columns(names, numbers), tuple(made),
        "Round 0 is the shock. Prices as a share of the block's.",
    )  # fmt: skip
