"""What liquidators gain, without everything else that a closure does: of an amount, and at most.

    paid  <=  value of the collateral x (bonus - 1)       what is seized is the debt times bonus

The most is told only of accounts so small that the pool lets nobody leave a part of both sides (or,
in revisions without that rule, at least half of the debt is closed at once), so that no closure of
them is less than a rounding.
"""

from __future__ import annotations

from analyzer.protocols.aave_v3.ray_math import PERCENT
from analyzer.protocols.aave_v3.state.state import AaveState
from analyzer.protocols.aave_v3.value.account import AccountData, Holding, Valuation
from analyzer.protocols.aave_v3.value.liquidation_call import (
    MIN_LEFTOVER_BASE,
    Liquidation,
    Outcome,
)
from analyzer.protocols.aave_v3.value.prices import to_e18
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.simulation import Stake, Terms

LEAST_PARTS = 10**6
"""A millionth of the base currency: the least value of a side that is told from roundings."""
UNITS = 4
"""Smallest units of a token, and of the base currency, that one side of a closure rounds by."""


def traded(collateral: Holding, debt: Holding, outcome: Outcome) -> dict[str, int]:
    """What the liquidator of a pair has to sell (above zero) and to buy (below), raw amounts."""
    sold = {collateral.reserve.asset: outcome.to_liquidator}
    bought = debt.reserve.asset
    sold[bought] = sold.get(bought, 0) - outcome.debt_repaid
    return {asset: amount for asset, amount in sold.items() if amount}


def terms(state: AaveState, collateral: Holding, debt: Holding, outcome: Outcome) -> Terms | None:
    """What a liquidation of a pair pays; None where the pool refuses it."""
    if outcome.reverts is not None:
        return None
    fee = _value(collateral, outcome.fee)
    return Terms(
        paid_e18=to_e18(outcome.seized_value - fee - outcome.repaid_value, state.base_unit),
        value_e18=to_e18(outcome.seized_value, state.base_unit),
        sold=traded(collateral, debt, outcome),
    )


def stake(valuation: Valuation, data: AccountData) -> Stake | None:
    """What all of its liquidations come to at the most; None where it is no small account, or one
    whose category has a price of its own."""
    unit = valuation.state.base_unit
    try:
        if valuation.prices.override(valuation.state.accounts[data.address].emode):
            return None
    except UnreadableNumberError:
        return None
    liquidation = Liquidation(valuation, data)
    paid, rounding, traded = 0, 0, dict[str, int]()
    for holding in data.holdings:
        taken, owed = holding.supplied if holding.flagged else 0, holding.owed
        if any(amount and _value(holding, amount) * LEAST_PARTS < unit for amount in (taken, owed)):
            return None
        gain = _value(holding, taken) * max(liquidation.bonus_bps(holding) - PERCENT, 0) // PERCENT
        paid = max(paid, gain)
        rounding += UNITS * (holding.price // holding.reserve.unit + 1)
        traded[holding.reserve.asset] = _value(holding, taken) + _value(holding, owed)
    if sum(traded.values()) >= MIN_LEFTOVER_BASE:
        return None
    e18 = {asset: to_e18(value + rounding, unit) for asset, value in traded.items()}
    return Stake(to_e18(paid + 2 * rounding, unit), e18)


def _value(holding: Holding, amount: int) -> int:
    """An amount of a holding in the base currency, down."""
    return amount * holding.price // holding.reserve.unit
