"""What a step does to the state in motion, and where an account stands in it."""

from __future__ import annotations

from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.close.settled import Settled
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import (
    free_collateral_by_ratio,
    is_collateral_liquidatable,
    is_liquidatable,
    maintenance_margin,
)
from analyzer.protocols.simulation import Standing


def standing_of(numbers: AccountMath) -> Standing | None:
    """The account at the prices of its numbers; None when unknown."""
    valuation = numbers.valuation
    if numbers.account.address in valuation.state.unreadable:
        return None
    try:
        return Standing(
            equity_e18=numbers.equity,
            headroom_e18=numbers.account_value - maintenance_margin(numbers),
            breaches=is_liquidatable(numbers) or is_collateral_liquidatable(numbers),
            free_collateral_e18=free_collateral_by_ratio(numbers, valuation.state.config.im_ratio),
        )
    except UnreadableNumberError:
        return None


def keep(state: PerpState, settled: Settled) -> None:
    """Makes a closure happen: the account, the fund, and what the Vault holds."""
    closure = settled.closure
    state.accounts[closure.account_id] = settled.account
    state.accounts[state.insurance_fund] = settled.fund
    if closure.kind == "collateral":
        move_in_vault(state, closure.asset_id, -closure.amount)
        move_in_vault(state, state.settlement_token, closure.after["repaid_settlement"])


def move_in_vault(state: PerpState, token: str, amount: int) -> None:
    """Adds a raw amount to what the Vault holds of a token, where that was read."""
    if token == state.settlement_token:
        if state.vault_settlement_balance is not None:
            state.vault_settlement_balance += amount
        return
    info = state.collateral[token]
    if info.vault_token_balance is not None:
        info.vault_token_balance += amount
