"""The accounts by name, and the statements of the worst."""

from __future__ import annotations

from analyzer.report.html.charts.scatter import Plane
from analyzer.report.html.content import (
    Block,
    Cell,
    DataTable,
    Fold,
    Prose,
    Row,
    Section,
    columns,
    count,
    money,
    row,
)
from analyzer.report.html.material import Material, place_of
from analyzer.report.html.sections.pictures import point
from analyzer.report.html.selection import UNSAFE, Listed
from analyzer.report.statement import amount_text
from analyzer.solvency.verdicts import headroom_e18

CSV_NAME = "accounts.csv"
"""Name of the table of all accounts, beside the report."""
_MOST_E1 = 99_990
"""Ratios beyond this, in tenths of a percent, are shown as `> 9,999 %`."""
_NUMBERS = "equity|margin equity|maintenance|headroom|free collateral|ratio"


def accounts(material: Material, where: list[Plane]) -> Section:
    """The listed accounts in one table; its title says how many are left out."""
    listing = material.listing
    names = "account|verdict|equity|margin equity|maintenance|headroom|ratio|verified"
    if material.several:
        names += "|deployment"
    rows = tuple(_row(material, number, a, where) for number, a in enumerate(listing.accounts, 1))
    table = DataTable(
        "accounts-table",
        _title(material),
        columns(names, _NUMBERS, "account"),
        rows,
        "Headroom = margin equity - maintenance; ratio = margin equity / maintenance. Amounts in"
        " the settlement currency, rounded; each in full where the pointer rests on it and in"
        f" {CSV_NAME}. Accounts are unsafe when insolvent, liquidatable or unknown.",
        live=True,
        filters=("deployment", "verdict") if material.several else ("verdict",),
    )
    return Section("accounts", "Accounts", "Accounts", (table,))


def statements(material: Material) -> Section:
    """One fold an account: every number of its margin with its source."""
    folds = tuple(
        _statement(material, number, account)
        for number, account in enumerate(material.listing.with_statement, 1)
        if (account.scan, account.account_id) in material.statements
    )
    left = material.listing.total - len(folds)
    text = f"Every number in full, with its source. {count(left, 'account')} not shown here:"
    blocks: tuple[Block, ...] = (
        Prose(text, code="analyzer account ACCOUNT --db FILE"),
        *folds,
    )
    title = f"Statements of the worst {count(len(folds), 'account')}"
    return Section("statements", title, "Statements", blocks)


def _title(material: Material) -> str:
    """What is listed and what is not."""
    listing = material.listing
    text = f"{len(listing.accounts):,} of {count(listing.total, 'account')}"
    parts = [f"{listing.unsafe_listed:,} of {listing.unsafe:,} unsafe ones"]
    rest = len(listing.accounts) - listing.unsafe_listed
    if rest:
        parts.append(f"the {rest:,} nearest to liquidation")
    left = listing.left_out
    out = f"{left:,} left out, all are in {CSV_NAME}" if left else "none left out"
    return f"{text}: {' and '.join(parts)}; {out}"


def _row(material: Material, number: int, account: Listed, where: list[Plane]) -> Row:
    """One account."""
    margin, verdict = account.row.margin, account.row.verdict
    has_statement = (account.scan, account.account_id) in material.statements
    # The reason of any other verdict is its numbers, which stand beside it.
    reason = account.row.reason if margin.equity_e18 is None else ""
    checked = {True: Cell("yes"), False: Cell("DIFFERS", tone="bad"), None: Cell("no")}
    cells = (
        Cell(
            account.account_id,
            target=f"s{number}" if has_statement else "",
            link=place_of(material, account.scan, account.account_id),
        ),
        Cell(verdict.value.replace("_", " "), tone=verdict.value, note=reason),
        money(margin.equity_e18),
        money(margin.margin_equity_e18),
        money(margin.maintenance_margin_e18),
        money(headroom_e18(margin)),
        _ratio(margin.margin_equity_e18, margin.maintenance_margin_e18),
        checked[account.row.verified],
    )
    last = (Cell(material.name(account.scan)),) if material.several else ()
    return Row((*cells, *last), f"a{number}", point(account, where[account.scan]))


def _ratio(equity_e18: int | None, required_e18: int | None) -> Cell:
    """Margin ratio in percent with one decimal, rounded down: 99.99 % never reads as 100 %."""
    if equity_e18 is None or required_e18 is None:
        return Cell("unknown", tone="unknown")
    if required_e18 <= 0:
        return Cell("none")
    tenths = equity_e18 * 1_000 // required_e18
    sign, size = ("-" if tenths < 0 else ""), abs(tenths)
    exact = f"{sign}{size // 10}.{size % 10}"
    if size >= _MOST_E1:
        return Cell(f"{'<' if tenths < 0 else '>'} {sign}{_MOST_E1 // 10:,} %", exact)
    return Cell(f"{sign}{size // 10:,}.{size % 10} %", exact)


def _statement(material: Material, number: int, account: Listed) -> Fold:
    """One account's statement: why it has its verdict, then its lines by section."""
    lines = material.statements[account.scan, account.account_id]
    blocks: list[Block] = [Prose(account.row.reason)]
    rows = tuple(
        row(line.section, line.label, Cell(amount_text(line.amount, line.unit)), line.source)
        for line in lines
    )
    name = account.account_id
    if material.several:
        name = f"{material.name(account.scan)} / {name}"
    blocks.append(
        DataTable(f"s{number}-table", f"Margin statement of {name}",
                  columns("section|line|amount|source", "amount"), rows)
    )  # fmt: skip
    verdict = account.row.verdict
    tone = verdict.value if verdict in UNSAFE else ""
    return Fold(f"s{number}", f"{name} · {verdict.value.replace('_', ' ')}", tuple(blocks), tone)
