"""One scenario's cascade as a page: rounds, who pays, the paths."""

from __future__ import annotations

from fractions import Fraction

from analyzer.documents.contagion import ContagionDocument, RoundEntry
from analyzer.documents.encode import to_json
from analyzer.documents.scenario import ScenarioEntry
from analyzer.report.impairment import impairment_blocks
from analyzer.report.markets import markets_grid, sensitivity_lines
from analyzer.report.orders import range_lines
from analyzer.report.page import Block, Grid, Heading, Line
from analyzer.report.stress import (
    assumption_blocks,
    implausible_lines,
    run_lines,
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
_AMPLIFIED = 1.05
"""A price that moved less than this times the scenario's own move is not told by itself."""
_CHANGE_SHOWN = Fraction(1, 10_000)
"""A price that moved by less is not shown for a round: it would read as 0.0 %."""


def path_rows(document: ContagionDocument) -> tuple[tuple[str, ...], list[list[object]]]:
    """(columns, one row a path) for the CSV form."""
    written = [to_json(path) for path in document.paths]
    return PATH_COLUMNS, [[path[name] for name in PATH_COLUMNS] for path in written]


def cascade_page(document: ContagionDocument, *, paths: int) -> list[Block]:
    """The cascade for people: what happens, round by round, who pays, by which `paths` ways."""
    scenario = document.scenario
    return [
        Heading(f"Contagion: {scenario.title}"),
        *run_lines(document),
        *implausible_lines([scenario]),
        Line("Source", scenario.source),
        *_notes(scenario),
        *_outcomes(scenario),
        *impairment_blocks(document),
        _rounds_grid(document),
        *_paths_grid(document, paths),
        *_routes_grid(document),
        *_absorbed_grid(document),
        *_profit_cuts(document),
        *_amplifies(document),
        *_cuts(document),
        *_claims(document),
        markets_grid(document.markets),
        *sensitivity_lines(document.sensitivity),
        *range_lines([scenario]),
        *_exhausted(document),
        *assumption_blocks([scenario]),
        *scenario_findings(document.findings),
    ]


def _profit_cuts(document: ContagionDocument) -> list[Block]:
    """Who pays of winners' profits under each policy, a table a round in which it came to that."""
    columns = ("policy", "pay", "paid", "uncovered", "pays most", "amount", "unlike pro rata")
    blocks: list[Block] = []
    for cut in document.profit_cuts:
        rows = tuple(
            (
                f"{p.policy}{f' at {p.cap:.0%}' if p.cap < 1 else ''}"
                f"{' (its own)' if p.policy == cut.policy else ''}",
                f"{p.payers:,}",
                whole(p.paid_e18),
                whole(p.uncovered_e18),
                p.largest or "-",
                whole(p.largest_e18),
                whole(p.moved_e18),
            )
            for p in cut.policies
        )
        title = (
            f"Winners of {cut.deployment} pay in round {cut.round}: {whole(cut.paid_e18)} of"
            f" {whole(cut.budget_e18)}, {cut.winners:,} have profits"
        )
        note = "Every policy on this deficit and these winners. unlike pro rata: paid by others."
        numbers = frozenset({"pay", "paid", "uncovered", "amount", "unlike pro rata"})
        blocks.append(Grid(title, columns, rows, numbers, note))
    return blocks


def _notes(scenario: ScenarioEntry) -> list[Block]:
    """What a reader should know of the scenario."""
    return [Line("Note", note, "doubt") for note in scenario.notes]


def _outcomes(scenario: ScenarioEntry) -> list[Block]:
    """One line a deployment: bad debt before, by the shock, after the cascade; what is left."""
    lines: list[Block] = []
    for result in scenario.results:
        uncovered = result.uncovered_e18
        bad = uncovered is None or uncovered > 0
        unknown = f"; {result.unknown:,} accounts unknown" if result.unknown else ""
        text = (
            f"{result.deployment}: bad debt {whole(result.bad_debt_before_e18)} at the "
            f"block, {whole(result.bad_debt_static_e18)} at the shocked prices, "
            f"{whole(result.bad_debt_after_e18)} after {result.closed_accounts:,} accounts "
            f"were closed; fund {whole(result.fund_before_e18)} before, "
            f"{whole(result.fund_left_e18)} left, {whole(uncovered)} uncovered{unknown}"
        )
        lines.append(Line("Outcome", text, "bad" if bad else "good"))
    return lines


def _rounds_grid(document: ContagionDocument) -> Grid:
    """The rounds, with the prices that moved most and the check that money is conserved."""
    rows = tuple(
        (
            str(found.round),
            f"{found.closed_accounts:,}",
            whole(found.closed_value_e18),
            whole(found.bad_debt_e18),
            _moves(found) or "-",
            "0" if found.ledger_closes else "OFF",
        )
        for found in document.rounds
    )
    columns = ("round", "closed", "notional", "bad debt", "prices against the block's", "ledger")
    return Grid(
        "Rounds",
        columns,
        rows,
        frozenset({*columns[:4], "ledger"}),
        "Round 0 is the shock. ledger: accounts + absorbers + liquidators + market + rounding.",
    )


def _moves(found: RoundEntry) -> str:
    """The largest price moves of a round, each as where the price now stands."""
    before, after = found.price_before, found.price_after
    changed = [
        (abs(after[f] - before[f]), f) for f in after if abs(after[f] - before[f]) >= _CHANGE_SHOWN
    ]
    largest = sorted(changed, key=lambda item: (-item[0], item[1]))
    text = ", ".join(f"{f} {after[f] - 1:+.1%}" for _, f in largest[:_MOVES_SHOWN])
    left = len(largest) - _MOVES_SHOWN
    return text + (f" and {left} more" if left > 0 else "")


def _absorbed_grid(document: ContagionDocument) -> list[Block]:
    """Who bears the losses."""
    rows = tuple((a.in_the_end or a.absorber, whole(a.amount_e18)) for a in document.absorbed)
    if not rows and any(r.bad_debt_after_market_e18 for r in document.scenario.results):
        text = "nobody yet: there is no bad debt at the protocol's prices, only at the market's"
        return [Line("Who pays", text, "bad")]
    if not rows:
        return [Line("Who pays", "nobody: there is no bad debt", "good")]
    note = "nobody yet: negative equity that nobody has been charged with."
    return [Grid("Losses by absorber", ("absorber", "bears"), rows, frozenset({"bears"}), note)]


def _routes_grid(document: ContagionDocument) -> list[Block]:
    """Paths of one kind together, the largest of those on which one failure led to another."""
    spreading = [route for route in document.routes if route.spreads]
    if not spreading:
        return []
    shown = spreading[:_ROUTES_SHOWN]
    rows = tuple((whole(r.amount_e18), f"{r.paths:,}", r.words) for r in shown)
    left = len(spreading) - len(shown)
    columns = ("amount", "paths", "route")
    note = f"{left:,} more in --format json." if left else ""
    title = "Routes by which losses spread to those who pay"
    return [Grid(title, columns, rows, frozenset(columns[:2]), note)]


def _paths_grid(document: ContagionDocument, paths: int) -> list[Block]:
    """The largest paths in words: those from one failure to another first, for the others only
    say who was hit by the shock itself and who paid for them."""
    blocks: list[Block] = []
    kinds = (("From one failure to the next", True), ("Straight from the shock", False))
    for title, spreads in kinds:
        found = [p for p in document.paths if p.spreads is spreads]
        shown = found[: paths if spreads else min(paths, _DIRECT_SHOWN)]
        if not shown:
            continue
        left = len(found) - len(shown)
        note = f"{left:,} more in --format json." if left else ""
        rows = tuple((whole(p.amount_e18), p.words) for p in shown)
        columns = ("amount", "what happened")
        blocks.append(Grid(title, columns, rows, frozenset({"amount"}), note))
    return blocks or [Line("Paths", "nobody lost anything by the shock", "good")]


def _amplifies(document: ContagionDocument) -> list[Block]:
    """By how much the cascade adds to the shock."""
    found = document.amplification
    blocks: list[Block] = []
    if found.losses is not None:
        text = f"failed accounts lost {found.losses:.2f} times what the shock alone took"
        blocks.append(Line("Amplifies", text, "bad" if found.losses > 1 else "good"))
    for factor, value in found.prices.items():
        if value >= _AMPLIFIED:
            text = f"{factor} moved {value:.2f} times as far as the scenario pushed it"
            blocks.append(Line("", text, "bad"))
    if found.prices and not any(value >= _AMPLIFIED for value in found.prices.values()):
        most = max(found.prices.values())
        text = f"no price moved more than {most:.2f} times as far as the scenario pushed it"
        blocks.append(Line("", text, "good"))
    return blocks


def _exhausted(document: ContagionDocument) -> list[Block]:
    """Markets that were sold further than anything is known of their depth."""
    if not document.exhausted:
        return []
    listed = ", ".join(document.exhausted)
    text = f"{listed}: more was to be traded than the market bears; the rest was not"
    return [Line("Sold out", text, "doubt")]


def _claims(document: ContagionDocument) -> list[Block]:
    """What the deployments are owed by each other, where there is more than one."""
    found = document.claims
    if found is None or len(document.scenario.results) < 2:
        return []
    blocks: list[Block] = [
        Line(
            "Claims",
            f"{claim.creditor} holds {whole(claim.amount_e18)} of {claim.debtor}'s token"
            f" {claim.token}: worth {claim.recovery:.4f} of it after this",
            "plain" if claim.recovery == 1 else "bad",
        )
        for claim in found.tokens
    ]
    blocks += [
        Line(
            "Claims",
            f"{held.creditor}'s {held.role} is an account of {held.debtor}, with equity "
            f"{'unknown' if held.equity_e18 is None else whole(held.equity_e18)}",
        )
        for held in found.accounts
    ]
    if found.problem is not None:
        blocks.append(Line("Claims", f"not worked out: {found.problem}", "doubt"))
    elif not blocks:
        blocks.append(
            Line("Claims", "no deployment here holds another's token or an account of it")
        )
    return blocks


def _cuts(document: ContagionDocument) -> list[Block]:
    """What would have cut the cascade, in the accounting and in a second run."""
    found, blocks = document.firewall, list[Block]()
    if document.paths:
        blocks.append(Line("Firewall", found.words))
    for rescued in document.what_if:
        kept = rescued.saved_e18
        blocks.append(
            Line(
                "What if",
                f"without the failure of {rescued.words} bad debt would have been "
                f"{whole(rescued.bad_debt_e18)} ({whole(-kept)})",
                "good" if kept > 0 else "plain",
            )
        )
    return blocks
