"""The table `risk_importance`: which owners matter, over all deployments."""

from __future__ import annotations

from analyzer.store.keys import SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, figure, text

TABLE = Table(
    "risk_importance",
    "Bad debt of all deployments together that goes with an owner's rescue (`risk importance"
    " --out`), and its part by Shapley, in float64. One row per scan, history and owner; the same"
    " under every scan.",
    (
        SCAN,
        text("history", "The price history.", key=True),
        text("owner", "Who.", key=True),
        figure("gross_usd", "What it holds and owes that prices move, without sign."),
        figure("saved_usd", "Mean bad debt that its rescue alone saves."),
        figure(
            "shapley_usd", "Its part of what all these rescues save; NULL = not among the players."
        ),
        text("deployments", "Where it has accounts."),
        text("nearest_owner", "Whose portfolio is most like its own; empty = nobody's."),
        figure("overlap", "How like: cosine of dollars by factor, 1 = the same; NULL = nobody's."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
