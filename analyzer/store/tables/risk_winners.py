"""The table `risk_winners`: who would pay for a deficit, by rule."""

from __future__ import annotations

from analyzer.store.keys import SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, count, figure, text

TABLE = Table(
    "risk_winners",
    "Who would pay for the deficit of the worst scenario of a set, by four rules of deleveraging"
    " (`risk clearing --out`), in float64. One row per scan, history, set and rule.",
    (
        SCAN,
        text("history", "The price history.", key=True),
        text("scenarios", "Which days.", key=True),
        text("rule", "`pro rata`, `queue`, `capped` or `risk aware`.", key=True),
        figure("budget_usd", "Bad debt beyond the fund."),
        figure("paid_usd", "What the winners have for it."),
        count("payers", "Accounts that pay."),
        text("largest", "The owner of the one that pays most; empty = nobody pays."),
        figure("most_usd", "What that one pays."),
        figure("moved_usd", "What the rule shifts between winners against pro rata."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
