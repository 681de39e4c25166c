"""The table `risk_liquidations`: what a liquidator earns by each account."""

from __future__ import annotations

from analyzer.store.keys import ACCOUNT, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, figure, flag, text

TABLE = Table(
    "risk_liquidations",
    "What a liquidator earns by each account that can be closed (`risk liquidations --out`), by the"
    " rule of a cascade, as if it came first. One row per scan and account.",
    (
        SCAN,
        ACCOUNT,
        text("when", "`now`, or `near` where it takes a fall of all prices first."),
        amount("equity_e18", "18 decimals; NULL = unknown."),
        amount("offered_e18", "The largest closure that the contract allows, 18 decimals."),
        amount("taken_e18", "How much of it pays somebody."),
        amount("bonus_e18", "What the protocol gives for that; NULL = none pays."),
        amount("profit_e18", "After slippage, gas and the required return; NULL = none pays."),
        flag("dust", "Whether none would pay without any slippage either."),
        amount("left_e18", "Of one that pays nobody: what it lacks, which becomes bad debt."),
        figure("near", "The fall that counts as near."),
        figure("gas_usd", "Of one closure."),
        figure("required_share", "Return that a liquidator wants, of the value taken over."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
