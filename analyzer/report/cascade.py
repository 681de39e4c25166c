"""One scenario's cascade as a document and as a page: rounds, who pays, the paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from analyzer.contagion.cascade import LeaveOneOut
from analyzer.contagion.cascade.result import Party
from analyzer.contagion.tell import facts_of, firewall_sentence, node_text, route_text, routes_of
from analyzer.contagion.trace import Firewall, amplification, made_of
from analyzer.findings.assessed import Assessed
from analyzer.model.finding import Finding
from analyzer.report.page import Block, Grid, Heading, Line
from analyzer.report.stress import (
    SCHEMA,
    Document,
    assumption_blocks,
    finding_entry,
    run_lines,
    scenario_document,
    scenario_findings,
    whole,
)

PATH_COLUMNS = ("rank", "path_id", "amount_e18", "share_of_loss", "victim", "words")
"""Columns of the CSV form: one row a path."""

_MOVES_SHOWN = 4
"""How many price moves a round shows: the largest."""
_ROUTES_SHOWN = 8
"""How many kinds of path the page shows."""
_DIRECT_SHOWN = 3
"""How many paths the page shows in which nothing spread."""
_CUTS_SHOWN = 3
"""How many places of a firewall the page names."""
_CHANGE_SHOWN = Fraction(1, 10_000)
"""A price that moved by less is not shown for a round: it would read as 0.0 %."""


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """What one order of liquidation leaves: bad debt of all deployments, accounts closed."""

    order: str
    bad_debt_e18: int
    closed: int


def cascade_document(
    run: Mapping[str, Any],
    one: Assessed,
    findings: Sequence[Finding],
    *,
    firewall: Firewall,
    saved: LeaveOneOut | None,
    orders: Sequence[OrderOutcome] = (),
    claims: Document | None = None,
) -> Document:
    """The document of `analyzer contagion`. Amounts are decimal strings of exact integers (18
    decimals), prices are shares of the block's.

    firewall: the cheapest cut. saved: what rescuing single accounts would have saved, None = it
    was not asked. orders: what every order of liquidation leaves; empty = it was not asked.
    claims: what the deployments are owed by each other, from `claims_document`.
    """
    result = one.result
    made = made_of(result.edges, result.failures.keys())
    whole_loss = amplification(result.edges, result.failures.keys())
    moved = {f: a for f in result.shock if (a := result.amplification(f)) is not None}
    routes = routes_of(one.paths)
    return {
        "schema": SCHEMA,
        "run": dict(run),
        "scenario": scenario_document(one),
        "rounds": [_round(one, number) for number in range(len(result.rounds))],
        "absorbed": [
            {"absorber": node, "deployment": one.venue_of_node(node), "amount_e18": str(amount)}
            for node, amount in sorted(result.absorbed.items(), key=lambda item: -item[1])
        ],
        "failed": len(result.failures),
        "losses_by_channel": [
            {"channel": channel, "asset": asset, "amount_e18": str(amount)}
            for (channel, asset), amount in made.by_channel.items()
        ],
        "amplification": {
            "losses": None if whole_loss is None else float(whole_loss),
            "prices": {factor: float(value) for factor, value in sorted(moved.items())},
        },
        "paths": [
            {
                "rank": rank,
                "path_id": path.path_id,
                "amount_e18": str(path.amount_e18),
                "share_of_loss": _share(one, path.victim, path.amount_e18),
                "victim": path.victim,
                "spreads": path.spreads,
                "words": sentence,
            }
            for rank, (path, sentence) in enumerate(
                zip(one.paths.paths, one.sentences, strict=True), 1
            )
        ],
        "routes": [
            {
                "words": route_text(route),
                "amount_e18": str(route.amount_e18),
                "paths": route.paths,
                "spreads": route.spreads,
            }
            for route in routes.routes
        ],
        "routes_rest_e18": str(routes.rest_e18),
        "firewall": _firewall(one, firewall),
        "what_if": [] if saved is None else _what_if(saved),
        "orders": [
            {
                "order": found.order,
                "bad_debt_e18": str(found.bad_debt_e18),
                "closed_accounts": found.closed,
            }
            for found in orders
        ],
        "claims": claims,
        "exhausted": list(result.exhausted),
        "withdrawn_e18": {name: str(value) for name, value in result.withdrawn_e18.items()},
        "findings": [finding_entry(finding) for finding in findings],
    }


def cascade_page(document: Mapping[str, Any], *, paths: int) -> list[Block]:
    """The cascade for people: what happens, round by round, who pays, by which `paths` ways."""
    scenario = document["scenario"]
    return [
        Heading(f"Contagion: {scenario['title']}"),
        *run_lines(document),
        Line("Source", scenario["source"]),
        *_notes(scenario),
        *_outcomes(scenario),
        _rounds_grid(document),
        *_paths_grid(document, paths),
        *_routes_grid(document),
        *_absorbed_grid(document),
        *_orders(document),
        *_amplifies(document),
        *_cuts(document),
        *_claims(document),
        *_exhausted(document),
        *assumption_blocks([scenario]),
        *scenario_findings(document["findings"]),
    ]


def _round(one: Assessed, number: int) -> Document:
    """One round as JSON has it."""
    found = one.result.rounds[number]
    return {
        "round": found.number,
        "step": found.step,
        "closed_accounts": len({(c.venue, c.account_id) for c in found.closed}),
        "closures": len(found.closed),
        "closed_value_e18": str(sum(c.executed.closure.value_e18 for c in found.closed)),
        "bad_debt_e18": str(found.bad_debt_e18),
        "sold_e18": {f: str(amount) for f, amount in sorted(found.sold_e18.items())},
        "price_before": {f: float(p) for f, p in sorted(found.price_before.items())},
        "price_after": {f: float(p) for f, p in sorted(found.price_after.items())},
        "ledger_e18": {party.value: str(found.ledger[party]) for party in Party},
        "ledger_closes": found.closes,
    }


def _share(one: Assessed, victim: str, amount: int) -> float | None:
    """A path's part of its victim's loss."""
    for found in one.paths.victims:
        if found.victim == victim and found.loss_e18 > 0:
            return amount / found.loss_e18
    return None


def _notes(scenario: Mapping[str, Any]) -> list[Block]:
    """What a reader should know of the scenario."""
    return [Line("Note", note, "doubt") for note in scenario["notes"]]


def _outcomes(scenario: Mapping[str, Any]) -> list[Block]:
    """One line a deployment: bad debt before, by the shock, after the cascade; what is left."""
    lines: list[Block] = []
    for result in scenario["results"]:
        uncovered = result["uncovered_e18"]
        bad = uncovered is None or int(uncovered) > 0
        unknown = f"; {result['unknown']:,} accounts unknown" if result["unknown"] else ""
        text = (
            f"{result['deployment']}: bad debt {whole(result['bad_debt_before_e18'])} at the "
            f"block, {whole(result['bad_debt_static_e18'])} at the shocked prices, "
            f"{whole(result['bad_debt_after_e18'])} after {result['closed_accounts']:,} accounts "
            f"were closed; fund {whole(result['fund_before_e18'])} before, "
            f"{whole(result['fund_left_e18'])} left, {whole(uncovered)} uncovered{unknown}"
        )
        lines.append(Line("Outcome", text, "bad" if bad else "good"))
    return lines


def _rounds_grid(document: Mapping[str, Any]) -> Grid:
    """The rounds, with the prices that moved most and the check that money is conserved."""
    rows = tuple(
        (
            str(found["round"]),
            f"{found['closed_accounts']:,}",
            whole(found["closed_value_e18"]),
            whole(found["bad_debt_e18"]),
            _moves(found) or "-",
            "0" if found["ledger_closes"] else "OFF",
        )
        for found in document["rounds"]
    )
    columns = ("round", "closed", "notional", "bad debt", "prices against the block's", "ledger")
    return Grid(
        "Rounds",
        columns,
        rows,
        frozenset({*columns[:4], "ledger"}),
        "Round 0 is the shock. ledger: accounts + absorbers + liquidators + market + rounding.",
    )


def _moves(found: Mapping[str, Any]) -> str:
    """The largest price moves of a round, each as where the price now stands."""
    before, after = found["price_before"], found["price_after"]
    changed = [
        (abs(after[f] - before[f]), f) for f in after if abs(after[f] - before[f]) >= _CHANGE_SHOWN
    ]
    largest = sorted(changed, key=lambda item: (-item[0], item[1]))
    text = ", ".join(f"{f} {after[f] - 1:+.1%}" for _, f in largest[:_MOVES_SHOWN])
    left = len(largest) - _MOVES_SHOWN
    return text + (f" and {left} more" if left > 0 else "")


def _absorbed_grid(document: Mapping[str, Any]) -> list[Block]:
    """Who bears the losses."""
    rows = tuple((a["absorber"], whole(a["amount_e18"])) for a in document["absorbed"])
    if not rows:
        return [Line("Who pays", "nobody: there is no bad debt", "good")]
    note = "unsettled: negative equity that nobody has been charged with."
    return [Grid("Losses by absorber", ("absorber", "bears"), rows, frozenset({"bears"}), note)]


def _routes_grid(document: Mapping[str, Any]) -> list[Block]:
    """Paths of one kind together, the largest of those on which one failure led to another."""
    spreading = [route for route in document["routes"] if route["spreads"]]
    if not spreading:
        return []
    shown = spreading[:_ROUTES_SHOWN]
    rows = tuple((whole(r["amount_e18"]), f"{r['paths']:,}", r["words"]) for r in shown)
    left = len(spreading) - len(shown)
    columns = ("amount", "paths", "route")
    note = f"{left:,} more in --format json." if left else ""
    title = "Routes by which losses spread to those who pay"
    return [Grid(title, columns, rows, frozenset(columns[:2]), note)]


def _paths_grid(document: Mapping[str, Any], paths: int) -> list[Block]:
    """The largest paths in words: those from one failure to another first, for the others only
    say who was hit by the shock itself and who paid for them."""
    blocks: list[Block] = []
    kinds = (("From one failure to the next", True), ("Straight from the shock", False))
    for title, spreads in kinds:
        found = [p for p in document["paths"] if p["spreads"] is spreads]
        shown = found[: paths if spreads else min(paths, _DIRECT_SHOWN)]
        if not shown:
            continue
        left = len(found) - len(shown)
        note = f"{left:,} more in --format json." if left else ""
        rows = tuple((whole(p["amount_e18"]), p["words"]) for p in shown)
        columns = ("amount", "what happened")
        blocks.append(Grid(title, columns, rows, frozenset({"amount"}), note))
    return blocks or [Line("Paths", "nobody lost anything by the shock", "good")]


def _orders(document: Mapping[str, Any]) -> list[Block]:
    """The range over the orders of liquidation."""
    found = sorted(document["orders"], key=lambda order: int(order["bad_debt_e18"]))
    if not found:
        return []
    least, most = found[0], found[-1]
    text = (
        f"bad debt is {whole(least['bad_debt_e18'])} ({least['order']}) to "
        f"{whole(most['bad_debt_e18'])} ({most['order']}) over {len(found)} orders of liquidation"
    )
    return [Line("Range", text, "plain" if least == most else "doubt")]


def _amplifies(document: Mapping[str, Any]) -> list[Block]:
    """By how much the cascade adds to the shock."""
    found = document["amplification"]
    blocks: list[Block] = []
    if found["losses"] is not None:
        text = f"failed accounts lost {found['losses']:.2f} times what the shock alone took"
        blocks.append(Line("Amplifies", text, "bad" if found["losses"] > 1 else "good"))
    for factor, value in found["prices"].items():
        if value > 1:
            text = f"{factor} moved {value:.2f} times as far as the scenario pushed it"
            blocks.append(Line("", text, "bad"))
    return blocks


def _firewall(one: Assessed, found: Firewall) -> Document:
    """The cheapest cut as JSON has it."""
    return {
        "words": firewall_sentence(found, facts_of(one.result), most=_CUTS_SHOWN),
        "amount_e18": str(found.amount_e18),
        "protected_e18": str(found.protected_e18),
        "cut": [
            {
                "round": edge.round,
                "from": edge.from_node,
                "channel": str(edge.channel),
                "asset": edge.asset,
                "to": edge.to_node,
                "amount_e18": str(edge.amount_e18),
            }
            for edge in found.cut
        ],
    }


def _what_if(saved: LeaveOneOut) -> list[Document]:
    """What rescuing each account alone would have saved, the most first."""
    return [
        {
            "account": account,
            "words": node_text(account),
            "bad_debt_e18": str(saved.without[account]),
            "saved_e18": str(amount),
        }
        for account, amount in sorted(saved.saved.items(), key=lambda item: (-item[1], item[0]))
    ]


def _exhausted(document: Mapping[str, Any]) -> list[Block]:
    """Markets that were sold further than anything is known of their depth."""
    if not document["exhausted"]:
        return []
    listed = ", ".join(document["exhausted"])
    text = f"{listed}: sold beyond what the curve knows, so the price there is an assumption"
    return [Line("Sold out", text, "doubt")]


def _claims(document: Mapping[str, Any]) -> list[Block]:
    """What the deployments are owed by each other, where there is more than one."""
    found = document["claims"]
    if found is None or len(document["scenario"]["results"]) < 2:
        return []
    blocks: list[Block] = [
        Line(
            "Claims",
            f"{claim['creditor']} holds {whole(claim['amount_e18'])} of {claim['debtor']}'s token"
            f" {claim['token']}: worth {claim['recovery']:.4f} of it after this",
            "plain" if claim["recovery"] == 1 else "bad",
        )
        for claim in found["tokens"]
    ]
    blocks += [
        Line(
            "Claims",
            f"{held['creditor']}'s {held['role']} is an account of {held['debtor']}, with equity "
            f"{'unknown' if held['equity_e18'] is None else whole(held['equity_e18'])}",
        )
        for held in found["accounts"]
    ]
    if found["problem"] is not None:
        blocks.append(Line("Claims", f"not worked out: {found['problem']}", "doubt"))
    elif not blocks:
        blocks.append(
            Line("Claims", "no deployment here holds another's token or an account of it")
        )
    return blocks


def _cuts(document: Mapping[str, Any]) -> list[Block]:
    """What would have cut the cascade, in the accounting and in a second run."""
    found, blocks = document["firewall"], list[Block]()
    if document["paths"]:
        blocks.append(Line("Firewall", found["words"]))
    for rescued in document["what_if"]:
        kept = int(rescued["saved_e18"])
        blocks.append(
            Line(
                "What if",
                f"without the failure of {rescued['words']} bad debt would have been "
                f"{whole(rescued['bad_debt_e18'])} ({whole(str(-kept))})",
                "good" if kept > 0 else "plain",
            )
        )
    return blocks
