"""What an account takes out of the Vault when it takes out all that it may.

Source: `Vault.withdrawAll`, `Vault._settleAndDecreaseBalance` of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.closure import Transfer
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.close.possible import in_order
from analyzer.protocols.perp_v2.fixed_point import from_settlement, to_settlement, token_value_e18
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import free_collateral_by_token
from analyzer.protocols.perp_v2.value.settlement import copied, settle_funding
from analyzer.protocols.perp_v2.value.valuation import Valuation

OUTSIDE = "owner"
"""The party that withdrawn collateral goes to: whoever holds the account."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What was taken out: token -> raw amount, as transfers too, and the account after it."""

    amounts: dict[str, int]
    transfers: tuple[Transfer, ...]
    account: Account


def withdraw_all(valuation: Valuation, account: Account) -> Withdrawal:
    """`Vault.withdrawAll` of each token, one after the other, the settlement token last.

    That order takes out the most: a token takes less of the free collateral than it is worth, and
    none is free once the settlement value is below zero. The first withdrawal settles all
    funding; that of the settlement token turns owed realized PnL into balance, floored to its
    decimals. It takes no more of the settlement token than the Vault holds: more would revert. A
    token that the contract cannot price is left where it is.
    Raises: UnreadableNumberError when another number cannot be had.
    """
    state = valuation.state
    after = copied(account)
    amounts: dict[str, int] = {}
    transfers = []
    for base in after.markets:
        settle_funding(valuation, after, base)
    settlement = state.settlement_token
    held = AccountMath(valuation, after).tokens
    for token in (*in_order(held, state.collateral), settlement):
        amount, value = _free(valuation, after, token)
        if amount == 0:
            continue
        amounts[token] = amount
        after.balances[token] = after.balances.get(token, 0) - amount
        if token == settlement:
            owed, after.owed_realized_pnl = after.owed_realized_pnl, 0
            after.balances[token] += to_settlement(owed, state.settlement_decimals)
        elif after.balances[token] == 0:
            del after.balances[token]
        transfers.append(
            Transfer(account.address, OUTSIDE, value, "collateral withdrawn", asset_id=token)
        )
    return Withdrawal(amounts, tuple(transfers), after if amounts else account)


def _free(valuation: Valuation, account: Account, token: str) -> tuple[int, int]:
    """(raw amount that may be withdrawn now, its full value in 18 decimals)."""
    state, numbers = valuation.state, AccountMath(valuation, account)
    if token == state.settlement_token:
        amount = free_collateral_by_token(numbers, token)
        if state.vault_settlement_balance is not None:
            amount = min(amount, state.vault_settlement_balance)
        return amount, from_settlement(amount, state.settlement_decimals)
    info, price = valuation.token(token), valuation.token_price(token)
    try:
        amount = free_collateral_by_token(numbers, token)
    except UnreadableNumberError:
        # Counted at 0 %, or priced at 0: the contract divides by it and reverts.
        return 0, 0
    return amount, token_value_e18(amount, info.decimals, price, info.feed_decimals)
