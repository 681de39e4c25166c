"""That the whole table is in the book: its rows and accounts, counted before and after."""

from __future__ import annotations

import numpy as np

from analyzer.model.rows import Proves, TotalRow
from analyzer.protocols.table.rules import Kind
from analyzer.protocols.table.value.value import TableValued

WHY = "every row of the table is a leg of the book"


def totals(valued: TableValued) -> list[TotalRow]:
    """Accounts and rows, as the table says them; nothing was compared with a chain."""
    book, state = valued.book, valued.state
    cash = np.array([terms.kind is Kind.CASH for terms in state.terms], dtype=np.bool_)
    rows = int(np.count_nonzero(~cash[book.asset]))
    return [
        TotalRow(
            "accounts of the table",
            "accounts of the book = different accounts in the table's column",
            "count",
            len(book),
            state.accounts,
            0,
            WHY,
            proves=Proves.ACCOUNTS,
        ),
        TotalRow(
            "rows of the table",
            "legs of the book, money of positions aside = rows of the table",
            "count",
            rows,
            state.rows,
            0,
            WHY,
            proves=Proves.LIST,
        ),
    ]
