"""The table `statements`: margin statements, line by line."""

from __future__ import annotations

from analyzer.model.rows import StatementLine
from analyzer.store.keys import ACCOUNT, SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, amount, count, text

TABLE = Table(
    "statements",
    "Margin statements, line by line. One row per scan, account and line. Of a scan of more than"
    " 10,000 accounts those of healthy ones, and of those below initial margin, are not written:"
    " `analyzer account` makes them from the book.",
    (
        SCAN,
        ACCOUNT,
        count("line_no", "Number of the line, from 1.", key=True),
        text("section", "`collateral`, `positions`, `requirement`, `result`, ..."),
        text("label", "What the line is."),
        amount("amount", "Exact integer in the unit; NULL = unknown, or a line of words."),
        text("unit", "Unit of the amount."),
        text("source", "Contract, view or slot, block, formula."),
    ),
)

to_row = row_writer(TABLE, StatementLine, beside=("scan_id", "line_no"))
from_row = row_reader(TABLE, StatementLine)
