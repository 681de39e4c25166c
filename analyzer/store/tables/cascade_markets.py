"""The table `cascade_markets`: what forced trades met and did, market by market."""

from __future__ import annotations

from analyzer.store.keys import CASCADE, E18, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, figure, text

TABLE = Table(
    "cascade_markets",
    "The markets that forced trades go through: of each pair one side moves. One row per scan,"
    " cascade, factor and what it is traded against.",
    (
        SCAN,
        CASCADE,
        text("factor", "The side that moves.", key=True),
        text(
            "against",
            "The other side: a factor, the unit of account `USD`, or a class of them that the"
            " stated default is for.",
            key=True,
        ),
        figure(
            "depth_usd",
            "Net sales that take its price down by ten percent, as the scenario has it; NULL ="
            " none do, or the depth is unknown.",
        ),
        text("curve", "Kind of the depth curve; empty = unknown."),
        text("source", "Where the depth is from."),
        amount("sold_e18", "Sold of the factor in this pair, at the block's prices. " + E18),
        amount("bought_e18", "Bought likewise. " + E18),
        amount("unsold_e18", "Of the factor: what no market bore (in its first row only). " + E18),
        amount("unbought_e18", "The same of purchases. " + E18),
        figure("price_shocked", "The factor's price at the last shock, a share of the block's."),
        figure("price_after", "The same when the cascade has come to rest."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
