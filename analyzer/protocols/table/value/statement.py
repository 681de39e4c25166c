"""The margin statement of one account: every number from the table's cell to the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.model.rows import StatementLine
from analyzer.protocols.table.rules import Kind
from analyzer.protocols.table.value.account import Leg, Sums, Valuation

_E18 = "e18"
_SECTIONS = {
    Kind.COLLATERAL: "collateral",
    Kind.DEBT: "debt",
    Kind.POSITION: "positions",
    Kind.CASH: "positions",
}
_WHAT = {Kind.COLLATERAL: "balance", Kind.DEBT: "debt", Kind.POSITION: "size"}
_VALUE = "amount x price, cut at 18 decimals"
_RULES = "rules, or the row"


class Writer:
    """Writes statements of one book: what all legs of one kind say is made once."""

    def __init__(self, valuation: Valuation) -> None:
        self._valuation = valuation
        self._texts = [self._text(number) for number in range(len(valuation.terms))]

    def lines(
        self, account_id: str, legs: Sequence[Leg], sums: Sums | str
    ) -> Iterator[StatementLine]:
        """All lines of one account, leg by leg, then the result; of an unknown one the reason."""
        for number, amount in legs:
            section, label, unit, source, value, rest = self._texts[number]
            yield StatementLine(account_id, section, label, amount, unit, source)
            if value:
                worth = self._valuation.value_e18(number, amount)
                yield StatementLine(account_id, section, value, worth, _E18, _VALUE)
            for name, given, why in rest:
                yield StatementLine(account_id, section, name, given, _E18, why)
        if isinstance(sums, str):
            yield StatementLine(account_id, "result", "unknown", None, "", sums)
            return
        for name, found, why in (
            ("equity", sums.equity_e18, "collateral - debts + positions"),
            ("margin equity", sums.margin_equity_e18, "collateral at thresholds"),
            ("maintenance", sums.maintenance_e18, "debts + requirements of positions"),
            ("free collateral", sums.free_e18, "the same at initial requirements"),
        ):
            yield StatementLine(account_id, "result", name, found, _E18, why)

    def _text(
        self, number: int
    ) -> tuple[str, str, str, str, str, list[tuple[str, int | None, str]]]:
        """(section, label, unit, source, label of the value, further lines) of a kind of leg."""
        terms, asset = self._valuation.terms[number], self._valuation.book.assets[number]
        section, symbol = _SECTIONS[terms.kind], asset.symbol
        if terms.kind is Kind.CASH:
            why = "- amount x entry, cut at 18 decimals"
            return section, "money at entry", _E18, why, "", []
        source = self._valuation.prices.by_asset[asset.asset_id].source
        rest: list[tuple[str, int | None, str]] = [
            (f"{symbol} price", self._valuation.price_e18(number), source)
        ]
        if terms.kind is Kind.COLLATERAL and not terms.weight_e36:
            rest.append((f"{symbol} value counted", 0, "not entered: threshold 0"))
        elif terms.kind is Kind.COLLATERAL:
            rest.append((f"{symbol} threshold", terms.threshold_e18, _RULES))
        elif terms.kind is Kind.POSITION:
            rest.append((f"{symbol} maintenance", terms.threshold_e18, _RULES))
        label, unit = f"{symbol} {_WHAT[terms.kind]}", f"raw, {asset.decimals} decimals"
        return section, label, unit, "the table", f"{symbol} value", rest
