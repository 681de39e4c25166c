"""The cash that all managers share: what backs it, and when it stops paying out in full.

Source: v2-core `CashAsset.sol`, `DutchAuction.getIsWithdrawBlocked`.
"""

from __future__ import annotations

from analyzer.model.integers import WAD
from analyzer.protocols.derive_v2.fixed_point import div
from analyzer.protocols.derive_v2.records.cash import CashState
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.kit.unreadable import UnreadableNumberError, known, reverts


def owed(cash: CashState) -> int:
    """Cash that the stable coin must back, 18 decimals: supply and fees less loans and less what
    settlements printed (which the losing side still owes)."""
    return cash.total_supply + cash.accrued_sm_fees - cash.total_borrow - cash.net_settled_cash


def exchange_rate(cash: CashState) -> int:
    """getCashToStableExchangeRate: stable coin per cash, at most 1. Raises: UnreadableNumberError
    when the stable coin's balance was not read."""
    total = owed(cash)
    held = known(cash.stable_held)
    if total <= held:
        return WAD
    return div(held, total)


def shortfall(cash: CashState) -> int:
    """Cash that nothing backs: owed less held, at least 0."""
    return max(0, owed(cash) - known(cash.stable_held))


def security_module_cash(state: DeriveState) -> int:
    """Stored cash of the security module's account."""
    account = state.accounts.get(state.security_account)
    return account.cash(state.cash.address) if account else 0


def withdraw_blocked(state: DeriveState) -> bool:
    """getIsWithdrawBlocked: every withdrawal reverts while insolvent auctions owe more than the
    security module holds. Raises: UnreadableNumberError when that holding is negative, as the view
    reverts."""
    house = state.auction_house
    if house.total_insolvent_mm == 0 or house.sm_account == 0:
        return False
    account = state.accounts.get(house.sm_account)
    held = account.cash(state.cash.address) if account else 0
    if held < 0:
        raise UnreadableNumberError(
            reverts("security module cash", "SafeCast: value must be positive")
        )
    return house.total_insolvent_mm > held
