"""The table `sweep_results`: many scenarios at once, through the linear twin."""

from __future__ import annotations

from analyzer.store.keys import E18, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, count, figure, json_text, text

TABLE = Table(
    "sweep_results",
    "Many scenarios at once (`stress --batch`) through the linear twin of all deployments together,"
    " in float64: no protocol's rules, no waterfall, no rounding. One row per scan, sweep and row;"
    " what a scenario does is of all deployments together, so it is the same under every scan.",
    (
        SCAN,
        text("sweep_id", "Key of the sweep: scans, scenarios, curves.", key=True),
        count("row_no", "Number of the row, from 1.", key=True),
        text("name", "Name of the row."),
        text("scenario", "What was run for it: its own name, or the date that was drawn."),
        text("source", "Where the scenarios are from, with the seed of draws."),
        json_text("shocks", "Multiples of the block's prices after the shock, by factor."),
        count("closed_accounts", "Accounts that were closed."),
        figure("notional_usd", "What was closed, without sign, at the prices at which it traded."),
        figure(
            "bad_debt_usd",
            "What closed accounts lack, before any waterfall; NULL = unknown.",
        ),
        count("rounds", "Rounds in which something was closed."),
        count("undecided", "Accounts of which nothing is known in the scenario."),
        json_text("prices", "Multiples of the block's prices at the end, by factor."),
        text("engine", "What ran it: tiles or fused."),
        text("cascade_id", "Of the exact cascade of the same scenario; NULL = it was not run."),
        amount("exact_bad_debt_e18", "Bad debt of that cascade, all deployments. " + E18),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
