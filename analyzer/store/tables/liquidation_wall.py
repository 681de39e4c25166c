"""The table `liquidation_wall`: how much becomes liquidatable where."""

from __future__ import annotations

from analyzer.store.keys import SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, count, figure, text

TABLE = Table(
    "liquidation_wall",
    "How much becomes liquidatable where. One row per scan, ray, factor and level.",
    (
        SCAN,
        text("ray", "Which prices move together.", key=True),
        text("factor", "The risk factor of what would be closed.", key=True),
        figure("level", "Multiple of the block's prices, lower end of the step.", key=True),
        count("accounts", "Accounts that become liquidatable in this step."),
        figure("value_usd", "What they hold or owe of the factor, USD at the block's prices."),
        figure("cumulative_usd", "The same of this step and all nearer ones."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
