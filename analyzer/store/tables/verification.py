"""The table `verification`: comparisons with the contract's own views."""

from __future__ import annotations

from analyzer.model.rows import CheckRow
from analyzer.store.keys import SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, count, flag, text

TABLE = Table(
    "verification",
    "Comparisons with the contract's own views. One row per scan and comparison.",
    (
        SCAN,
        count("check_no", "Number of the comparison, from 1.", key=True),
        text("account_id", "Account; NULL = about a market or the deployment."),
        text("market_id", "Market; NULL = none."),
        text("contract", "Contract and view that was asked."),
        text("field", "What was compared."),
        text("expected", "The rebuilt value."),
        text("actual", "The contract's value; NULL = no answer."),
        flag("equal", "true, false = divergence, NULL = not compared."),
        text("note", "Why it was not compared, or what is odd."),
    ),
)

to_row = row_writer(TABLE, CheckRow, beside=("scan_id", "check_no"))
from_row = row_reader(TABLE, CheckRow)
