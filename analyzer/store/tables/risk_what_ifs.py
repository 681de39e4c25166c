"""The table `risk_what_ifs`: a deployment under other parameters."""

from __future__ import annotations

from analyzer.store.keys import SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, count, figure, text

TABLE = Table(
    "risk_what_ifs",
    "Both sides of a what-if (`risk what-if --out`), by the protocol's own rules. One row per scan,"
    " parameter set and side.",
    (
        SCAN,
        text("what_if", "The parameters that were set: `LT:WETH=0.8 bonus:WETH=0.06`.", key=True),
        text("side", "`now` or `then`.", key=True),
        count("healthy", "Accounts of this verdict; the same for the next four."),
        count("below_initial", "Accounts."),
        count("liquidatable", "Accounts."),
        count("insolvent", "Accounts."),
        count("unknown", "Accounts."),
        amount("free_e18", "What all may still borrow or trade on, 18 decimals."),
        amount("liquidatable_e18", "Maintenance of the accounts in breach, 18 decimals."),
        figure(
            "nearest", "Least fall of all prices that liquidates somebody healthy; NULL = none."
        ),
        figure("wall_5_usd", "Sold by force within a fall of 5 %, dollars; NULL = nothing moves."),
        figure("wall_10_usd", "Within 10 %."),
        figure("wall_20_usd", "Within 20 %."),
        figure("wall_30_usd", "Within 30 %."),
        figure(
            "downturn_insolvency_usd", "VaR of insolvency, broad downturn; NULL = no prices given."
        ),
        figure("downturn_liquidations_usd", "LaR of liquidations, broad downturn."),
        figure("broken_insolvency_usd", "VaR of insolvency, broken correlation."),
        figure("broken_liquidations_usd", "LaR of liquidations, broken correlation."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
