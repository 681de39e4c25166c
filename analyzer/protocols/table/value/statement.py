"""The margin statement of one account: every number from the table's cell to the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.rows import StatementLine
from analyzer.protocols.kit.statement import Lines
from analyzer.protocols.table.rules import Kind
from analyzer.protocols.table.value.account import Leg, Sums, Valuation

_SECTIONS = {
    Kind.COLLATERAL: "collateral",
    Kind.DEBT: "debt",
    Kind.POSITION: "positions",
    Kind.CASH: "positions",
}
_VALUE = "amount x price, cut at 18 decimals"


def statement(
    valuation: Valuation, account_id: str, legs: Sequence[Leg], sums: Sums | str
) -> list[StatementLine]:
    """All lines of one account, leg by leg, then the result; of an unknown account the reason."""
    lines = Lines(account_id)
    for number, amount in legs:
        _leg(lines, valuation, number, amount)
    if isinstance(sums, str):
        lines.add("result", "unknown", None, sums, "")
        return lines.lines
    section = "result"
    lines.add(section, "equity", sums.equity_e18, "collateral - debts + positions")
    lines.add(section, "margin equity", sums.margin_equity_e18, "collateral at thresholds")
    lines.add(section, "maintenance", sums.maintenance_e18, "debts + requirements of positions")
    lines.add(section, "free collateral", sums.free_e18, "the same at initial requirements")
    return lines.lines


def _leg(lines: Lines, valuation: Valuation, number: int, amount: int) -> None:
    """What one leg is, and what it is worth."""
    terms, asset = valuation.terms[number], valuation.book.assets[number]
    section = _SECTIONS[terms.kind]
    if terms.kind is Kind.CASH:
        lines.add(section, "money at entry", amount, "- amount x entry, cut at 18 decimals")
        return
    what = {Kind.COLLATERAL: "balance", Kind.DEBT: "debt", Kind.POSITION: "size"}[terms.kind]
    unit = f"raw, {asset.decimals} decimals"
    lines.add(section, f"{asset.symbol} {what}", amount, "the table", unit)
    price = valuation.price_e18(number)
    source = valuation.prices.by_asset[asset.asset_id].source
    lines.add(section, f"{asset.symbol} price", price, source)
    lines.add(section, f"{asset.symbol} value", valuation.value_e18(number, amount), _VALUE)
    if terms.kind is Kind.COLLATERAL:
        if not terms.weight_e36:
            lines.add(section, f"{asset.symbol} value counted", 0, "not entered: threshold 0")
            return
        lines.add(section, f"{asset.symbol} threshold", terms.threshold_e18, "rules, or the row")
    elif terms.kind is Kind.POSITION:
        lines.add(section, f"{asset.symbol} maintenance", terms.threshold_e18, "rules, or the row")
