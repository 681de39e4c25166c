"""Who has profits that auto-deleveraging may cut, and how they are ranked."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.protocols.simulation import Winner
from analyzer.protocols.table.rules import Kind
from analyzer.protocols.table.value.account import Leg, Sums, Valuation


def profits_e18(valuation: Valuation) -> dict[str, int]:
    """account -> profit of its open positions, those in profit only; 18 decimals."""
    out = {}
    for number, (account, sums) in enumerate(
        zip(valuation.book.account_ids, valuation.all(), strict=True)
    ):
        if isinstance(sums, str) or not sums.held_e18:
            continue
        profit = moving_e18(valuation, valuation.legs(number))
        if profit > 0:
            out[account] = profit
    return out


def moving_e18(valuation: Valuation, legs: Iterable[Leg]) -> int:
    """Positions at their prices, with the money that they were entered for: profit or loss. Of
    legs that have a price."""
    total = 0
    for number, amount in legs:
        if valuation.state.kind(number) in (Kind.POSITION, Kind.CASH):
            total += valuation.value_e18(number, amount) or 0
    return total


def winner(account: str, sums: Sums, profit_e18: int) -> Winner:
    """An account in profit with what ranks it: leverage = |positions| / equity (equity at least one
    unit of 18 decimals), return = profit / what the positions were entered for."""
    entered = max(sums.held_e18 - profit_e18, 1)
    return Winner(
        account_id=account,
        profit_e18=profit_e18,
        leverage=sums.held_e18 / max(sums.equity_e18, 1),
        gain=profit_e18 / entered,
    )
