"""The table `risk_unwinds`: how accounts get out of danger at least cost."""

from __future__ import annotations

from analyzer.store.keys import ACCOUNT, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, count, figure, flag, text

TABLE = Table(
    "risk_unwinds",
    "The cheapest way back to what has to hold (`risk unwind --out`), part by part in the order in"
    " which they are taken; none = it holds already. One row per scan, account, aim and step.",
    (
        SCAN,
        ACCOUNT,
        text("until", "What has to hold again: `maintenance` or `initial`.", key=True),
        count("step", "Place in the plan, from 1.", key=True),
        text("kind", "`close` a position, or `repay` a debt with what a collateral fetches."),
        text("asset_id", "What goes."),
        text("symbol", "Its name."),
        count("decimals", "Decimals of `amount`."),
        text("debt_symbol", "What is repaid; empty where nothing is."),
        flag("bought", "Whether it is bought back instead of sold."),
        amount("amount", "Raw."),
        amount("received_e18", "What it fetches, or costs where it is bought, 18 decimals."),
        figure("value_usd", "Its value at the reference price."),
        figure("cost_usd", "That less what it fetches."),
        figure("share", "Of all there is of it."),
        text("venue", "Where it is traded."),
        flag("restored", "Whether the whole plan passes the protocol's own test."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
