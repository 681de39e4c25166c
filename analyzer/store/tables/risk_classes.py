"""The table `risk_classes`: what a bad day costs all deployments together, in two classes."""

from __future__ import annotations

from analyzer.store.keys import SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, count, figure, text

TABLE = Table(
    "risk_classes",
    "VaR of insolvency and LaR of liquidations on bad days of two classes (`risk protocol --out`),"
    " through the batch cascade of all deployments together, so the same under every scan. One row"
    " per scan, history and class.",
    (
        SCAN,
        text("history", "The price history: file, steps, first and last date.", key=True),
        text(
            "class",
            "`broad downturn`: all factors jointly from the market factor's worst 5 % of days;"
            " `broken correlation`: each from its own worst 5 %, drawn for itself.",
            key=True,
        ),
        text("market", "The market factor."),
        figure("insolvency_usd", "95th percentile of bad debt, before any waterfall."),
        figure("insolvency_error_usd", "Its standard error."),
        figure("liquidations_usd", "95th percentile of what is closed, without sign."),
        figure("liquidations_error_usd", "Its standard error."),
        count("draws", "Days that were drawn."),
        count("unknown", "Draws without a figure: in none of these."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
