"""An account's liquidations as the house's closures: every pair of a collateral and a debt."""

from __future__ import annotations

from analyzer.model.closure import Closure, Transfer
from analyzer.protocols.aave_v3.state.state import AaveState
from analyzer.protocols.aave_v3.value.account import AccountData, Holding
from analyzer.protocols.aave_v3.value.liquidation_call import (
    Outcome,
)
from analyzer.protocols.aave_v3.value.prices import to_e18
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.aave_v3.words import has_bit
from analyzer.protocols.kit.unreadable import Unreadable


def liquidate(valued: AaveValued, address: str) -> list[Closure]:
    """What the contract would close of this account now, each pair as if it came first.

    An account of which a number cannot be had has none; its margin row says why.
    Raises: KeyError for no such account.
    """
    data = valued.valuation.account_data(address)
    if isinstance(data, Unreadable):
        return []
    return [
        closure_of(valued.state, data, collateral, debt, outcome)
        for collateral, debt, outcome in valued.pairs(address)
    ]


def closure_of(
    state: AaveState, data: AccountData, collateral: Holding, debt: Holding, outcome: Outcome
) -> Closure:
    """One pair. The named numbers after it are the token's own; deficits by reserve id."""

    def e18(base: int) -> int:
        return to_e18(base, state.base_unit)

    fee_value = outcome.fee * collateral.price // collateral.reserve.unit
    after = {
        "debt_reserve_id": debt.reserve.id,
        "collateral_reserve_id": collateral.reserve.id,
        "debt_repaid": outcome.debt_repaid,
        "collateral_to_liquidator": outcome.to_liquidator,
        "protocol_fee": outcome.fee,
        "scaled_collateral": outcome.scaled_collateral_after,
        "scaled_debt": outcome.scaled_debt_after,
        "collateral_flag": int(outcome.collateral_flag_after),
        "needs_a_token": int(_lacks_liquidity(state, collateral, debt, outcome)),
    }
    ids = {h.reserve.asset: h.reserve.id for h in data.holdings}
    after |= {f"deficit_{ids[asset]}": amount for asset, amount in outcome.deficits.items()}
    return Closure(
        account_id=data.address,
        kind="collateral",
        asset_id=collateral.reserve.asset,
        amount=outcome.to_liquidator + outcome.fee,
        price_e18=e18(collateral.price),
        value_e18=e18(outcome.seized_value),
        penalty_e18=e18(outcome.seized_value - outcome.repaid_value),
        transfers=_transfers(state, data, collateral, debt, outcome, fee_value),
        reverts=outcome.reverts,
        after=after,
    )


def _lacks_liquidity(
    state: AaveState, collateral: Holding, debt: Holding, outcome: Outcome
) -> bool:
    """Whether the collateral's reserve cannot pay the underlying out: then only a liquidator who
    takes aTokens succeeds."""
    # What the reserve holds changes with every liquidation, the account's numbers do not.
    reserve = state.reserves[collateral.reserve.asset]
    there = reserve.underlying_held if reserve.virtual_balance is None else reserve.virtual_balance
    if there is None:
        return False
    if debt.reserve.asset == reserve.asset and reserve.virtual_balance is not None:
        there += outcome.debt_repaid
    return there < outcome.to_liquidator


def _transfers(
    state: AaveState,
    data: AccountData,
    collateral: Holding,
    debt: Holding,
    outcome: Outcome,
    fee_value: int,
) -> tuple[Transfer, ...]:
    """Who gives what to whom, in value; parts of 0 are left out."""

    def part(giver: str, taker: str, base: int, what: str) -> Transfer:
        return Transfer(giver, taker, to_e18(base, state.base_unit), what)

    symbol, address = collateral.reserve.symbol, data.address
    parts = [
        part(address, "liquidator", outcome.seized_value - fee_value, f"{symbol} seized"),
        part(address, _treasury(state, collateral), fee_value, f"protocol fee in {symbol}"),
        part("liquidator", address, outcome.repaid_value, f"{debt.reserve.symbol} debt repaid"),
    ]
    for holding in data.holdings:
        burned = outcome.deficits.get(holding.reserve.asset, 0)
        value = to_e18(burned * holding.price // holding.reserve.unit, state.base_unit)
        what, asset = f"{holding.reserve.symbol} deficit", holding.reserve.asset
        parts.append(Transfer("suppliers", address, value, what, bad_debt=True, asset_id=asset))
    return tuple(transfer for transfer in parts if transfer.amount_e18)


def _treasury(state: AaveState, collateral: Holding) -> str:
    """The party that receives the protocol fee: the role, or the treasury's own account where it
    counts this asset as its collateral, so that the fee is in its equity."""
    account = state.accounts.get(collateral.reserve.treasury or "")
    if account is None or not has_bit(account.collateral_bits, collateral.reserve.id):
        return "treasury"
    return account.address
