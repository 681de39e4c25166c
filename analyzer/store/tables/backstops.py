"""The table `backstops`: the loss waterfall."""

from __future__ import annotations

from analyzer.model.rows import BackstopKind, BackstopRow
from analyzer.store.keys import SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, amount, count, flag, text

TABLE = Table(
    "backstops",
    "The loss waterfall, first layer first. One row per scan and layer.",
    (
        SCAN,
        count("layer", "1 = losses reach it first.", key=True),
        text("name", "Who stands there."),
        text("account_id", "Its account, where it is one."),
        amount("capacity_e18", "What it can absorb. 18 decimals; NULL = without bound, or unread."),
        flag("unlimited", "true = absorbs without a bound."),
        text("rule", "When and how losses reach it."),
        text("kind", "`own_collateral`, `fund`, `treasury`, `lp`, `adl` or `socialised`."),
        flag("voluntary", "true = may pay, but nothing makes it: no capacity."),
        text("asset_id", "The one asset whose losses it bears; NULL = any."),
    ),
)

to_row = row_writer(TABLE, BackstopRow, at={"layer": "order"}, made={"kind": str})
from_row = row_reader(TABLE, BackstopRow, column={"order": "layer"}, made={"kind": BackstopKind})
