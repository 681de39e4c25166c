"""The table `markets`: their state and totals."""

from __future__ import annotations

from analyzer.model.rows import MarketRow
from analyzer.store.keys import E18, SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, amount, count, text

TABLE = Table(
    "markets",
    "Markets: state and totals. One row per scan and market.",
    (
        SCAN,
        text("market_id", "The market.", key=True),
        text("symbol", "Its symbol."),
        text("factor", "Its risk factor."),
        text("status", "`open`, `paused`, `closed`, ..."),
        amount("mark_price_e18", "Mark price. " + E18),
        amount("index_price_e18", "Index price. " + E18),
        amount("reference_price_e18", "The price that margin uses. " + E18),
        amount("open_interest_long_e18", "Σ of positive sizes. 18 decimals; NULL = unknown."),
        amount("open_interest_short_e18", "Σ of |negative sizes|. 18 decimals; NULL = unknown."),
        count("initial_margin_ratio_e6", "Parts per million; NULL = none, or unknown."),
        count("maintenance_margin_ratio_e6", "Parts per million; NULL = none, or unknown."),
    ),
)

to_row = row_writer(TABLE, MarketRow)
from_row = row_reader(TABLE, MarketRow)
