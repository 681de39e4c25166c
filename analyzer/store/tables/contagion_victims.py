"""The table `contagion_victims`: everybody with a loss."""

from __future__ import annotations

from analyzer.store.keys import CASCADE, E18, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, count, flag, text

TABLE = Table(
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
        amount("loss_e18", "What it lost until its first closure, or what it bears. " + E18),
        amount("deficit_e18", "What of it others bear, charged or not; NULL = it is no account."),
        amount("closed_value_e18", "What was closed of it; NULL = it is no account."),
        amount("listed_e18", "Of the loss: came along paths of contagion_paths."),
        amount("rest_e18", "Of the loss: came along paths that are not listed."),
        amount("offset_e18", "Its own gains, not positive."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
