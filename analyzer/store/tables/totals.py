"""The table `totals`: control totals, what was rebuilt against what the chain holds."""

from __future__ import annotations

from analyzer.model.rows import Proves, TotalRow
from analyzer.store.keys import SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, amount, flag, text

TABLE = Table(
    "totals",
    "Control totals. One row per scan and total. difference = rebuilt - on_chain.",
    (
        SCAN,
        text("name", "Short, stable name.", key=True),
        text("identity", "The equation in words."),
        text("unit", "Unit of the amounts."),
        amount("rebuilt", "What was rebuilt; NULL = not known."),
        amount("on_chain", "What the chain holds; NULL = not read."),
        amount("difference", "rebuilt - on_chain; NULL = either is not known."),
        amount("allowed", "Largest |difference| that the named roundings can make."),
        text("why", "Which roundings, and how many."),
        flag("surplus_ok", "true = the chain may hold more (direct transfers)."),
        flag("holds", "Whether the difference lies within what is allowed; NULL = not known."),
        text(
            "proves",
            "The set that it proves whole when it holds: `accounts`, `list` (of markets, reserves,"
            " assets) or `nothing`.",
        ),
    ),
)

to_row = row_writer(TABLE, TotalRow, made={"proves": str})
from_row = row_reader(TABLE, TotalRow, made={"proves": Proves})
