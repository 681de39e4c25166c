"""The table `cascade_rounds`: a cascade, round by round."""

from __future__ import annotations

from analyzer.store.keys import CASCADE, E18, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, count, flag, json_text

TABLE = Table(
    "cascade_rounds",
    "The rounds of a cascade. One row per scan, cascade and round; round 0 is the shock.",
    (
        SCAN,
        CASCADE,
        count("round", "Number of the round.", key=True),
        count("step", "Step of the scenario that it belongs to, from 0."),
        count("closed_accounts", "Accounts of this deployment that were closed in it."),
        count("closures", "Closures of this deployment."),
        amount("closed_value_e18", "What they closed, at the protocol's prices. " + E18),
        amount("bad_debt_e18", "Bad debt of this deployment that they left. " + E18),
        json_text(
            "sold", "Factor -> forced net sales of all deployments, USD in 18 decimals, text."
        ),
        json_text("price_before", "Factor -> price as a share of the block's."),
        json_text("price_after", "Factor -> price as a share of the block's."),
        json_text("ledger", "Party -> change of what it has, all deployments, as text."),
        flag("ledger_closes", "true = the ledger's parts add up to 0."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
