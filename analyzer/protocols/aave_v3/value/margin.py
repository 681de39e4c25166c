"""Every account's margin, exact, at given prices.

    equity          = collateral - debt
    margin equity   = numerator of the health factor (collateral at liquidation thresholds)
    maintenance     = debt
    free collateral = collateral x average LTV - debt      (below 0 where the pool says 0)

All in 18 decimals of the base currency. The verdict is the pool's own test, health factor below
1: with its rounding, so near zero headroom the two may differ, and the note says so.
"""

from __future__ import annotations

from analyzer.model.integers import WAD
from analyzer.model.rows import MarginRow, unknown_margin
from analyzer.protocols.aave_v3.ray_math import PERCENT
from analyzer.protocols.aave_v3.value.account import AccountData
from analyzer.protocols.aave_v3.value.liquidation_call import (
    LIQUIDATION_THRESHOLD,
    Liquidation,
)
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.kit.unreadable import Unreadable


def margin(valued: AaveValued) -> list[MarginRow]:
    """The margin row of each account of the book, in its order.

    closable: there is a flagged collateral with a balance and a debt; whether a liquidation of
    any pair succeeds now is `status`. Raises: KeyError for an account that the state has not.
    """
    accounts, many = valued.state.accounts, valued.valuation.many
    return [
        many.row(accounts[address]) or row_in_full(valued, address)
        for address in valued.book.account_ids
    ]


def row_in_full(valued: AaveValued, address: str) -> MarginRow:
    """The row of one account, whatever it is. Raises: KeyError."""
    valuation = valued.valuation
    data = valuation.account_data(address)
    if isinstance(data, Unreadable):
        return unknown_margin(address, str(data))
    scale = WAD // valuation.state.base_unit
    numerator = data.margin_numerator_e4 * scale // PERCENT
    free = (data.borrow_limit_base - data.debt_base) * scale
    liquidatable = data.health_factor < LIQUIDATION_THRESHOLD
    status, note = _status_and_note(valued, data, numerator - data.debt_base * scale)
    liquidation = Liquidation(valuation, data)
    equity = (data.collateral_base - data.debt_base) * scale
    return MarginRow(
        account_id=address,
        owner=address,
        equity_e18=equity,
        margin_equity_e18=numerator,
        initial_margin_e18=numerator - free,
        maintenance_margin_e18=data.debt_base * scale,
        free_collateral_e18=free,
        liquidatable=liquidatable,
        closable=bool(liquidation.collaterals() and liquidation.debts()),
        status=status,
        note=note,
        settled_equity_e18=equity,
    )


def _status_and_note(valued: AaveValued, data: AccountData, headroom: int) -> tuple[str, str]:
    """(`open` or `blocked`, why). Blocked: liquidatable, and every pair's call would revert."""
    liquidatable = data.health_factor < LIQUIDATION_THRESHOLD
    notes = []
    if liquidatable != (headroom < 0):
        notes.append("the test rounds the health factor")
    if not liquidatable:
        return "open", "; ".join(notes)
    refused, possible = [], 0
    for collateral, debt, outcome in valued.pairs(data.address):
        pair = f"{collateral.reserve.symbol} for {debt.reserve.symbol}"
        if outcome.reverts is None:
            possible += 1
        else:
            refused.append(f"{pair}: {outcome.reverts}")
    if refused:
        notes.append("liquidation reverts for " + ", ".join(refused))
    return "blocked" if refused and not possible else "open", "; ".join(notes)
