"""The table `risk_exits`: what can leave of each reserve or pool."""

from __future__ import annotations

from analyzer.store.keys import SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, count, figure, text

TABLE = Table(
    "risk_exits",
    "What can be withdrawn now of each reserve, market or pool, and what a run on it in which the"
    " largest come first leaves (`risk exits --out`): exact raw amounts. One row per scan and"
    " asset.",
    (
        SCAN,
        text("asset_id", "What is withdrawn.", key=True),
        text("symbol", "Its name."),
        count("decimals", "Decimals of raw amounts."),
        amount("price_e18", "Reference price, 18 decimals; NULL = none."),
        amount("claims", "Raw; all that is owed to holders."),
        amount("free", "Raw; what their own margins let go of it."),
        amount("available", "Raw; what can be paid out now."),
        amount("lent", "Raw; what is lent out."),
        figure("utilisation", "Lent over what there would be if all came back; NULL = empty."),
        amount("withdrawable", "Raw; what can leave now."),
        count("holders", "Accounts of which something may leave."),
        count("paid_in_full", "How many of the largest are paid in full."),
        amount("locked", "Raw; what may leave and is not paid."),
        amount("left_after_1", "Raw; left for the others when the largest one has left."),
        amount("left_after_5", "When the five largest have."),
        amount("left_after_10", "When the ten largest have."),
        amount("left_after_25", "When the 25 largest have."),
        amount("stakes", "Raw; stakes that stand behind it with a cooldown. NULL = none is known."),
        amount(
            "stakes_firm",
            "Raw; the part of them that cannot leave before the delay. NULL likewise.",
        ),
        count("stakes_delay_s", "Seconds until all of them may have left. NULL likewise."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
