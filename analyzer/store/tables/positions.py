"""The table `positions`: what accounts have in markets."""

from __future__ import annotations

from analyzer.model.rows import PositionRow
from analyzer.store.keys import ACCOUNT, E18, SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, amount, text

TABLE = Table(
    "positions",
    "Positions. One row per scan, account and market.",
    (
        SCAN,
        ACCOUNT,
        text("market_id", "The market.", key=True),
        text("symbol", "Its symbol."),
        amount("size_e18", "Net size, signed, with what maker ranges hold. 18 decimals."),
        amount("open_notional_e18", "Quote received (positive) or paid. " + E18),
        amount("price_e18", "Reference price of one unit. " + E18),
        amount("value_e18", "Size at that price, signed. " + E18),
        amount("unrealized_pnl_e18", "value + open notional, as the protocol counts it. " + E18),
        amount("pending_funding_e18", "Funding not yet settled; positive = pays. " + E18),
        amount(
            "liquidatable_size_e18",
            "What the protocol would close at most now. 18 decimals; NULL = see blocked.",
        ),
        text("blocked", "Why it cannot be closed now; empty = it can, or need not be."),
    ),
)

to_row = row_writer(TABLE, PositionRow)
from_row = row_reader(TABLE, PositionRow)
