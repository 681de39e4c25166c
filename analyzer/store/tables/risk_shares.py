"""The table `risk_shares`: on whom everything hangs."""

from __future__ import annotations

from analyzer.store.keys import SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, figure, text

TABLE = Table(
    "risk_shares",
    "The largest owner, price source, venue, backstop and keeper (`risk clearing --out`). One row"
    " per scan and kind.",
    (
        SCAN,
        text("what", "`owner`, `oracle`, `venue`, `backstop` or `keeper`.", key=True),
        text("name", "The largest."),
        figure("share", "Its share."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
