"""The tables of stress and contagion: what scenarios do to the scans of a snapshot.

They are empty in a snapshot that `analyzer scan` wrote. A cascade over several deployments has
rows under the scan of each.
"""

from __future__ import annotations

from analyzer.store.keys import ACCOUNT, SCAN
from analyzer.store.schema import Table, amount, count, figure, flag, json_text, text

CASCADE = text(
    "cascade_id",
    "The cascade: 16 hex digits over its scans, the scenario's content, the depth curves and the"
    " options.",
    key=True,
)
_E18 = "18 decimals of the settlement currency; NULL = unknown."

CONTAGION_RUNS = Table(
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
            "Factors sold further than their depth curve knows, whose price is an assumption from"
            " there on, a JSON list.",
        ),
        count("rounds", "Rounds in which somebody was closed."),
        flag("quiet", "true = nothing more would happen; false = the rounds ran out."),
        flag("ledger_closes", "true = accounts + absorbers + liquidators + market = 0 each round."),
        json_text("amplification", "Factor -> its final move over the scenario's own move."),
    ),
)

STRESS_RESULTS = Table(
    "stress_results",
    "What a scenario does to a deployment. One row per scan and cascade. `static` = at the"
    " scenario's prices, before anybody reacts; `after` = when the cascade has come to rest.",
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
        amount("bad_debt_before_e18", "-Σ min(equity, 0) at the block. " + _E18),
        count("below_initial", "Static: below initial margin (by float64); NULL = not computed."),
        count("liquidatable", "Static: accounts that breach."),
        count("insolvent", "Static: accounts with negative equity."),
        amount("bad_debt_static_e18", "Static: -Σ min(equity, 0). " + _E18),
        count("closed_accounts", "Accounts that were closed in the cascade."),
        amount("closed_value_e18", "What was closed, at the protocol's prices. " + _E18),
        count("liquidatable_after", "After: accounts that still breach."),
        count("insolvent_after", "After: accounts with negative equity that nobody closed."),
        amount("bad_debt_after_e18", "After: charged to absorbers and left on accounts. " + _E18),
        amount("charged_e18", "Of it: charged to absorbers. " + _E18),
        amount("fund_before_e18", "Bounded layers that must pay, at the block. " + _E18),
        amount("fund_left_e18", "The same, after. " + _E18),
        amount("uncovered_e18", "Bad debt after, beyond fund_before, not negative. " + _E18),
        figure("amplification", "bad_debt_after / bad_debt_static; NULL = nothing to divide by."),
        amount("cover1_e18", "Bad debt of the one owner with the most, static. " + _E18),
        amount("cover2_e18", "Bad debt of the two owners with the most, static. " + _E18),
    ),
)

CASCADE_ROUNDS = Table(
    "cascade_rounds",
    "The rounds of a cascade. One row per scan, cascade and round; round 0 is the shock.",
    (
        SCAN,
        CASCADE,
        count("round", "Number of the round.", key=True),
        count("step", "Step of the scenario that it belongs to, from 0."),
        count("closed_accounts", "Accounts of this deployment that were closed in it."),
        count("closures", "Closures of this deployment."),
        amount("closed_value_e18", "What they closed, at the protocol's prices. " + _E18),
        amount("bad_debt_e18", "Bad debt of this deployment that they left. " + _E18),
        json_text(
            "sold", "Factor -> forced net sales of all deployments, USD in 18 decimals, text."
        ),
        json_text("price_before", "Factor -> price as a share of the block's."),
        json_text("price_after", "Factor -> price as a share of the block's."),
        json_text("ledger", "Party -> change of what it has, all deployments, as text."),
        flag("ledger_closes", "true = the ledger's parts add up to 0."),
    ),
)

CONTAGION_EDGES = Table(
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

CONTAGION_VICTIMS = Table(
    "contagion_victims",
    "Everybody with a loss: accounts that failed, and those who bear what they lack. One row per"
    " scan, cascade and victim. loss = listed paths + rest + offset, exactly. Losses of different"
    " victims must not be added: what A passed on to B is in both.",
    (
        SCAN,
        CASCADE,
        text("node", "The victim: an account, a layer of the waterfall, or `unsettled`.", key=True),
        flag("failed", "true = an account that was closed or ended below zero; false = it pays."),
        text("account_id", "The account; NULL = it is none."),
        text("owner", "Its owner; NULL = it is no account."),
        count("round", "Round of its first closure; NULL = it was never closed."),
        amount("equity_before_e18", "Its equity at the block; NULL = it is no account."),
        amount("loss_e18", "What it lost until its first closure, or what it bears. " + _E18),
        amount("deficit_e18", "What of it others bear, charged or not; NULL = it is no account."),
        amount("closed_value_e18", "What was closed of it; NULL = it is no account."),
        amount("listed_e18", "Of the loss: came along paths of contagion_paths."),
        amount("rest_e18", "Of the loss: came along paths that are not listed."),
        amount("offset_e18", "Its own gains, not positive."),
    ),
)

CONTAGION_PATHS = Table(
    "contagion_paths",
    "The largest ways that losses took. One row per scan, cascade and path, under the scan in which"
    " the path ends.",
    (
        SCAN,
        CASCADE,
        count("rank", "1 = the largest of the cascade.", key=True),
        text("path_id", "16 hex digits over its nodes, channels and assets: stable run to run."),
        text("victim", "The node that it ends in."),
        flag("victim_failed", "Whether that is an account that failed."),
        amount("amount_e18", "What of the victim's loss came this way. 18 decimals."),
        figure("share_of_loss", "Of the victim's loss; NULL = its gains outweigh its losses."),
        json_text("steps", "In order, a JSON list of {round, from, channel, asset, to}."),
        text("words", "The path in words."),
    ),
)

DISTANCES = Table(
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
    ),
)

LIQUIDATION_WALL = Table(
    "liquidation_wall",
    "How much becomes liquidatable where. One row per scan, ray, factor and level.",
    (
        SCAN,
        text("ray", "Which prices move together.", key=True),
        text("factor", "The risk factor of what would be closed.", key=True),
        figure("level", "Multiple of the block's prices, lower end of the step.", key=True),
        count("accounts", "Accounts that become liquidatable in this step."),
        figure("value_usd", "What they hold or owe of the factor, USD at the block's prices."),
        figure("cumulative_usd", "The same of this step and all nearer ones."),
    ),
)

CONTAGION_TABLES: tuple[Table, ...] = (
    CONTAGION_RUNS, STRESS_RESULTS, CASCADE_ROUNDS, CONTAGION_EDGES, CONTAGION_VICTIMS,
    CONTAGION_PATHS, DISTANCES, LIQUIDATION_WALL,
)  # fmt: skip
"""Every table of stress and contagion, in the order in which they are made and written."""
