"""The table `collateral`: collateral balances."""

from __future__ import annotations

from analyzer.model.rows import CollateralRow
from analyzer.store.keys import ACCOUNT, E18, SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, amount, count, text

TABLE = Table(
    "collateral",
    "Collateral balances. One row per scan, account and asset.",
    (
        SCAN,
        ACCOUNT,
        text("asset_id", "The token.", key=True),
        text("symbol", "Its symbol."),
        count("decimals", "Its decimals."),
        amount("amount", "Balance, signed, raw in the token's own decimals."),
        amount(
            "amount_e18",
            "The same in 18 decimals (a token of more than 18 decimals: truncated toward zero).",
        ),
        amount("price_e18", "Reference price of a whole token. " + E18),
        amount("value_e18", "Amount at that price. " + E18),
        amount("margin_value_e18", "What of it counts as margin. " + E18),
        count("weight_e6", "The ratio that is counted, parts per million (1e6 = 100 %)."),
    ),
)

to_row = row_writer(TABLE, CollateralRow, beside=("scan_id", "amount_e18"))
from_row = row_reader(TABLE, CollateralRow)
