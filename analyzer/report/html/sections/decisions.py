"""What may be decided: sizes, ways out, parameters, exits, liquidations, the fund, who matters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analyzer.report.html.content import Block, Cell, DataTable, Prose, Section, columns, row
from analyzer.report.html.material import Material
from analyzer.report.html.stressed import Record

Show = Callable[[object], Cell | str]
MOST = 30
"""Rows of a table; the stored query has the others."""


def decisions(material: Material) -> Section | None:
    """The section; None where no decision was written into the snapshot."""
    found = material.decided.rows
    if not found:
        return None
    blocks: list[Block] = [
        Prose(
            "Answers of `analyzer risk`, as they were written with --out. Sizes, plans, sides and"
            " exits are the protocol's own integers, shown rounded; covers and owners are"
            " indications in float64. A table shows up to thirty rows; the stored query of its name"
            " has all."
        )
    ]
    blocks += [_table(sheet, found[sheet.query]) for sheet in SHEETS if sheet.query in found]
    return Section("decisions", "Decisions", "Decisions", tuple(blocks))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of a stored query. fields: (column of the query, heading, how it is shown)."""

    query: str
    title: str
    line: str
    fields: Sequence[tuple[str, str, Show]]


def _table(sheet: Sheet, records: Sequence[Record]) -> DataTable:
    """The first rows of a query."""
    heads = [heading for _, heading, _ in sheet.fields]
    numbers = [heading for _, heading, show in sheet.fields if show is not text]
    named = "account" if "account" in heads else "owner"
    rows = tuple(
        row(*(show(record[name]) for name, _, show in sheet.fields)) for record in records[:MOST]
    )
    more = len(records) - len(rows)
    rest = f" {more:,} more rows: `analyzer query run {sheet.query}`." if more else ""
    return DataTable(
        f"decided-{sheet.query.replace('_', '-')}",
        sheet.title,
        columns("|".join(heads), "|".join(numbers), named if named in heads else ""),
        rows,
        sheet.line + rest,
    )


def text(value: object) -> str:
    """A word; a dash where there is none."""
    return "-" if value in (None, "") else str(value)


def amount(value: object) -> Cell:
    """A number with as many digits as people need; a dash where there is none."""
    if not isinstance(value, int | float):
        return Cell("-")
    return Cell(f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.4g}")


def share(value: object) -> Cell:
    """A share; a dash where there is none."""
    return Cell(f"{value:.1%}" if isinstance(value, int | float) else "-")


def yes(value: object) -> Cell:
    """Whether; a dash where it is not known."""
    return Cell("-" if value is None else "yes" if value else "no")


SHEETS = (
    Sheet(
        "account_sizes",
        "How far accounts may grow",
        "Largest: units of the asset, by the protocol's own initial margin: one unit more fails.",
        (
            ("deployment", "deployment", text), ("account_id", "account", text),
            ("way", "way", text), ("largest", "largest", amount), ("value_usd", "value", amount),
            ("bound", "ends at", text), ("by_distance", "survives its distance", amount),
            ("by_es_usd", "within ES", amount), ("hedges", "hedges", yes),
        ),
    ),
    Sheet(
        "unwind_plans",
        "Ways out of danger",
        "What goes first, at least cost, until the requirement holds again.",
        (
            ("deployment", "deployment", text), ("account_id", "account", text),
            ("until", "until", text), ("step", "step", amount), ("way", "way", text),
            ("amount", "amount", amount), ("share", "share", share), ("value", "value", amount),
            ("cost", "cost", amount), ("restored", "restored", yes),
        ),
    ),
    Sheet(
        "what_if_sides",
        "Other parameters",
        "Accounts by verdict and what falls sell by force, now and then; turned: accounts whose"
        " verdict changes.",
        (
            ("deployment", "deployment", text), ("what_if", "what if", text),
            ("side", "side", text), ("healthy", "healthy", amount),
            ("below_initial", "below initial", amount),
            ("liquidatable", "liquidatable", amount), ("insolvent", "insolvent", amount),
            ("unknown", "unknown", amount), ("free", "may be taken on", amount),
            ("nearest", "nearest fall", share), ("wall_10_usd", "sold at -10 %", amount),
            ("wall_30_usd", "sold at -30 %", amount), ("turned", "turned", amount),
        ),
    ),
    Sheet(
        "exits_by_reserve",
        "Who can still leave",
        "Units of the asset. Locked: what may leave and is not paid if the largest come first;"
        " stakes: declared backstops with a cooldown.",
        (
            ("deployment", "deployment", text), ("symbol", "reserve", text),
            ("claims", "claims", amount), ("may_leave", "may leave", amount),
            ("available", "there", amount), ("utilisation", "utilisation", share),
            ("holders", "who may", amount), ("paid_in_full", "paid in full", amount),
            ("locked", "locked", amount), ("stakes", "stakes", amount),
            ("stakes_days", "cooldown, days", amount),
        ),
    ),
    Sheet(
        "liquidation_economics",
        "What liquidators earn",
        "In the settlement currency, after slippage, gas and required return, as if each account"
        " came first; dust pays nobody even without slippage.",
        (
            ("deployment", "deployment", text), ("account_id", "account", text),
            ("when", "when", text), ("equity", "equity", amount), ("offered", "offered", amount),
            ("taken", "taken", amount), ("profit", "profit", amount), ("dust", "dust", yes),
            ("becomes_bad_debt", "becomes bad debt", amount),
        ),
    ),
    Sheet(
        "fund_covers",
        "The fund against its owners",
        "Dollars. Cover-1, Cover-2: what the costliest owner, the two costliest, lack in their"
        " worst scenario; exhausted: share of scenarios in which bad debt exceeds the fund.",
        (
            ("deployment", "deployment", text), ("scenarios", "scenarios", text),
            ("fund_usd", "fund", amount), ("fund_to_open_interest", "of open interest", share),
            ("cover_1_usd", "Cover-1", amount), ("covered_1", "met", yes),
            ("cover_2_usd", "Cover-2", amount), ("covered_2", "both met", yes),
            ("worst_usd", "worst", amount), ("exhausted", "exhausted", share),
            ("count", "count", amount),
        ),
    ),
    Sheet(
        "what_all_hangs_on",
        "On whom it hangs",
        "The largest of each kind, with its share.",
        (
            ("deployment", "deployment", text), ("what", "what", text),
            ("name", "the largest", text), ("share", "share", share),
        ),
    ),
    Sheet(
        "who_would_be_deleveraged",
        "Who would pay for a deficit",
        "Dollars, by four rules of deleveraging; winners by prices alone. Moved: against pro rata.",
        (
            ("deployment", "deployment", text), ("scenarios", "worst of", text),
            ("rule", "rule", text), ("budget_usd", "deficit", amount),
            ("paid_usd", "paid", amount), ("payers", "payers", amount),
            ("most_usd", "the most", amount), ("largest", "owner", text),
            ("moved_usd", "moved", amount),
        ),
    ),
    Sheet(
        "owner_importance",
        "Which owners matter",
        "Dollars of mean bad debt of all deployments that go with each owner: alone, and its part"
        " by Shapley.",
        (
            ("owner", "owner", text), ("gross_usd", "gross", amount),
            ("saved_usd", "saved by its rescue", amount), ("shapley_usd", "Shapley", amount),
            ("deployments", "where", text), ("overlap", "likeness", share),
        ),
    ),
)  # fmt: skip
"""Every table of the section, in its order."""
