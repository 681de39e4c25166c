"""Who would pull whom down: cascades with their paths, and who would bear the losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from analyzer.model.bearers import bearers_of
from analyzer.report.html.charts.bars import Bar, amounts
from analyzer.report.html.charts.graph import graph
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
from analyzer.report.html.material import Material, place_of
from analyzer.report.html.sections.paths import chosen, drawn_paths, spreads, words
from analyzer.report.html.sections.stress_table import change
from analyzer.report.html.stressed import Record, Stressed
from analyzer.report.money import short

CONTAGION_COMMAND = "analyzer contagion --db FILE --scenario NAME --out FILE"
"""Fills the tables that this section shows."""
CASCADES = 3
"""How many cascades a report shows: those with the largest bad debt."""
VICTIMS = 50
"""How many failed accounts of a cascade are listed."""
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
    """The cascades whose paths are known, the largest bad debt first, at the market's prices: a
    stopped oracle hides none."""
    known = {record["cascade_id"] for record in stressed.paths}
    debt: dict[str, int] = dict.fromkeys(sorted(known), 0)
    for record in stressed.results:
        if record["cascade_id"] in debt:
            debt[record["cascade_id"]] += record["bad_debt_after_market_e18"] or 0
    return sorted(debt, key=lambda cascade: (-debt[cascade], cascade))


def _cascade(material: Material, number: int, cascade: str) -> list[Block]:
    """Everything about one cascade."""
    stressed = material.stressed
    run = next((r for r in stressed.runs if r["cascade_id"] == cascade), None)
    blocks: list[Block] = []
    if run is not None:
        title = Title(f"{run['scenario']}: {run['title']}")
        blocks += [title, _facts(run), _depth(number, run, stressed.of(stressed.markets, cascade))]
    results = stressed.of(stressed.results, cascade)
    blocks.append(Facts(tuple(_result(material, record) for record in results)))
    paths = sorted(stressed.of(stressed.paths, cascade), key=lambda r: r["rank"])
    victims = stressed.of(stressed.victims, cascade)
    by_node = {victim["node"]: victim for victim in victims}
    blocks += _paths(number, paths, by_node, stressed.edges.get(cascade, 0))
    blocks += [_borne(material, number, victims), _failed(material, number, victims)]
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
    if run["exhausted"]:
        text = f"{', '.join(run['exhausted'])}: more was to be traded than the market bears"
        facts.append(Fact("Depth ended", text, "doubt"))
    half, double = run["bad_debt_half_depth_e18"], run["bad_debt_double_depth_e18"]
    if half is not None and double is not None:
        text = f"{short(half)} with half of every depth, {short(double)} with double"
        facts.append(Fact("Bad debt", text))
    least, most = run["bad_debt_least_e18"], run["bad_debt_most_e18"]
    if least is not None and most is not None:
        text = (
            f"{short(least)} ({run['bad_debt_least_order']}) to {short(most)}"
            f" ({run['bad_debt_most_order']}) by the order of liquidation"
        )
        facts.append(Fact("Range", text, "plain" if least == most else "doubt"))
    facts += [Fact("Note", note) for note in run["notes"]]
    return Facts(tuple(facts))


def _result(material: Material, record: Record) -> Fact:
    """What it does to one deployment; the section on stress has every number of it."""
    closed = count(record["closed_accounts"], "account")
    text = (
        f"bad debt {short(record['bad_debt_static_e18'])} at once,"
        f" {short(record['bad_debt_after_e18'])} after; {closed} closed, worth"
        f" {short(record['closed_value_e18'])}; {short(record['uncovered_e18'])} beyond the funds"
    )
    return Fact(material.name(record["scan"]), text)


def _depth(number: int, run: Record, markets: Sequence[Record]) -> Fold:
    """The markets that forced trades go through, and what they did there."""
    first = min((m["scan"] for m in markets), default=0)
    rows = tuple(
        row(
            m["factor"],
            m["against"],
            "none" if m["depth_usd"] is None else f"{m['depth_usd']:,.0f}",
            money(m["sold_e18"]),
            money(m["bought_e18"]),
            money(m["unsold_e18"] - m["unbought_e18"]),
            change(m["price_shocked"]),
            change(m["price_after"]),
            f"{m['curve'] or 'unknown'}: {m['source']}",
        )
        for m in markets
        if m["scan"] == first
    )
    names = columns(
        "risk factor|against|10 % depth, USD|sold|bought|left over|at the shock|after|curve"
    )
    title = f"Depth that forced sales meet: {count(len(rows), 'market')}"
    if run["depth_multiplier"] not in (None, 1.0):
        title += f", times {run['depth_multiplier']:g}"
    table = DataTable(f"depth-{number}-table", "Depth by risk factor", names, rows)
    return Fold(f"depth-{number}", title, (table,))


def _paths(
    number: int, paths: Sequence[Record], victims: Mapping[str, Record], edges: int
) -> list[Block]:
    """The graph of the largest paths, and the paths in words; each can be followed."""
    listed = chosen(paths)
    if not listed:
        return [Prose("No loss was passed on.", "good")]
    key = f"cascade-{number}"
    drawn = drawn_paths(key, listed, victims)
    more = len(paths) - len(listed)
    left = f"; {more:,} more are in the table contagion_paths" if more else ""
    spread = sum(1 for record in listed if spreads(record))
    text = (
        f"{count(len(listed), 'path')} of losses, {spread:,} of them through another account that"
        f" fails{left}. {count(len(drawn.nodes), 'node')}, out of {edges:,} transmissions in the"
        " snapshot: only what reaches an account that fails, or somebody who pays."
    )
    title = "Contagion graph"
    svg = graph(key, drawn.nodes, drawn.flows, drawn.heads, f"{title}. {text}")
    return [Figure(key, title, text, svg, _LEGEND, None, graph=True),
            _listed(key, listed, drawn.routes)]  # fmt: skip


def _listed(key: str, listed: Sequence[Record], routes: Sequence[tuple[str, ...]]) -> DataTable:
    """The paths in words."""
    rows = tuple(
        Row(
            (
                Cell(f"{record['rank']}"),
                plain(record["words"] or words(record["steps"])),
                money(record["amount_e18"]),
                _share(record["share_of_loss"]),
            ),
            path=(key, *route),
        )
        for record, route in zip(listed, routes, strict=True)
    )
    return DataTable(
        f"{key}-paths", f"{count(len(listed), 'path')}: those through another account, and the"
        " largest",
        columns("path|in words|amount|of the victim's loss", "amount|of the victim's loss"), rows,
        "Losses of different victims must not be added: one that passes from an account to a fund"
        " is in both. Where scripts run, a path or a node of the graph can be followed, also by"
        " keyboard; Escape ends it.",
    )  # fmt: skip


def _share(share: float | None) -> Cell:
    """A share in percent."""
    return Cell("unknown", tone="unknown") if share is None else Cell(f"{share * 100:.2f} %")


def _borne(material: Material, number: int, victims: Sequence[Record]) -> Block:
    """The waterfall under the scenario: who bears what."""
    title = "Loss waterfall under the scenario"
    rows = [record for record in victims if not record["failed"]]
    if not rows:
        return Prose(f"{title}: nobody had to bear a loss.", "good")
    items = [
        Bar(bearer(material, r["node"]), whole_units(r["loss_e18"] or 0),
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


def bearer(material: Material, node: str) -> str:
    """A bearer's name without its kind; of what nobody bears yet, who it will be by the protocol's
    rules."""
    kind, _, own = node.partition(":")
    if kind != "unsettled":
        return str(own or kind)
    rows = next((scan.backstops for scan in material.scans if scan.deployment == own), ())
    who = bearers_of(rows)
    return f"nobody yet, {own}; in the end {who}" if who else f"nobody yet, {own}"


def _failed(material: Material, number: int, victims: Sequence[Record]) -> DataTable:
    """The accounts that lose most."""
    rows = sorted((v for v in victims if v["failed"]), key=lambda v: (-v["loss_e18"], v["node"]))
    names = "account|closed in round|equity before|loss|bad debt left|closed value"
    if material.several:
        names += "|deployment"
    made = []
    for record in rows[:VICTIMS]:
        closed = "never" if record["round"] is None else f"{record['round']}"
        who = record["account_id"]
        cells = row(
            Cell(who, link=place_of(material, record["scan"], who)), Cell(closed),
            money(record["equity_before_e18"]), money(record["loss_e18"]),
            money(record["deficit_e18"]), money(record["closed_value_e18"]),
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
