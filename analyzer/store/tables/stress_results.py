"""The table `stress_results`: what a scenario does to a deployment."""

from __future__ import annotations

from analyzer.store.keys import CASCADE, E18, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, count, figure, json_text, text

TABLE = Table(
    "stress_results",
    "What a scenario does to a deployment. One row per scan and cascade. `static` = at the prices"
    " of the scenario's last step, before anybody reacts; `after` = when the cascade has come to"
    " rest. Prices are the protocol's; those of the market differ where an oracle stands still.",
    (
        SCAN,
        CASCADE,
        text("scenario", "Name of the scenario."),
        figure(
            "shock", "Multiple of the price that it moves; NULL = it moves several differently."
        ),
        count("accounts", "Accounts but the backstops' own."),
        count("unknown", "Accounts of which nothing is known: they are in no sum."),
        count("liquidatable_before", "Accounts that breach at the block."),
        count("insolvent_before", "Accounts with negative equity at the block."),
        amount("bad_debt_before_e18", "-Σ min(equity, 0) at the block. " + E18),
        count("below_initial", "Static: below initial margin, or in breach; NULL = not known."),
        count("liquidatable", "Static: accounts that breach."),
        count("insolvent", "Static: accounts with negative equity."),
        amount("bad_debt_static_e18", "Static: -Σ min(equity, 0). " + E18),
        count("closed_accounts", "Accounts that were closed in the cascade."),
        amount("closed_value_e18", "What was closed, at the protocol's prices. " + E18),
        count("liquidatable_after", "After: accounts that still breach."),
        count("insolvent_after", "After: accounts with negative equity that nobody closed."),
        amount("bad_debt_after_e18", "After: charged to absorbers and left on accounts. " + E18),
        amount("charged_e18", "Of it: charged to absorbers. " + E18),
        amount("fund_before_e18", "Bounded layers that must pay, at the block. " + E18),
        amount("fund_left_e18", "The same, after. " + E18),
        amount(
            "uncovered_e18",
            "After, at market: borne by others than bounded layers, or left beyond what these still"
            " hold. " + E18,
        ),
        figure("amplification", "bad_debt_after / bad_debt_static; NULL = nothing to divide by."),
        amount("cover1_e18", "Bad debt of the one owner with the most, static. " + E18),
        amount("cover2_e18", "Bad debt of the two owners with the most, static. " + E18),
        json_text(
            "cover_owners",
            "The owners of cover2, largest first: a JSON list of names.",
        ),
        amount("bad_debt_static_market_e18", "Static: at the market's prices. " + E18),
        amount("bad_debt_after_market_e18", "After: at the market's prices. " + E18),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
