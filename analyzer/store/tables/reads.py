"""The table `reads`: what was read at the block, and what was not."""

from __future__ import annotations

from analyzer.model.rows import ReadRow
from analyzer.store.keys import SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, count, text

TABLE = Table(
    "reads",
    "What was read at the block. One row per scan, purpose and kind of read.",
    (
        SCAN,
        text(
            "purpose",
            "`rebuild` (margin needs it), `evidence` (only shown or compared), `implementation`"
            " (which code is behind a contract) or `judge`.",
            key=True,
        ),
        text("what", "Contract and function, or slot.", key=True),
        count("requested", "How many."),
        count("values", "How many gave a value."),
        count("reverted", "How many reverted, which is data."),
        count("not_read", "How many were not answered."),
        text("example", "One of the failures, in the node's words; empty = none."),
    ),
)

to_row = row_writer(TABLE, ReadRow)
from_row = row_reader(TABLE, ReadRow)
