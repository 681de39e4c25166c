"""The table `silent_changes`: state changes that no event carries."""

from __future__ import annotations

from analyzer.model.rows import SilentChange
from analyzer.store.keys import SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, count, text

TABLE = Table(
    "silent_changes",
    "State changes that no event carries and a pinned read revealed. One row per scan and change.",
    (
        SCAN,
        count("change_no", "Number of the change, from 1.", key=True),
        text("kind", "What kind of change."),
        text("account_id", "Account."),
        text("market_id", "Market; empty = none."),
        text("detail", "What changed."),
    ),
)

to_row = row_writer(TABLE, SilentChange, beside=("scan_id", "change_no"))
from_row = row_reader(TABLE, SilentChange)
