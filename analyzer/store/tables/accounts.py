"""The table `accounts`: every account that was seen."""

from __future__ import annotations

from analyzer.model.rows import AccountRow
from analyzer.store.keys import ACCOUNT, SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, count, text

TABLE = Table(
    "accounts",
    "Every account that was seen. One row per scan and account.",
    (
        SCAN,
        ACCOUNT,
        text("owner", "Address that owns it."),
        text("kind", "`trader`, `maker`, `insurance_fund`, ..."),
        count("first_block", "Block of its first log; NULL = none."),
        count("last_block", "Block of its last log; NULL = none."),
        count("events", "Logs that name it."),
        text("parent_id", "Account that opened it for one position; NULL = none."),
    ),
)

to_row = row_writer(TABLE, AccountRow)
from_row = row_reader(TABLE, AccountRow)
