"""The table `risk_what_if_accounts`: accounts that other parameters turn."""

from __future__ import annotations

from analyzer.store.keys import ACCOUNT, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, text

TABLE = Table(
    "risk_what_if_accounts",
    "Accounts whose verdict a what-if changes (`risk what-if --out`). One row per scan, parameter"
    " set and account.",
    (
        SCAN,
        text("what_if", "The parameters that were set.", key=True),
        ACCOUNT,
        text("verdict_before", "At the block."),
        text("verdict_after", "Under the other parameters."),
        amount("equity_e18", "Under the other parameters, 18 decimals; NULL = unknown."),
        amount(
            "headroom_before_e18", "Margin equity less maintenance at the block; NULL = unknown."
        ),
        amount("headroom_after_e18", "The same under the other parameters."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
