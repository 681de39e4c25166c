"""Liquidations of positions, as the contract would execute them now, and all closures together.

The liquidator is assumed to have enough free collateral; everything else is the contract's own
rule. Collateral: `liquidate_collateral`.
Source: `ClearingHouse.sol` (`_liquidate`), `AccountBalance.sol` (`getLiquidatablePositionSize`) of
`@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.model.book import Prices
from analyzer.model.closure import Closure, Transfer
from analyzer.model.integers import WAD, mul_div, trunc_div
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError
from analyzer.protocols.perp_v2.close.liquidate_collateral import collateral_closures
from analyzer.protocols.perp_v2.close.settlement import (
    PAUSED,
    Settled,
    bad_debt_transfer,
    exchange,
    fund_capacity,
    insurance_fund,
    numbers_after,
    settle_bad_debt,
    settle_funding,
    without_open_orders,
)
from analyzer.protocols.perp_v2.fixed_point import RATIO_ONE, from_settlement, mul_ratio
from analyzer.protocols.perp_v2.records import Account, MarketStatus
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.account import AccountMath, Valuation
from analyzer.protocols.perp_v2.value.value import PerpValued

WHOLE_BELOW_E18 = 100 * WAD
"""A position worth no more than this is closed whole."""

UINT24_MAX = 2**24 - 1
UINT24_REVERT = "SafeCast: value doesn't fit in 24 bits"
BEYOND_THE_FUND = "CH_IIC"
"""The fund could not bear what the liquidation would leave."""
FUND_NOT_READ = "the insurance fund's capacity was not read"


@dataclass(frozen=True, slots=True)
class Reverts:
    """The contract's computation reverts, in its own words."""

    reason: str


def max_position_size(account: AccountMath, base_token: str) -> int | Reverts:
    """The most of a position that a liquidator may take over, signed, 18 decimals.

    0 when the account is not liquidatable; whole when the position is small or the account is
    below half of its requirement; else half of all positions' value. A leg so small that this
    share does not fit in 24 bits reverts: it cannot be liquidated in that band.
    Raises: UnreadableNumberError when a price cannot be had.
    """
    market = account.markets.get(base_token)
    size = 0 if market is None else market.size
    value, requirement = account.tested_account_value, account.maintenance
    if market is None or value >= requirement or size == 0:
        return 0
    if abs(market.value) <= WHOLE_BELOW_E18 or value < trunc_div(requirement, 2):
        return size
    share = account.total_abs_position_value * RATIO_ONE // (2 * abs(market.value))
    if share > UINT24_MAX:
        return Reverts(UINT24_REVERT)
    return mul_ratio(size, min(share, RATIO_ONE))


def liquidatable_size(
    state: PerpState, prices: Prices, address: str, base_token: str
) -> int | Reverts | Unreadable:
    """`max_position_size` of one account at `prices`. Raises: KeyError for no such account."""
    try:
        account = AccountMath(Valuation(state, prices), state.accounts[address])
        return max_position_size(account, base_token)
    except UnreadableNumberError as error:
        return error.unreadable


@dataclass(frozen=True, slots=True)
class Penalty:
    """A position liquidation's penalty and its split, 18 decimals."""

    total: int
    to_liquidator: int
    to_fund: int


NO_PENALTY = Penalty(0, 0, 0)


def _penalty(valuation: Valuation, notional: int, value_before: int) -> Penalty:
    """All of it for the liquidator when the account was below zero, else half, rounded down.

    Raises: UnreadableNumberError when the ratio was not read.
    """
    config = valuation.config_with("liquidation_penalty_ratio")
    total = mul_ratio(abs(notional), config.liquidation_penalty_ratio)
    to_liquidator = total if value_before < 0 else total // 2
    return Penalty(total, to_liquidator, total - to_liquidator)


def _fund_refuses(valuation: Valuation, fund: Account, value_after: int) -> str | None:
    """Why the fund's capacity stops a liquidation that leaves the account at `value_after`."""
    if value_after >= 0:
        return None
    try:
        capacity = fund_capacity(valuation, fund)
    except UnreadableNumberError:
        capacity = None
    if capacity is None:
        return FUND_NOT_READ
    decimals = valuation.state.settlement_decimals
    return BEYOND_THE_FUND if from_settlement(capacity, decimals) < -value_after else None


def _precondition(valuation: Valuation, account: AccountMath, base_token: str) -> str | None:
    """The first of the contract's own checks that stops a liquidation before any maths."""
    if valuation.state.clearing_house_paused:
        return PAUSED
    if valuation.market(base_token).status != MarketStatus.OPEN:
        return "CH_MNO"
    if account.has_open_order:
        return "CH_CLWTISO"
    return None if account.is_liquidatable else "CH_EAV"


def _blocked(account: Account, base_token: str, amount: int, price: int, reverts: str) -> Closure:
    """A closure that cannot happen and whose consequences are therefore not worked out."""
    return Closure(
        account_id=account.address,
        kind="position",
        asset_id=base_token,
        amount=amount,
        price_e18=price,
        value_e18=abs(mul_div(amount, price, WAD)),
        penalty_e18=0,
        reverts=reverts,
    )


def close_position(
    valuation: Valuation, account: Account, base_token: str, requested: int = 0
) -> Closure:
    """The closure of `settle_position`. Raises: UnreadableNumberError as it does."""
    return settle_position(valuation, account, base_token, requested).closure


def settle_position(
    valuation: Valuation, account: Account, base_token: str, requested: int = 0
) -> Settled:
    """One position's liquidation; `requested` 0 asks for as much as possible.

    Where open orders stop it (`CH_CLWTISO`), the numbers are those after anyone has cancelled
    them. Raises: UnreadableNumberError when a number cannot be had.
    """
    reverts = _precondition(valuation, AccountMath(valuation, account), base_token)
    after = without_open_orders(valuation, account)
    before = AccountMath(valuation, after)
    size = max_position_size(before, base_token)
    price = valuation.reference_price_e18(base_token)

    def blocked(amount: int, reason: str) -> Settled:
        closure = _blocked(account, base_token, amount, price, reverts or reason)
        return Settled(closure, account, insurance_fund(valuation))

    if isinstance(size, Reverts):
        return blocked(0, size.reason)
    market = before.markets.get(base_token)
    if valuation.market(base_token).status != MarketStatus.OPEN:
        return blocked(size, "CH_MNO")
    if market is None or market.taker_size == 0:
        return blocked(0, "CH_PSZ")
    if size == 0:
        return blocked(0, "CH_EAV")
    if requested * market.taker_size < 0:
        return blocked(requested, "CH_WLD")
    if requested != 0 and abs(requested) <= abs(size):
        size = requested
    return taken_over(valuation, before, base_token, size, reverts)


def taken_over(
    valuation: Valuation,
    before: AccountMath,
    base_token: str,
    size: int,
    reverts: str | None = None,
    *,
    penalty: Penalty | None = None,
) -> Settled:
    """Takes `size` over at the mark price and works out every number that changes.

    It changes `before.account`, which has to be a copy. penalty: the contract's own when None;
    with another it is no liquidation, and the fund's capacity does not stop it.
    Raises: UnreadableNumberError when a number cannot be had.
    """
    account = before.account
    price = valuation.mark_price_e18(base_token)
    notional = mul_div(size, price, WAD)
    value_before = before.tested_account_value
    is_liquidation = penalty is None
    if penalty is None:
        penalty = _penalty(valuation, notional, value_before)
    fund = insurance_fund(valuation)
    funding = settle_funding(valuation, account, base_token)
    realized = exchange(account, base_token, base=-size, quote=notional)
    account.owed_realized_pnl -= penalty.total
    fund.owed_realized_pnl += penalty.to_fund
    value_after = AccountMath(valuation, account).tested_account_value
    if is_liquidation:
        reverts = reverts or _fund_refuses(valuation, fund, value_after)
    bad_debt = 0
    if account.address == valuation.state.insurance_fund:
        reverts = reverts or "V_CSI"
    else:
        bad_debt = settle_bad_debt(valuation, account, fund)
    numbers = numbers_after(valuation, account, fund, bad_debt)
    held = account.markets.get(base_token)
    numbers |= {
        "taker_position_size": 0 if held is None else held.taker_position_size,
        "taker_open_notional": 0 if held is None else held.taker_open_notional,
        "realized_pnl": realized,
        "funding_paid": funding,
        "account_value_before": value_before,
        "account_value_after_penalty": value_after,
        "liquidator_size": size,
        "liquidator_notional": penalty.to_liquidator - notional,
        "penalty_to_liquidator": penalty.to_liquidator,
        "penalty_to_insurance_fund": penalty.to_fund,
    }
    closure = Closure(
        account_id=account.address,
        kind="position",
        asset_id=base_token,
        amount=size,
        price_e18=price,
        value_e18=abs(notional),
        penalty_e18=penalty.total,
        transfers=_position_transfers(valuation, account.address, penalty, bad_debt),
        reverts=reverts,
        after=numbers,
    )
    return Settled(closure, account, fund)


def _position_transfers(
    valuation: Valuation, address: str, penalty: Penalty, bad_debt: int
) -> tuple[Transfer, ...]:
    """Who pays whom in a position liquidation; parts of 0 are left out."""
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
    if not numbers.is_liquidatable:
        return []
    return [
        close_position(valuation, account, base)
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
