"""The table `prices`: the protocol's reference prices."""

from __future__ import annotations

from analyzer.model.book import Price
from analyzer.store.keys import SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, amount, count, text

TABLE = Table(
    "prices",
    "The protocol's reference prices. One row per scan and asset.",
    (
        SCAN,
        text("asset_id", "Token or market.", key=True),
        text("symbol", "Its symbol."),
        text("factor", "Its risk factor."),
        amount("price_e18", "Price of a whole unit. 18 decimals; NULL = none, never 0."),
        text(
            "status",
            "`fresh`, `undated` (its source gives no time), `stale`, `doubtful` (its source"
            " contradicts itself), `invalid`, `fixed` or `missing`.",
        ),
        text("source", "Formula and contract."),
        count("updated_at", "Last update of the source, unix seconds; NULL = it has none."),
        text("detail", "What else there is to say."),
    ),
)

to_row = row_writer(TABLE, Price)
from_row = row_reader(TABLE, Price)
