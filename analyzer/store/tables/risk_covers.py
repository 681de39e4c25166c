"""The table `risk_covers`: the fund against owners who fail together."""

from __future__ import annotations

from analyzer.store.keys import SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, count, figure, flag, text

TABLE = Table(
    "risk_covers",
    "Cover-1 and Cover-2 by owner, and how often the fund is exhausted (`risk clearing --out`), in"
    " float64. One row per scan, history and set of scenarios.",
    (
        SCAN,
        text("history", "The price history.", key=True),
        text("scenarios", "Which days.", key=True),
        figure("fund_usd", "What the bounded layers that must pay can bear; NULL = not read."),
        figure("open_interest_usd", "Open positions of the shorts, or debts."),
        figure("cover_1_usd", "What the costliest owner lacks in its worst scenario."),
        figure("cover_2_usd", "What the two costliest lack in theirs."),
        text("cover_owners", "Who these two are."),
        flag("covered_1", "Whether the fund is as large; NULL = not known."),
        flag("covered_2", "The same of both."),
        figure("worst_usd", "Bad debt of the worst scenario."),
        figure("mean_usd", "Of all of them on average."),
        figure("exhausted", "Share of scenarios in which bad debt exceeds the fund."),
        figure("error", "Its standard error."),
        count("count", "Scenarios with a figure."),
        count("unknown", "Scenarios without one."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
