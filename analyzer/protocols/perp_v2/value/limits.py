"""What the contract tests and allows with an account's numbers: requirements, and what is free.

Every function raises `UnreadableNumberError` when a number that it needs cannot be had, as the
contract's own view reverts. 18 decimals unless said otherwise.
Source: `Vault.sol`, `AccountBalance.sol` of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.integers import WAD, trunc_div
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError
from analyzer.protocols.perp_v2.fixed_point import (
    RATIO_ONE,
    div_ratio,
    from_settlement,
    mul_ratio,
    to_settlement,
    token_amount_for_value,
    token_value_e18,
)
from analyzer.protocols.perp_v2.records import MarketStatus
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.valuation import Valuation

WHOLE_BELOW_E18 = 100 * WAD
"""A position worth no more than this is closed whole."""
UINT24_MAX = 2**24 - 1
UINT24_REVERT = "SafeCast: value doesn't fit in 24 bits"


@dataclass(frozen=True, slots=True)
class Reverts:
    """The contract's computation reverts, in its own words."""

    reason: str


def floored_account_value(account: AccountMath) -> int:
    """ClearingHouse.getAccountValue: floored to the settlement token's decimals, at 18."""
    return floored(account.account_value, account.valuation.state.settlement_decimals)


def floored(value: int, decimals: int) -> int:
    """An 18-decimal amount floored to the settlement token's decimals, at 18."""
    return from_settlement(to_settlement(value, decimals), decimals)


def maintenance_margin(account: AccountMath) -> int:
    """Maintenance requirement of positions: total absolute value times the mm ratio."""
    return mul_ratio(account.total_abs_position_value, account.valuation.state.config.mm_ratio)


def is_liquidatable(account: AccountMath) -> bool:
    """The test of positions: the floored account value is below the maintenance requirement.

    True also for an account without positions whose value is negative.
    """
    return floored_account_value(account) < maintenance_margin(account)


def has_open_order(account: AccountMath) -> bool:
    """Whether an order stands in a market that is open (others do not count)."""
    return any(
        market.held.orders and account.valuation.market(base).status == MarketStatus.OPEN
        for base, market in account.markets.items()
    )


def max_position_size(account: AccountMath, base_token: str) -> int | Reverts:
    """The most of a position that a liquidator may take over, signed.

    0 when the account is not liquidatable; whole when the position is small or the account is
    below half of its requirement; else half of all positions' value. A leg so small that this
    share does not fit in 24 bits reverts: it cannot be liquidated in that band.
    Source: `AccountBalance.getLiquidatablePositionSize`.
    """
    market = account.markets.get(base_token)
    size = 0 if market is None else market.size
    value, requirement = floored_account_value(account), maintenance_margin(account)
    if market is None or value >= requirement or size == 0:
        return 0
    if abs(market.value) <= WHOLE_BELOW_E18 or value < trunc_div(requirement, 2):
        return size
    share = account.total_abs_position_value * RATIO_ONE // (2 * abs(market.value))
    if share > UINT24_MAX:
        return Reverts(UINT24_REVERT)
    return mul_ratio(size, min(share, RATIO_ONE))


def collateral_requirement(account: AccountMath) -> int:
    """The requirement below which tokens may be liquidated: mm ratio plus buffer."""
    config = account.valuation.state.config
    ratio = config.mm_ratio + config.collateral_mm_ratio_buffer
    return mul_ratio(account.total_abs_position_value, ratio)


def settlement_debt(account: AccountMath) -> int:
    """How far the settlement value is below zero, else 0."""
    return max(-account.settlement_value, 0)


def is_collateral_liquidatable(account: AccountMath) -> bool:
    """Vault.isLiquidatable: holds a token, and is below the requirement (account value not
    floored), or its debt is too large against its tokens, or above its threshold."""
    if not account.tokens:
        return False
    state = account.valuation.state
    config = state.config
    if account.account_value < collateral_requirement(account):
        return True
    debt = settlement_debt(account)
    if debt > mul_ratio(account.token_margin_value, config.debt_non_settlement_token_value_ratio):
        return True
    own = config.whitelisted_debt_threshold.get(account.account.address, 0)
    return to_settlement(debt, state.settlement_decimals) > (own or config.debt_threshold)


def discounted_price(valuation: Valuation, token: str) -> int:
    """The price a liquidator buys the token at, in its feed's decimals, rounded down."""
    discount = valuation.token(token).discount_ratio
    return mul_ratio(valuation.token_price(token), RATIO_ONE - discount)


def max_repayment(account: AccountMath, token: str) -> tuple[int, int]:
    """(settlement token that a liquidator may repay at most, collateral he gets for it).

    Raw amounts in each token's decimals. A price of 0 makes the contract revert.
    Source: `Vault.getMaxRepaidSettlementAndLiquidatableCollateral`.
    """
    decimals = account.valuation.state.settlement_decimals
    info = account.valuation.token(token)
    config = account.valuation.config_with(
        "collateral_liquidation_ratio", "cl_insurance_fund_fee_ratio", "collateral_value_dust"
    )
    debt = max(settlement_debt(account), mul_ratio(account.total_debt_value, config.im_ratio))
    if debt > from_settlement(config.collateral_value_dust, decimals):
        debt = mul_ratio(debt, config.collateral_liquidation_ratio)
    kept = RATIO_ONE - config.cl_insurance_fund_fee_ratio
    price = discounted_price(account.valuation, token)
    if price == 0 or kept == 0:
        what = f"Vault.getMaxRepaidSettlementAndLiquidatableCollateral({info.symbol})"
        raise UnreadableNumberError(Unreadable(what, "reverts: division by zero", True))
    repay = div_ratio(debt, kept)
    collateral = token_amount_for_value(repay, info.decimals, price, info.feed_decimals)
    balance = account.tokens[token].balance if token in account.tokens else 0
    if collateral > balance:
        collateral = balance
        repay = token_value_e18(balance, info.decimals, price, info.feed_decimals)
    return to_settlement(repay, decimals), collateral


def free_collateral_by_ratio(account: AccountMath, ratio: int) -> int:
    """min(total collateral, account value) less `ratio` of the debt; signed, not floored."""
    least = min(account.total_collateral, account.account_value)
    return least - mul_ratio(account.total_debt_value, ratio)


def free_collateral_by_token(account: AccountMath, token: str) -> int:
    """How much of one token may be withdrawn, in its own decimals.

    A price or ratio of 0 makes the contract revert.
    """
    state = account.valuation.state
    if account.settlement_value < 0:
        return 0
    free = max(free_collateral_by_ratio(account, state.config.im_ratio), 0)
    if free == 0:
        return 0
    if token == state.settlement_token:
        return to_settlement(
            max(min(free, account.settlement_balance), 0), state.settlement_decimals
        )
    info, price = account.valuation.token(token), account.valuation.token_price(token)
    if price == 0 or info.collateral_ratio == 0:
        what = f"Vault.getFreeCollateralByToken({info.symbol})"
        raise UnreadableNumberError(Unreadable(what, "reverts: division by zero", True))
    worth = token_amount_for_value(free, info.decimals, price, info.feed_decimals)
    balance = account.tokens[token].balance if token in account.tokens else 0
    return min(div_ratio(worth, info.collateral_ratio), balance)
