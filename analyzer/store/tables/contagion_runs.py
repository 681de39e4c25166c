"""The table `contagion_runs`: cascades that were run, and how."""

from __future__ import annotations

from analyzer.store.keys import CASCADE, E18, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, count, figure, flag, json_text, text

TABLE = Table(
    "contagion_runs",
    "Cascades that were run: the scenario and how. One row per scan and cascade.",
    (
        SCAN,
        CASCADE,
        text("scenario", "Name of the scenario."),
        text("title", "What happens, in one line."),
        text("source", "Where the scenario's numbers come from."),
        flag("verified", "Whether every number of the scenario was checked at its source."),
        json_text("notes", "What a reader should know, unverified numbers first: a JSON list."),
        json_text("deployments", "The deployments of the cascade, a JSON list."),
        text("order_name", "In which order accounts were liquidated."),
        json_text("options", "Every option of the run, a JSON object."),
        json_text("shocks", "Factor -> multiple of the block's price in the last step, as text."),
        figure("depth_multiplier", "What every curve's depth was multiplied with."),
        json_text("curves", "Factor -> {name, source} of the depth curve that was used."),
        json_text("unmapped", "Factors that no rule of the scenario moves, a JSON list."),
        json_text(
            "exhausted",
            "Factors of which more had to be sold or bought than the market bears, a JSON list.",
        ),
        json_text(
            "implausible",
            "Factors whose price forced trades alone move by more than half of its shocked price,"
            " up or down, a JSON list: no market would show such a run. [] = a plausible one.",
        ),
        json_text(
            "unprofitable",
            "Deployment -> accounts that are in breach in the end and whose closure pays nobody, a"
            " JSON object of counts.",
        ),
        count("rounds", "Rounds in which somebody was closed."),
        flag("quiet", "true = nothing more would happen; false = the rounds ran out."),
        flag("ledger_closes", "true = accounts + absorbers + liquidators + market = 0 each round."),
        json_text("amplification", "Factor -> its final move over the scenario's own move."),
        text(
            "not_applicable",
            "Why the scenario is not about these books: it has no row in stress_results then. Empty"
            " = it is.",
        ),
        amount(
            "bad_debt_half_depth_e18",
            "Bad debt of all deployments, at the market's prices, with half of every depth; NULL ="
            " not worked out. " + E18,
        ),
        amount("bad_debt_double_depth_e18", "The same with double every depth. " + E18),
        amount(
            "bad_debt_least_e18",
            "Least bad debt of all deployments, at the market's prices, over the order of the run"
            " and those that bound it in practice; NULL = not worked out. " + E18,
        ),
        text("bad_debt_least_order", "The order that gave it; NULL = not worked out."),
        amount("bad_debt_most_e18", "The most over these orders. " + E18),
        text("bad_debt_most_order", "The order that gave it; NULL = not worked out."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
