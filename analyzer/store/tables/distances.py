"""The table `distances`: how far each account is from liquidation and from insolvency."""

from __future__ import annotations

from analyzer.store.keys import ACCOUNT, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, figure, text

TABLE = Table(
    "distances",
    "How far each account is from liquidation along a ray of prices. One row per scan, ray and"
    " account.",
    (
        SCAN,
        text("ray", "Which prices move together.", key=True),
        ACCOUNT,
        figure(
            "multiple",
            "Multiple of the block's prices at which it is first liquidatable; 1 = now; NULL ="
            " nowhere on the ray, or unknown.",
        ),
        text("reason", "Why there is none, or how exact it is."),
        figure("value_usd", "What the account holds and owes that the ray moves, at the block."),
        figure(
            "up_multiple",
            "Multiple of the block's prices at which, prices rising, it is first liquidatable; as"
            " `multiple`.",
        ),
        figure(
            "insolvent_multiple",
            "Multiple at which, prices falling, its equity is first negative; as `multiple`.",
        ),
        figure(
            "insolvent_up_multiple",
            "Multiple at which, prices rising, its equity is first negative; as `multiple`.",
        ),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
