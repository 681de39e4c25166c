"""The table `margin`: every account's margin and its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from analyzer.model.rows import JudgedRow, MarginRow
from analyzer.model.verdict import Verdict
from analyzer.store.keys import ACCOUNT, E18, SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, amount, flag, text

TABLE = Table(
    "margin",
    "Every account's margin, exact, and its verdict. One row per scan and account."
    " free_collateral_e18 = margin_equity_e18 - initial_margin_e18 and"
    " headroom_e18 = margin_equity_e18 - maintenance_margin_e18 on every known row.",
    (
        SCAN,
        ACCOUNT,
        text("owner", "Address that owns the account."),
        amount("equity_e18", "Everything at reference prices, no haircut. " + E18),
        amount("margin_equity_e18", "What margin is counted on, haircuts applied. " + E18),
        amount("initial_margin_e18", "What opening risk requires. " + E18),
        amount("maintenance_margin_e18", "Below this the account is liquidated. " + E18),
        amount("free_collateral_e18", "margin equity - initial margin, signed. " + E18),
        amount("headroom_e18", "margin equity - maintenance margin, signed. " + E18),
        amount(
            "settled_equity_e18",
            "Equity with the contract's own haircuts, where bad debt is counted on it."
            " 18 decimals; NULL = unknown, or the protocol has no such value.",
        ),
        text("verdict", "`unknown`, `insolvent`, `liquidatable`, `below_initial` or `healthy`."),
        text("reason", "Why that verdict, in words and numbers."),
        flag("liquidatable", "The protocol's own test; NULL = unknown."),
        flag("closable", "There is something to close; NULL = unknown."),
        flag(
            "collateral_liquidatable",
            "The protocol's test for seizing collateral; NULL = no such test, or unknown.",
        ),
        text("status", "`open`, `blocked`, `in_auction`, ... as the protocol has it."),
        flag("verified", "true = every compared field equal, false = not, NULL = not compared."),
    ),
)

to_row = row_writer(
    TABLE,
    JudgedRow,
    beside=("scan_id", "headroom_e18"),
    at={
        field.name: f"margin.{field.name}"
        for field in fields(MarginRow)
        if field.name in {column.name for column in TABLE.columns}
    },
    made={"verdict": str},
)
_margin = row_reader(TABLE, MarginRow)
_judged = row_reader(TABLE, JudgedRow, beside=("margin",), made={"verdict": Verdict})


def from_row(row: Sequence[Any]) -> JudgedRow:
    """The account's margin with its verdict; the reason is kept as it was worded.

    Raises: ValueError for what analyzer does not write.
    """
    judged = _judged(row, margin=_margin(row))
    if judged.verdict is not Verdict.UNKNOWN:
        return judged
    return replace(judged, margin=replace(judged.margin, unknown_reason=judged.reason))
