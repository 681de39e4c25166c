"""What a liquidation, a repayment or a withdrawal changes in a state that a simulation owns.

Accounts and reserves are replaced, never changed in place: the book that the state was copied from
shares them. Isolation-mode debt is left alone: it limits new borrowing, which no cascade does.
Source: LiquidationLogic.executeLiquidationCall, _burnDebtTokens, _burnBadDebt;
SupplyLogic.executeWithdraw.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from analyzer.protocols.aave_v3.records.accounts import Account, StableLoan
from analyzer.protocols.aave_v3.records.balances import Side, scaled_minted, scaled_taken
from analyzer.protocols.aave_v3.state.state import AaveState, ReserveState
from analyzer.protocols.aave_v3.value.account import Holding
from analyzer.protocols.aave_v3.value.liquidation_call import Outcome


@dataclass(frozen=True, slots=True)
class Seizure:
    """A liquidation of one pair that goes through. takes_a_token: the liquidator keeps the
    collateral as aTokens, because the reserve cannot pay it out."""

    collateral: Holding
    debt: Holding
    outcome: Outcome
    takes_a_token: bool


def copied(state: AaveState) -> AaveState:
    """A state of one's own: its accounts and reserves can be replaced without touching `state`."""
    return replace(
        state,
        reserves=dict(state.reserves),
        categories=dict(state.categories),
        accounts=dict(state.accounts),
    )


def liquidity(reserve: ReserveState) -> int | None:
    """The underlying that the reserve can pay out; None when it was not read."""
    if reserve.virtual_balance is None:
        return reserve.underlying_held
    return reserve.virtual_balance


def apply_seizure(state: AaveState, address: str, seizure: Seizure) -> None:
    """The state after a liquidation: the account's balances and flag, the treasury's fee, both
    reserves' liquidity and supplies, and the deficits of every debt that was burned unpaid."""
    collateral, debt, outcome = seizure.collateral, seizure.debt, seizure.outcome
    account = state.accounts[address]
    asset = collateral.reserve.asset
    before = account.supplied.get(asset, 0)
    taken = scaled_taken(
        state.rules, Side.SUPPLY, outcome.to_liquidator, collateral.reserve.income_ray
    )
    fee_scaled = before - outcome.scaled_collateral_after - taken
    state.accounts[address] = _after(state, account, seizure)
    _supply_changed(state, asset, burned=0 if seizure.takes_a_token else taken)
    if not seizure.takes_a_token:
        _paid(state, asset, -outcome.to_liquidator)
    _debts_changed(state, account, debt, outcome)
    treasury = collateral.reserve.treasury
    if treasury is not None and fee_scaled:
        _credit(state, treasury, asset, fee_scaled)


def apply_withdrawal(
    state: AaveState, address: str, holding: Holding, *, amount: int, scaled_after: int, flag: bool
) -> None:
    """The state after the account took `amount` of a collateral out."""
    account, asset = state.accounts[address], holding.reserve.asset
    burned = account.supplied.get(asset, 0) - scaled_after
    bits = account.collateral_bits if flag else _without(account, holding.reserve.id)
    supplied = {**account.supplied, asset: scaled_after}
    state.accounts[address] = replace(account, supplied=supplied, collateral_bits=bits)
    _supply_changed(state, asset, burned=burned)
    _paid(state, asset, -amount)


def apply_slippage(state: AaveState, address: str, asset: str, more: int) -> None:
    """The state after `more` of an asset was repaid too much for the account and is owed again
    (or, below 0, was repaid too little: of what is beyond the debt the account has a collateral).
    """
    account, reserve = state.accounts[address], state.reserves[asset]
    before = account.borrowed.get(asset, 0)
    owed = max(state.variable_balance(account, reserve), 0)
    repaid = min(max(-more, 0), owed)
    if more > 0:
        scaled = before + scaled_minted(state.rules, Side.DEBT, more, reserve.debt_ray)
    elif repaid == owed:
        scaled = 0
    else:
        taken = scaled_taken(state.rules, Side.DEBT, repaid, reserve.debt_ray)
        scaled = max(before - taken, 0)
    supplied = scaled_minted(state.rules, Side.SUPPLY, max(-more - repaid, 0), reserve.income_ray)
    state.accounts[address] = replace(
        account,
        borrowed={**account.borrowed, asset: scaled},
        debt_indexes=_settled(state, account, [asset]),
        supplied={**account.supplied, asset: account.supplied.get(asset, 0) + supplied},
        collateral_bits=account.collateral_bits | (bool(supplied) << reserve.id),
    )
    if reserve.scaled_debt is not None:
        state.reserves[asset] = replace(reserve, scaled_debt=reserve.scaled_debt + scaled - before)
    _supply_changed(state, asset, burned=-supplied)
    _paid(state, asset, -more)


def _after(state: AaveState, account: Account, seizure: Seizure) -> Account:
    """The account after it."""
    outcome, debt_asset = seizure.outcome, seizure.debt.reserve.asset
    number = seizure.collateral.reserve.id
    borrowed = {**account.borrowed, debt_asset: outcome.scaled_debt_after}
    borrowed |= {asset: 0 for asset in outcome.deficits if asset != debt_asset}
    stable = account.stable
    loan = stable.get(debt_asset)
    if loan is not None and loan.principal:
        left = outcome.stable_debt_after
        changed = StableLoan(left, loan.rate_ray if left else 0, state.block_time if left else 0)
        stable = {**stable, debt_asset: changed}
    return replace(
        account,
        supplied={
            **account.supplied,
            seizure.collateral.reserve.asset: outcome.scaled_collateral_after,
        },
        borrowed=borrowed,
        stable=stable,
        debt_indexes=_settled(state, account, [debt_asset, *outcome.deficits]),
        collateral_bits=account.collateral_bits
        if outcome.collateral_flag_after
        else _without(account, number),
    )


def _without(account: Account, number: int) -> int:
    """The account's collateral flags without that of reserve `number`."""
    return account.collateral_bits & ~(1 << number)


def _supply_changed(state: AaveState, asset: str, *, burned: int) -> None:
    """Scaled supply tokens of a reserve are burned."""
    reserve = state.reserves[asset]
    if reserve.scaled_supply is not None and burned:
        state.reserves[asset] = replace(reserve, scaled_supply=reserve.scaled_supply - burned)


def _paid(state: AaveState, asset: str, amount: int) -> None:
    """Underlying that comes into a reserve (or, below 0, leaves it)."""
    reserve = state.reserves[asset]
    held, counted = reserve.underlying_held, reserve.virtual_balance
    state.reserves[asset] = replace(
        reserve,
        underlying_held=None if held is None else held + amount,
        virtual_balance=None if counted is None else counted + amount,
    )


def _debts_changed(state: AaveState, account: Account, debt: Holding, outcome: Outcome) -> None:
    """The reserves of the debts: what was paid in, what was burned, what becomes a deficit."""
    _paid(state, debt.reserve.asset, outcome.debt_repaid)
    touched = {debt.reserve.asset: outcome.scaled_debt_after}
    touched |= {asset: 0 for asset in outcome.deficits if asset != debt.reserve.asset}
    for asset, left in touched.items():
        reserve = state.reserves[asset]
        burned = account.borrowed.get(asset, 0) - left
        scaled, deficit = reserve.scaled_debt, reserve.deficit
        unpaid = outcome.deficits.get(asset, 0)
        state.reserves[asset] = replace(
            reserve,
            scaled_debt=None if scaled is None else scaled - burned,
            deficit=None if deficit is None else deficit + unpaid,
        )


def _settled(state: AaveState, account: Account, assets: Iterable[str]) -> dict[str, int]:
    """The account's last indexes after its debts in these assets were repaid: interest up to now
    is settled. What a discount is afterwards changes nothing while time stands still."""
    now = {a: state.reserves[a].debt_ray for a in assets if a in account.debt_indexes}
    return {**account.debt_indexes, **now}


def _credit(state: AaveState, address: str, asset: str, scaled: int) -> None:
    """Scaled supply tokens that an address (the treasury) receives; its flags stay as they are."""
    account = state.accounts.get(address) or Account(address)
    supplied = {**account.supplied, asset: account.supplied.get(asset, 0) + scaled}
    state.accounts[address] = replace(account, supplied=supplied)
