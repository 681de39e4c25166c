"""Many scenarios at once, as a page and as rows."""

from __future__ import annotations

import json

from analyzer.documents.sweep import ExactBesideBatch, SweepDocument, SweptScenario
from analyzer.model.integers import WAD
from analyzer.report.blocks import Block, Grid, Heading, Line
from analyzer.report.entries import entry_rows
from analyzer.report.money import short
from analyzer.report.stress import stress_page

SHOWN = 10
"""How many of the worst rows a page lists."""
MOVES = 4
"""How many moves of a row it names."""


def sweep_page(document: SweepDocument) -> list[Block]:
    """How bad debt is spread, the worst rows, both cascades side by side, then `stress`."""
    return [
        Heading("Many scenarios at once"),
        *_about(document),
        _quantiles(document),
        _worst(document),
        _side_by_side(document),
        *stress_page(document.stress),
    ]


def scenario_rows(document: SweepDocument) -> tuple[list[str], list[list[object]]]:
    """(columns, a row a scenario) for the CSV form; shocks and prices are JSON in their cells."""
    columns, rows = entry_rows(document.scenarios, SweptScenario)
    return columns, [
        [json.dumps(cell) if isinstance(cell, dict) else cell for cell in row] for row in rows
    ]


def _about(document: SweepDocument) -> list[Block]:
    """What was run, by what, and what that does not know."""
    run, book = document.run, document.book
    seed = "" if run.seed is None else f", drawn with seed {run.seed} and replacement"
    lines: list[Block] = [
        Line(
            "Scenarios",
            f"{run.scenarios:,} from {run.source}{seed}; {run.distinct:,} of them differ",
        ),
        Line(
            "Book",
            f"{book.accounts:,} accounts, {book.nonlinear:,} of them asked of their protocol;"
            f" engine {run.engine}",
        ),
        *(Line("Leaves out", text, "doubt") for text in document.leaves_out),
    ]
    if document.not_moved:
        text = f"{', '.join(document.not_moved)}: no scenario names them, so they stay"
        lines.append(Line("Not moved", text, "doubt"))
    if document.not_held:
        text = f"no book holds {', '.join(document.not_held)}, of which there are returns"
        lines.append(Line("Not used", text, "doubt"))
    if book.unknown:
        text = f"{book.unknown:,} accounts, of which nothing is known, are in no number"
        lines.append(Line("Not known", text, "doubt"))
    return lines


def _quantiles(document: SweepDocument) -> Grid:
    """How bad debt is spread over the rows."""
    note = (
        "Share of the scenarios with no more than that, before any waterfall, by the linear twin."
    )
    if document.unknown_bad_debt:
        note += f" {document.unknown_bad_debt:,} whose bad debt is not known are in none."
    return Grid(
        "Bad debt over the scenarios",
        ("share", "bad debt"),
        tuple((f"{q.share:.0%}", _usd(q.bad_debt_usd)) for q in document.quantiles),
        frozenset({"share", "bad debt"}),
        note,
    )


def _worst(document: SweepDocument) -> Grid:
    """The rows with the most bad debt; one where it is not known first."""
    ranked = sorted(
        document.scenarios,
        key=lambda row: (row.bad_debt_usd is not None, -(row.bad_debt_usd or 0.0)),
    )
    columns = ("scenario", "closed", "notional", "bad debt", "rounds", "undecided", "moves")
    left = len(ranked) - SHOWN
    return Grid(
        "Worst by the linear twin",
        columns,
        tuple(_row(row) for row in ranked[:SHOWN]),
        frozenset(columns[1:6]),
        f"{left:,} more in --format json and csv." if left > 0 else "",
        frozenset({"scenario"}),
    )


def _row(row: SweptScenario) -> tuple[str, ...]:
    """One of the worst."""
    name = row.name if row.name == row.scenario else f"{row.name}: {row.scenario}"
    moves = sorted(row.shocks.items(), key=lambda pair: -abs(pair[1] - 1))
    named = [f"{factor} {multiple - 1:+.1%}" for factor, multiple in moves if multiple != 1]
    left = len(named) - MOVES
    return (
        name,
        f"{row.closed_accounts:,}",
        _usd(row.notional_usd),
        _usd(row.bad_debt_usd),
        f"{row.rounds:,}",
        f"{row.undecided:,}",
        ", ".join(named[:MOVES]) + (f" and {left} more" if left > 0 else ""),
    )


def _side_by_side(document: SweepDocument) -> Grid:
    """What the batch and the exact cascade say of the same scenarios."""
    columns = ("scenario", "rows", "batch", "exact", "batch less exact", "of exact")
    return Grid(
        "Bad debt by the batch and by the exact cascade",
        columns,
        tuple(_both(one) for one in document.exact),
        frozenset(columns[1:]),
        "All deployments together. The exact cascade has each protocol's rules, backstops and"
        " integers; what follows is of it.",
        frozenset({"scenario"}),
    )


def _both(one: ExactBesideBatch) -> tuple[str, ...]:
    """One scenario by both."""
    exact, off = one.exact_bad_debt_e18 / WAD, one.difference_usd
    return (
        one.scenario,
        f"{one.rows:,}" if one.rows else "-",
        _usd(one.batch_bad_debt_usd),
        short(one.exact_bad_debt_e18, places=0),
        _usd(off),
        "-" if off is None or not exact else f"{off / exact:+.1%}",
    )


def _usd(value: float | None) -> str:
    """A figure for people."""
    return "unknown" if value is None else f"{value:,.0f}"
