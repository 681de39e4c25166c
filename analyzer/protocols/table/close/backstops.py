"""The order in which a table's losses are borne: the fund, winners' profits, then the rest.

Nothing makes anybody pay whom the rules do not name: what is left then stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from analyzer.model.rows import BackstopKind, BackstopRow
from analyzer.protocols.table.close.winners import profits_e18
from analyzer.protocols.table.rules import Adl, Kind, Rest, Rules
from analyzer.protocols.table.value.value import TableValued

FUND = "insurance fund"
"""The name of the layer that pays first."""


def backstops(valued: TableValued) -> list[BackstopRow]:
    """The loss waterfall of the book."""
    rules = valued.state.rules
    profits = sum(profits_e18(valued.valuation).values()) if rules.adl else 0
    return waterfall(rules, rules.fund_e18, profits, supplied_e18(valued))


def waterfall(
    rules: Rules, fund_e18: int, profits_e18: int, supplied: Mapping[str, int | None]
) -> list[BackstopRow]:
    """The layers, first layer first. fund_e18: what it has left. profits_e18: of all winners.
    supplied: asset -> value of all that is supplied of it, None = it has no price."""
    rows: list[BackstopRow] = []
    if rules.fund_e18:
        rows.append(
            BackstopRow(1, FUND, None, fund_e18, False, "rules: what the fund has pays first")
        )
    if rules.adl is not Adl.NONE:
        share = rules.adl_cap_e18 if rules.adl is Adl.CAPPED else 10**18
        rows.append(
            BackstopRow(
                len(rows) + 1,
                "winners' profits",
                None,
                profits_e18 * share // 10**18,
                False,
                f"rules: auto-deleveraging, {rules.adl}",
                BackstopKind.ADL,
            )
        )
    if rules.rest is Rest.EVERYBODY:
        rows.append(
            BackstopRow(
                len(rows) + 1,
                "everybody with a claim",
                None,
                None,
                True,
                "rules: what is left is shared by all",
                BackstopKind.SOCIALISED,
            )
        )
    if rules.rest is Rest.SUPPLIERS:
        rows += _suppliers(supplied.items(), len(rows) + 1)
    return rows


def _suppliers(supplied: Iterable[tuple[str, int | None]], first: int) -> list[BackstopRow]:
    """A layer for each asset that somebody supplied."""
    return [
        BackstopRow(
            first + place,
            f"suppliers of {asset}",
            None,
            value,
            False,
            f"rules: bad debt in {asset} stays with them",
            BackstopKind.SOCIALISED,
            asset_id=asset,
        )
        for place, (asset, value) in enumerate(supplied)
    ]


def supplied_e18(valued: TableValued) -> dict[str, int | None]:
    """asset -> value of what all accounts have of it as collateral, entered or not; assets of which
    nobody has any are left out."""
    book, held = valued.book, dict[int, int]()
    for number, amount in zip(book.asset.tolist(), book.amount, strict=True):
        if valued.state.kind(number) is Kind.COLLATERAL and amount:
            held[number] = held.get(number, 0) + amount
    out: dict[str, int | None] = {}
    for number, amount in held.items():
        asset = book.assets[number].asset_id
        value, before = valued.valuation.value_e18(number, amount), out.get(asset, 0)
        out[asset] = None if value is None or before is None else before + value
    return out
