"""Who would pull whom down: cascades with their paths, and who would bear the losses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from analyzer.report.html.charts.bars import Bar, amounts
from analyzer.report.html.charts.graph import Flow, Node, graph
from analyzer.report.html.charts.scale import symlog, whole_units
from analyzer.report.html.content import (
    Block,
    Cell,
    DataTable,
    Fact,
    Facts,
    Figure,
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
from analyzer.report.html.sections.stress import results_table
from analyzer.report.html.stressed import Record, Stressed
from analyzer.report.money import short

CONTAGION_COMMAND = "analyzer contagion --db FILE --scenario NAME --out FILE"
"""Fills the tables that this section shows."""
CASCADES = 3
"""How many cascades a report shows: those with the largest bad debt."""
PATHS = 60
"""How many paths of a cascade are drawn and listed."""
_ORIGINS = ("shock", "past")
_NAME = 22
_WIDTHS = (1.0, 7.0)


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
        parts.append(Prose(f"{count(left, 'more cascade')} with less bad debt: see `contagion_runs`"
                           " in the snapshot."))  # fmt: skip
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
        blocks += [Title(f"{run['scenario']}: {run['title']}"), _facts(run)]
    results = stressed.of(stressed.results, cascade)
    blocks.append(results_table(material, f"cascade-{number}-results", results))
    paths = sorted(stressed.of(stressed.paths, cascade), key=lambda r: r["rank"])
    blocks += _paths(number, cascade, paths, stressed)
    blocks.append(_borne(number, stressed.of(stressed.absorbed, cascade)))
    blocks.append(_rounds(material, number, stressed.of(stressed.rounds, cascade)))
    return blocks


def _facts(run: Record) -> Facts:
    """What the scenario is, how it was run, and what its numbers rest on."""
    shocks = ", ".join(f"{factor} × {multiple}" for factor, multiple in run["shocks"].items())
    curves = "; ".join(
        f"{factor}: {curve['name']} ({curve['source']})" for factor, curve in run["curves"].items()
    )
    rest = "came to rest" if run["quiet"] else "had not come to rest when the rounds ran out"
    ledger = "closes in every round" if run["ledger_closes"] else "DOES NOT CLOSE"
    checked = "every number checked" if run["verified"] else "NOT every number was checked"
    facts = [
        Fact("Scenario", f"{run['source']}; {checked} at its source",
             "good" if run["verified"] else "doubt"),
        Fact("Prices", shocks or "none is moved"),
        Fact("How it ran", f"{count(run['rounds'], 'round')}, {rest}; order: {run['order_name']}",
             "plain" if run["quiet"] else "doubt"),
        Fact("Ledger", f"accounts, absorbers, liquidators and markets together: {ledger}",
             "good" if run["ledger_closes"] else "bad"),
        Fact("Depth", curves or "no curve was used"),
    ]  # fmt: skip
    if run["unmapped"]:
        facts.append(Fact("Not moved", ", ".join(run["unmapped"]), "doubt"))
    facts += [Fact("Note", note) for note in run["notes"]]
    return Facts(tuple(facts))


def _paths(number: int, cascade: str, paths: Sequence[Record], stressed: Stressed) -> list[Block]:
    """The graph of the largest paths, and the paths in words; each can be followed."""
    listed = [record for record in paths[:PATHS] if record["steps"]]
    key = f"cascade-{number}"
    edges = stressed.edges.get(cascade, 0)
    nodes, flows, heads, routes = _drawn(key, listed)
    more = len(paths) - len(listed)
    left = f"; {more:,} smaller ones are not" if more else ""
    text = (
        f"The {count(len(listed), 'largest path')} of losses{left}: "
        f"{count(len(nodes), 'node')}, {count(len(flows), 'transmission')} of {edges:,} in the"
        " snapshot. Points are accounts that fail, boxes are origins and whoever pays."
    )
    title = "Contagion graph"
    table = DataTable(
        f"{key}-paths",
        f"The {count(len(listed), 'largest path')}",
        columns("path|amount|share|in words", "amount|share"),
        tuple(
            Row(
                (Cell(f"{record['rank']}"), money(record["amount_e18"]), _share(record["share"]),
                 plain(record["words"] or _words(record["steps"]))),
                path=(key, *route),
            )
            for record, route in zip(listed, routes, strict=True)
        ),
        "Losses of different victims must not be added: one that passes from an account to a fund"
        " is in both. With scripts on, a path, or a node of the graph, can be followed; Escape"
        " ends it.",
    )  # fmt: skip
    if not listed:
        return [Prose("No loss was passed on.", "good")]
    svg = graph(key, nodes, flows, heads, f"{title}. {text}")
    legend = (
        ("account", "account that fails"),
        ("holed", "account that leaves bad debt"),
        ("fund", "whoever pays"),
    )
    return [Figure(key, title, text, svg, legend, None, graph=True), table]


def _drawn(
    key: str, paths: Sequence[Record]
) -> tuple[list[Node], list[Flow], list[str], list[tuple[str, ...]]]:
    """Nodes, flows, heads of the columns, and each path's parts in order."""
    incoming: dict[str, int] = {}
    leaving: set[str] = set()
    holed: set[str] = set()
    weight: dict[tuple[str, str], int] = defaultdict(int)
    said: dict[tuple[str, str], str] = {}
    for record in paths:
        for round_, start, channel, asset, end in record["steps"]:
            incoming.setdefault(start, -1 if start in _ORIGINS else round_)
            incoming[end] = min(incoming.get(end, round_), round_)
            leaving.add(start)
            if channel == "deficit":
                holed.add(start)
            weight[start, end] = max(weight[start, end], record["amount_e18"])
            said.setdefault((start, end), _step(round_, channel, asset))
    when = {name: _time(name, at, name in leaving) for name, at in incoming.items()}
    times = sorted(set(when.values()))
    keys = {name: f"{key}-n{number}" for number, name in enumerate(sorted(incoming), 1)}
    nodes = [
        Node(keys[name], _short(name), name, _kind(name, name in holed), times.index(when[name]))
        for name in sorted(incoming)
    ]
    most = max((symlog(whole_units(value)) for value in weight.values()), default=1.0) or 1.0
    low, high = _WIDTHS
    names = {pair: f"{key}-e{number}" for number, pair in enumerate(weight, 1)}
    flows = [
        Flow(names[start, end], keys[start], keys[end],
             f"{start} → {end}: {said[start, end]}, up to {short(value)} on one path",
             low + (high - low) * symlog(whole_units(value)) / most)
        for (start, end), value in weight.items()
    ]  # fmt: skip
    routes = [_route(record["steps"], keys, names) for record in paths]
    return nodes, flows, [_head(at) for at in times], routes


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
    steps: Sequence[Sequence[object]], keys: dict[str, str], names: dict[tuple[str, str], str]
) -> tuple[str, ...]:
    """The anchors of a path: node, flow, node, ..."""
    parts = [keys[str(steps[0][1])]]
    for _, start, _, _, end in steps:
        parts += [names[str(start), str(end)], keys[str(end)]]
    return tuple(parts)


def _step(round_: object, channel: object, asset: object) -> str:
    """`price of ETH, round 2`."""
    what = f"{channel} of {asset}" if asset else f"{channel}"
    return f"{what}, round {round_}"


def _words(steps: Sequence[Sequence[object]]) -> str:
    """A path in words, where the snapshot has none."""
    text = str(steps[0][1])
    for round_, _, channel, asset, end in steps:
        text += f" → ({_step(round_, channel, asset)}) → {end}"
    return text


def _short(name: str) -> str:
    """A node's name that fits beside it."""
    _, _, own = name.partition(":")
    _, _, last = (own or name).partition("/")
    text = last or own or name
    if text.startswith("0x") and len(text) > 14:
        return f"{text[:6]}…{text[-4:]}"
    return text if len(text) <= _NAME else f"{text[: _NAME - 1]}…"


def _kind(name: str, holed: bool) -> str:
    """The class of a node."""
    if name in _ORIGINS:
        return "source"
    if name.startswith("account:"):
        return "account holed" if holed else "account"
    return "fund"


def _share(share: float | None) -> Cell:
    """A share in percent."""
    return Cell("unknown", tone="unknown") if share is None else Cell(f"{share * 100:.2f} %")


def _borne(number: int, rows: Sequence[Record]) -> Block:
    """The waterfall under the scenario: who bears what."""
    title = "Loss waterfall under the scenario"
    if not rows:
        return Prose(f"{title}: nobody had to bear a loss.", "good")
    items = [
        Bar(r["absorber"], whole_units(r["amount_e18"] or 0),
            "danger" if r["absorber"].startswith("unsettled") else "calm",
            f"{r['absorber']}: {short(r['amount_e18'])}", short(r["amount_e18"]))
        for r in rows
    ]  # fmt: skip
    known = [r["amount_e18"] for r in rows if r["amount_e18"] is not None]
    text = f"{count(len(rows), 'absorber')} bear {short(sum(known))}."
    key = f"borne-{number}"
    table = DataTable(
        f"{key}-table", "Who bears what", columns("absorber|amount", "amount"),
        tuple(row(r["absorber"], money(r["amount_e18"])) for r in rows),
    )  # fmt: skip
    legend = (("calm", "charged to a layer"), ("danger", "charged to nobody yet"))
    return Figure(key, title, text, amounts(key, items, f"{title}. {text}"), legend, table)


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
