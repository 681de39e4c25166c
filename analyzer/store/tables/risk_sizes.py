"""The table `risk_sizes`: how far accounts may grow."""

from __future__ import annotations

from analyzer.store.keys import ACCOUNT, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, count, figure, flag, text

TABLE = Table(
    "risk_sizes",
    "The largest that an account may take on, way by way, nothing else changing (`risk size"
    " --out`): exact under the protocol's own initial margin. One row per scan, account, way and"
    " asset.",
    (
        SCAN,
        ACCOUNT,
        text("kind", "`long`, `short`, `borrow` or `withdraw`.", key=True),
        text("asset_id", "What of.", key=True),
        text("symbol", "Its name."),
        count("decimals", "Decimals of raw amounts."),
        amount("largest", "Raw; one unit more fails. NULL = nothing that is known ends it."),
        text("bound", "What ends it."),
        figure("value_usd", "The largest at the reference price; NULL = no price."),
        amount(
            "margin_largest", "Raw; what initial margin alone lets pass. NULL = it never ends it."
        ),
        figure("distance", "Move against it that `by_distance` survives; NULL = not asked."),
        amount(
            "by_distance", "Raw; the largest that survives that move. NULL = not asked, or no end."
        ),
        figure("es_budget_usd", "Budget of ES; NULL = not asked."),
        figure(
            "by_es_usd",
            "The largest value within it, dollars; 0 = it is exceeded already; NULL = not asked,"
            " no prices, or no end.",
        ),
        flag("hedges", "Whether a little of it raises free collateral."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
