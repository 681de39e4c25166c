"""Every account's margin, exact, at given prices: `account.Sums` as the columns of margin.

The test is the sign of headroom: liquidatable is whoever has less margin equity than maintenance.
"""

from __future__ import annotations

from analyzer.model.rows import MarginRow, unknown_margin
from analyzer.protocols.table.value.account import Sums
from analyzer.protocols.table.value.value import TableValued


def margin(valued: TableValued) -> list[MarginRow]:
    """The margin row of each account of the book, in its order."""
    book = valued.book
    return [
        _row(account, owner, sums)
        for account, owner, sums in zip(
            book.account_ids, book.owners, valued.valuation.all(), strict=True
        )
    ]


def _row(account: str, owner: str, sums: Sums | str) -> MarginRow:
    """The columns of one account."""
    if isinstance(sums, str):
        return unknown_margin(account, sums, owner=owner)
    return MarginRow(
        account_id=account,
        owner=owner,
        equity_e18=sums.equity_e18,
        margin_equity_e18=sums.margin_equity_e18,
        initial_margin_e18=sums.margin_equity_e18 - sums.free_e18,
        maintenance_margin_e18=sums.maintenance_e18,
        free_collateral_e18=sums.free_e18,
        liquidatable=sums.headroom_e18 < 0,
        closable=sums.closable,
    )
