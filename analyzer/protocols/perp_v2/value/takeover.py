"""What taking a position over does to the account, and what stops a liquidator.

Numbers only: who pays whom, and what becomes of bad debt, is `close.liquidate`. The liquidator is
assumed to have enough free collateral; everything else is the contract's own rule.
Source: `ClearingHouse.sol` (`_liquidate`) of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.integers import WAD, mul_div
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.fixed_point import from_settlement, mul_ratio, to_settlement
from analyzer.protocols.perp_v2.records import Account, MarketStatus
from analyzer.protocols.perp_v2.state.ranges import DUST, without_dust
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import (
    Reverts,
    floored,
    floored_account_value,
    has_open_order,
    is_liquidatable,
    max_position_size,
)
from analyzer.protocols.perp_v2.value.settlement import (
    copied,
    exchange,
    insurance_fund,
    pnl_to_realize,
    settle_funding,
    without_open_orders,
)
from analyzer.protocols.perp_v2.value.valuation import Valuation

PAUSED = "Pausable: paused"
"""What a contract that its owner paused reverts with."""
ORDERS_FIRST = "CH_CLWTISO"
"""The account has open orders, which anyone may cancel first: no obstacle that stays."""
BEYOND_THE_FUND = "CH_IIC"
"""The fund could not bear what the liquidation would leave."""
FUND_NOT_READ = "the insurance fund's capacity was not read"


@dataclass(frozen=True, slots=True)
class Penalty:
    """A position liquidation's penalty and its split, 18 decimals."""

    total: int
    to_liquidator: int
    to_fund: int


NO_PENALTY = Penalty(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Refused:
    """A takeover that cannot happen, and whose consequences are therefore not worked out.

    size: signed, 18 decimals, as far as it is known; price_e18: the reference price.
    """

    size: int
    price_e18: int
    reverts: str


@dataclass(frozen=True, slots=True)
class Takeover:
    """A position taken over at the mark price: every number that changes, 18 decimals.

    size: signed, what the liquidator takes; notional: its value, signed alike. realized: the PnL
    of it; funding: what was paid first. value_before, value_after: the tested account value, the
    penalty taken off after. account, fund: copies as they are then, before any bad debt moves.
    reverts: the contract's words where it cannot happen all the same, else None.
    """

    base_token: str
    size: int
    price_e18: int
    notional: int
    penalty: Penalty
    realized: int
    funding: int
    value_before: int
    value_after: int
    account: Account
    fund: Account
    reverts: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A takeover that nothing stops before its consequences are worked out. before: the account
    without open orders; size: signed; reverts: the contract's words where it cannot happen yet."""

    before: AccountMath
    base_token: str
    size: int
    reverts: str | None


def takeover(numbers: AccountMath, base_token: str, requested: int = 0) -> Takeover | Refused:
    """One position's liquidation; `requested` (signed) 0 asks for as much as possible.

    Where open orders stop it (`CH_CLWTISO`), the numbers are those after anyone has cancelled
    them. Raises: UnreadableNumberError when a number cannot be had.
    """
    found = asked(numbers, base_token, requested)
    if isinstance(found, Refused):
        return found
    return taken_over(found.before, base_token, found.size, found.reverts)


def asked(numbers: AccountMath, base_token: str, requested: int) -> Asked | Refused:
    """How much of the position is taken over when `requested` is asked for, as in `takeover`.

    Raises: UnreadableNumberError when a number cannot be had.
    """
    valuation = numbers.valuation
    reverts = _precondition(numbers, base_token)
    before = numbers
    if has_open_order(numbers):
        before = AccountMath(valuation, without_open_orders(valuation, numbers.account))
    size = max_position_size(before, base_token)
    price = valuation.reference_price_e18(base_token)

    def refused(amount: int, reason: str) -> Refused:
        return Refused(amount, price, reverts or reason)

    if isinstance(size, Reverts):
        return refused(0, size.reason)
    market = before.markets.get(base_token)
    if valuation.market(base_token).status != MarketStatus.OPEN:
        return refused(size, "CH_MNO")
    if market is None or market.taker_size == 0:
        return refused(0, "CH_PSZ")
    if size == 0:
        return refused(0, "CH_EAV")
    if requested * market.taker_size < 0:
        return refused(requested, "CH_WLD")
    if requested != 0 and abs(requested) <= abs(size):
        size = requested
    return Asked(before, base_token, size, reverts)


@dataclass(frozen=True, slots=True)
class Loss:
    """What a takeover costs an account, 18 decimals: the position's value (signed as its size), the
    penalty, the PnL that it realizes, and the tested account value before and after."""

    notional: int
    penalty: Penalty
    realized: int
    value_before: int
    value_after: int


def loss_of(
    before: AccountMath, base_token: str, size: int, penalty: Penalty | None = None
) -> Loss:
    """The consequences of a takeover for the account's value; penalty: None = the contract's own.

    Funding that is settled first changes where it is counted and no sum. Of the market's part, the
    taker's position becomes smaller, or goes where nothing but dust is left.
    Raises: UnreadableNumberError when a number cannot be had.
    """
    valuation, market = before.valuation, before.markets[base_token]
    notional = mul_div(size, valuation.mark_price_e18(base_token), WAD)
    value_before = floored_account_value(before)
    if penalty is None:
        penalty = _penalty(valuation, notional, value_before)
    held = market.held
    taker, open_notional = held.taker_position_size, held.taker_open_notional
    realized = pnl_to_realize(taker, open_notional, -size, notional)
    left, left_notional = taker - size, open_notional + notional - realized
    worth = 0
    if held.orders or max(abs(left), abs(left_notional)) >= DUST:
        base, quote = market.in_pool
        still = without_dust(base - market.base_debt + left)
        worth = quote - market.quote_debt + left_notional
        if still:
            worth += mul_div(still, valuation.reference_price_e18(base_token), WAD)
    value = before.account_value + realized - penalty.total + worth - market.unrealized_pnl
    value_after = floored(value, valuation.state.settlement_decimals)
    return Loss(notional, penalty, realized, value_before, value_after)


def refusal_of_fund(valuation: Valuation, fund_value: int | None, loss: Loss) -> str | None:
    """Why the fund's capacity stops a liquidation; its part of the penalty counts already.

    fund_value: the settlement value of its account, 18 decimals; None where it cannot be had.
    """
    wallet, decimals = valuation.state.insurance_fund_wallet, valuation.state.settlement_decimals
    if loss.value_after >= 0:
        return None
    if wallet is None or fund_value is None:
        return FUND_NOT_READ
    capacity = to_settlement(fund_value + loss.penalty.to_fund, decimals) + wallet
    return BEYOND_THE_FUND if from_settlement(capacity, decimals) < -loss.value_after else None


def taken_over(
    before: AccountMath,
    base_token: str,
    size: int,
    reverts: str | None = None,
    *,
    penalty: Penalty | None = None,
) -> Takeover:
    """Takes `size` over at the mark price and works out every number that changes.

    penalty: the contract's own when None; with another it is no liquidation, and the fund's
    capacity does not stop it. Raises: UnreadableNumberError when a number cannot be had.
    """
    valuation, account = before.valuation, copied(before.account)
    loss, fund = loss_of(before, base_token, size, penalty), insurance_fund(valuation)
    if penalty is None and loss.value_after < 0:
        reverts = reverts or refusal_of_fund(valuation, settlement_value(valuation, fund), loss)
    funding = settle_funding(valuation, account, base_token)
    exchange(account, base_token, base=-size, quote=loss.notional)
    account.owed_realized_pnl -= loss.penalty.total
    fund.owed_realized_pnl += loss.penalty.to_fund
    if account.address == valuation.state.insurance_fund:
        reverts = reverts or "V_CSI"
    return Takeover(
        base_token=base_token,
        size=size,
        price_e18=valuation.mark_price_e18(base_token),
        notional=loss.notional,
        penalty=loss.penalty,
        realized=loss.realized,
        funding=funding,
        value_before=loss.value_before,
        value_after=loss.value_after,
        account=account,
        fund=fund,
        reverts=reverts,
    )


def _precondition(account: AccountMath, base_token: str) -> str | None:
    """The first of the contract's own checks that stops a liquidation before any maths."""
    valuation = account.valuation
    if valuation.state.clearing_house_paused:
        return PAUSED
    if valuation.market(base_token).status != MarketStatus.OPEN:
        return "CH_MNO"
    if has_open_order(account):
        return ORDERS_FIRST
    return None if is_liquidatable(account) else "CH_EAV"


def _penalty(valuation: Valuation, notional: int, value_before: int) -> Penalty:
    """All of it for the liquidator when the account was below zero, else half, rounded down.

    Raises: UnreadableNumberError when the ratio was not read.
    """
    config = valuation.config_with("liquidation_penalty_ratio")
    total = mul_ratio(abs(notional), config.liquidation_penalty_ratio)
    to_liquidator = total if value_before < 0 else total // 2
    return Penalty(total, to_liquidator, total - to_liquidator)


def settlement_value(valuation: Valuation, account: Account) -> int | None:
    """The settlement value of an account, 18 decimals; None where it cannot be had."""
    try:
        return AccountMath(valuation, account).settlement_value
    except UnreadableNumberError:
        return None


def obstacles(account: AccountMath) -> dict[str, str | None]:
    """Market -> why the account's position there cannot be taken over now, None where it can.

    Empty for an account that may not be liquidated. Raises: UnreadableNumberError when a number
    cannot be had.
    """
    if not is_liquidatable(account):
        return {}
    return {
        base: takeover(account, base).reverts
        for base, market in account.markets.items()
        if market.size
    }
