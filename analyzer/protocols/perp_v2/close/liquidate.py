"""Liquidations of positions, as the contract would execute them now, and all closures together.

What a takeover does to the account, and what stops it, is `value.takeover`; here are its closure,
who pays whom, and the bad debt. Collateral: `liquidate_collateral`.
Source: `ClearingHouse.sol` (`_liquidate`) of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.closure import Closure, Transfer
from analyzer.model.integers import WAD, mul_div
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.close.liquidate_collateral import collateral_closures
from analyzer.protocols.perp_v2.close.settled import (
    Settled,
    bad_debt_transfer,
    numbers_after,
    settle_bad_debt,
)
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import is_liquidatable
from analyzer.protocols.perp_v2.value.settlement import insurance_fund
from analyzer.protocols.perp_v2.value.takeover import Refused, Takeover, takeover
from analyzer.protocols.perp_v2.value.valuation import Valuation
from analyzer.protocols.perp_v2.value.value import PerpValued


def close_position(
    valuation: Valuation, account: Account, base_token: str, requested: int = 0
) -> Closure:
    """The closure of `settle_position`. Raises: UnreadableNumberError as it does."""
    return settle_position(AccountMath(valuation, account), base_token, requested).closure


def settle_position(numbers: AccountMath, base_token: str, requested: int = 0) -> Settled:
    """One position's liquidation; `requested` 0 asks for as much as possible.

    Where open orders stop it (`CH_CLWTISO`), the numbers are those after anyone has cancelled
    them. Raises: UnreadableNumberError when a number cannot be had.
    """
    valuation = numbers.valuation
    found = takeover(numbers, base_token, requested)
    if isinstance(found, Refused):
        closure = Closure(
            account_id=numbers.account.address,
            kind="position",
            asset_id=base_token,
            amount=found.size,
            price_e18=found.price_e18,
            value_e18=abs(mul_div(found.size, found.price_e18, WAD)),
            penalty_e18=0,
            reverts=found.reverts,
        )
        return Settled(closure, numbers.account, insurance_fund(valuation))
    return settled_takeover(valuation, found)


def settled_takeover(valuation: Valuation, taken: Takeover) -> Settled:
    """The closure of a takeover, the bad debt passed on: it changes the takeover's copies."""
    account, fund, penalty = taken.account, taken.fund, taken.penalty
    of_fund = account.address == valuation.state.insurance_fund
    bad_debt = 0 if of_fund else settle_bad_debt(valuation, account, fund)
    held = account.markets.get(taken.base_token)
    numbers = numbers_after(valuation, account, fund, bad_debt) | {
        "taker_position_size": 0 if held is None else held.taker_position_size,
        "taker_open_notional": 0 if held is None else held.taker_open_notional,
        "realized_pnl": taken.realized,
        "funding_paid": taken.funding,
        "account_value_before": taken.value_before,
        "account_value_after_penalty": taken.value_after,
        "liquidator_size": taken.size,
        "liquidator_notional": penalty.to_liquidator - taken.notional,
        "penalty_to_liquidator": penalty.to_liquidator,
        "penalty_to_insurance_fund": penalty.to_fund,
    }
    closure = Closure(
        account_id=account.address,
        kind="position",
        asset_id=taken.base_token,
        amount=taken.size,
        price_e18=taken.price_e18,
        value_e18=abs(taken.notional),
        penalty_e18=penalty.total,
        transfers=_transfers(valuation, taken, bad_debt),
        reverts=taken.reverts,
        after=numbers,
    )
    return Settled(closure, account, fund)


def _transfers(valuation: Valuation, taken: Takeover, bad_debt: int) -> tuple[Transfer, ...]:
    """Who pays whom in a position liquidation; parts of 0 are left out."""
    address, penalty = taken.account.address, taken.penalty
    parts = (
        Transfer(address, "liquidator", penalty.to_liquidator, "liquidation penalty"),
        Transfer(address, "insurance_fund", penalty.to_fund, "liquidation penalty"),
        bad_debt_transfer(valuation, address, bad_debt),
    )
    return tuple(part for part in parts if part.amount_e18)


def position_closures(valuation: Valuation, account: Account) -> Sequence[Closure]:
    """The liquidation of each position of an account that may be liquidated, else none.

    Raises: UnreadableNumberError when a number cannot be had.
    """
    numbers = AccountMath(valuation, account)
    if not is_liquidatable(numbers):
        return []
    return [
        settle_position(numbers, base).closure
        for base, market in numbers.markets.items()
        if market.size
    ]


def liquidate(valued: PerpValued, address: str) -> list[Closure]:
    """What the contract would close of this account now, each as if it came first.

    Positions first, then tokens. An account with a number that cannot be had has none: nothing
    is known of what could be closed, and its margin row says why.
    Raises: KeyError for no such account.
    """
    valuation, account = valued.valuation, valued.state.accounts[address]
    if address in valued.state.unreadable:
        return []
    try:
        return [
            *position_closures(valuation, account),
            *collateral_closures(valuation, account),
        ]
    except UnreadableNumberError:
        return []
