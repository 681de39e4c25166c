"""The table `risk_leavers`: in which order a reserve pays."""

from __future__ import annotations

from analyzer.store.keys import SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, count, text

TABLE = Table(
    "risk_leavers",
    "The order of a run on a reserve or pool (`risk exits --out`), the largest first, up to a"
    " limit. One row per scan, asset and place.",
    (
        SCAN,
        text("asset_id", "What is withdrawn.", key=True),
        count("place", "Place in the run, from 1.", key=True),
        text("account_id", "Who leaves."),
        amount("wants", "Raw; what its own margin lets go."),
        amount("paid", "Raw; what it gets."),
        amount("locked", "Raw; what stays."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
