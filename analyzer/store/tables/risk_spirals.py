"""The table `risk_spirals`: how much further a price falls for each bit that it falls."""

from __future__ import annotations

from analyzer.store.keys import SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, figure, text

TABLE = Table(
    "risk_spirals",
    "The loss spiral of each factor that falls alone (`risk protocol --out`), in float64, all"
    " deployments selling into one depth, so the same under every scan. One row per scan, factor"
    " and percent of the fall; factors that nobody sells by force are left out.",
    (
        SCAN,
        text("factor", "The risk factor that falls.", key=True),
        figure("fall", "Size of the shock; 0.1 = by a tenth.", key=True),
        figure("kappa", "How much further it falls for each bit that it falls; 1 = by itself."),
        figure("sold_usd", "What is sold by force until then, net, at the block's prices."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
