"""The tokens that stand for claims on a market: its aTokens, by what they are worth now."""

from __future__ import annotations

from analyzer.protocols.aave_v3.records.balances import Side, balance_of
from analyzer.protocols.aave_v3.value.account import Valuation
from analyzer.protocols.aave_v3.value.prices import to_e18
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.simulation import Receipt


def receipts(valuation: Valuation) -> list[Receipt]:
    """The supply token of every reserve of which supply and price are known."""
    state, out = valuation.state, []
    for reserve in state.reserves.values():
        if reserve.scaled_supply is None:
            continue
        amount = balance_of(state.rules, Side.SUPPLY, reserve.scaled_supply, reserve.income_ray)
        try:
            value = amount * valuation.prices.asset(reserve) // reserve.unit
        except UnreadableNumberError:
            continue
        out.append(Receipt(reserve.a_token, reserve.asset, to_e18(value, state.base_unit)))
    return out
