"""The table `contagion_edges`: every transmission of a loss."""

from __future__ import annotations

from analyzer.store.keys import CASCADE, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, count, text

TABLE = Table(
    "contagion_edges",
    "Every transmission of a loss. One row per scan, cascade and edge; an edge stands under the"
    " scan of the account or layer that it goes to, else that it comes from.",
    (
        SCAN,
        CASCADE,
        count("edge_no", "Number of the edge in the cascade, from 1.", key=True),
        count("round", "0 = the shock, else the round that caused it."),
        text("from_node", "Where the loss comes from (`account:<deployment>/<id>`, `move:ETH@1`)."),
        text(
            "channel",
            "`exogenous`, `past`, `price`, `receipt`, `deficit`, `haircut`, `adl`, `claim` or"
            " `offset`.",
        ),
        text("asset", "The factor or token that carried it; empty = none."),
        text("to_node", "Where it goes to."),
        amount("amount_e18", "How much; negative on `offset` only. 18 decimals."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
