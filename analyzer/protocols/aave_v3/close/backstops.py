"""The order in which Aave V3 absorbs a loss, with what each layer can bear at this block.

There is no haircut mechanism: what nobody covers stays with the suppliers of that reserve, as
claims that cannot all be paid.
Source: LiquidationLogic, Pool.eliminateReserveDeficit; spec section 8.
"""

from __future__ import annotations

from analyzer.model.rows import BackstopKind, BackstopRow
from analyzer.protocols.aave_v3.records.balances import Side, balance_of
from analyzer.protocols.aave_v3.revisions import BadDebt
from analyzer.protocols.aave_v3.state.state import ReserveState
from analyzer.protocols.aave_v3.value.account import Valuation
from analyzer.protocols.aave_v3.value.prices import to_e18
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError


def backstops(valued: AaveValued) -> list[BackstopRow]:
    """The loss waterfall of the book."""
    return waterfall(valued.valuation)


def waterfall(valuation: Valuation) -> list[BackstopRow]:
    """The loss waterfall, first layer first; capacities in 18 decimals of the base currency.

    A capacity is None (and not unlimited) when a price that it needs cannot be had.
    """
    state = valuation.state
    rows = [
        BackstopRow(
            1,
            "collateral of the accounts in debt",
            None,
            _collateral_of_insolvent(valuation),
            False,
            "Pool.liquidationCall: each account's collateral stands for its own debt only, and "
            "the liquidation bonus is paid out of it first",
            BackstopKind.OWN_COLLATERAL,
        )
    ]
    if state.rules.bad_debt is not BadDebt.STAYS and state.umbrella:
        rows.append(
            BackstopRow(
                2,
                "umbrella",
                state.umbrella,
                _held(valuation, state.umbrella),
                False,
                "Pool.eliminateReserveDeficit: burns its own aTokens against a deficit, if and "
                "when it wants; its stakers' assets are outside this market and not counted",
                voluntary=True,
            )
        )
    for treasury in sorted({r.treasury for r in state.reserves.values() if r.treasury}):
        rows.append(
            BackstopRow(
                len(rows) + 1,
                "treasury",
                treasury,
                _treasury(valuation, treasury),
                False,
                "aTokens of the treasury and its share not yet minted: governance may use them, "
                "nothing makes it",
                BackstopKind.TREASURY,
                voluntary=True,
            )
        )
    for reserve in state.reserves.values():
        rows.append(_suppliers(valuation, reserve, len(rows) + 1))
    return rows


def _collateral_of_insolvent(valuation: Valuation) -> int | None:
    """Collateral value of the accounts whose debt is above it; None when one is unknown."""
    total = 0
    for address, account in valuation.state.accounts.items():
        if not account.has_debt or valuation.many.covers_debt(account):
            continue
        data = valuation.account_data(address)
        if isinstance(data, Unreadable):
            return None
        if data.collateral_base < data.debt_base:
            total += data.collateral_base
    return to_e18(total, valuation.state.base_unit)


def _value(valuation: Valuation, reserve: ReserveState, amount: int) -> int:
    """A token amount in the base currency, down. Raises: UnreadableNumberError."""
    return amount * valuation.prices.asset(reserve) // reserve.unit


def _held(valuation: Valuation, address: str) -> int | None:
    """Value of all aTokens of an address; None when a price is not known."""
    state, account = valuation.state, valuation.state.accounts.get(address)
    if account is None:
        return 0
    total = 0
    for asset, scaled in account.supplied.items():
        reserve = state.reserves.get(asset)
        if not scaled or reserve is None:
            continue
        try:
            total += _value(valuation, reserve, state.supply(account, reserve))
        except UnreadableNumberError:
            return None
    return to_e18(total, state.base_unit)


def _treasury(valuation: Valuation, treasury: str) -> int | None:
    """Its aTokens, and what every reserve owes it but has not minted."""
    held = _held(valuation, treasury)
    if held is None:
        return None
    state, total = valuation.state, 0
    for reserve in state.reserves.values():
        if reserve.treasury != treasury or not reserve.accrued_to_treasury:
            continue
        accrued = reserve.accrued_to_treasury
        amount = balance_of(state.rules, Side.SUPPLY, accrued, reserve.income_ray)
        try:
            total += _value(valuation, reserve, amount)
        except UnreadableNumberError:
            return None
    return held + to_e18(total, state.base_unit)


def _suppliers(valuation: Valuation, reserve: ReserveState, order: int) -> BackstopRow:
    """The last layer of one reserve: everybody who supplied it."""
    state = valuation.state
    capacity = None
    if reserve.scaled_supply is not None:
        supplied = balance_of(state.rules, Side.SUPPLY, reserve.scaled_supply, reserve.income_ray)
        try:
            capacity = to_e18(_value(valuation, reserve, supplied), state.base_unit)
        except UnreadableNumberError:
            capacity = None
    return BackstopRow(
        order,
        f"suppliers of {reserve.symbol}",
        None,
        capacity,
        False,
        f"bad debt in {reserve.symbol} stays with them (deficit now {reserve.deficit or 0} raw): "
        "the first who withdraw are paid in full",
        BackstopKind.SOCIALISED,
        asset_id=reserve.asset,
    )
