"""The table `orders`: maker ranges and resting orders."""

from __future__ import annotations

from analyzer.model.rows import OrderRow
from analyzer.store.keys import ACCOUNT, E18, SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, amount, count, text

TABLE = Table(
    "orders",
    "Maker ranges and resting orders. One row per scan, account, market and order.",
    (
        SCAN,
        ACCOUNT,
        text("market_id", "The market.", key=True),
        text("order_id", "The order, as the protocol names it.", key=True),
        count("lower_tick", "Lower bound of the range, in ticks; NULL = no range."),
        count("upper_tick", "Upper bound of the range, in ticks; NULL = no range."),
        amount("liquidity", "Liquidity of the range, raw."),
        amount("base_debt_e18", "Base put in. 18 decimals."),
        amount("quote_debt_e18", "Quote put in. 18 decimals."),
        amount("base_amount_e18", "Base in the range now. 18 decimals; NULL = unknown."),
        amount("quote_amount_e18", "Quote in the range now. 18 decimals; NULL = unknown."),
        amount("pending_fee_e18", "Fees earned and not collected. " + E18),
    ),
)

to_row = row_writer(TABLE, OrderRow)
from_row = row_reader(TABLE, OrderRow)
