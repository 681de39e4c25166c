"""Every closure that an account's state lets a liquidator try, with the most that he may take.

    possible -> choose one and an amount -> settled

Order: positions first, in the order in which the protocol added the markets, then tokens in the
order in which it accepted them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from analyzer.protocols.perp_v2.close.liquidate import settle_position
from analyzer.protocols.perp_v2.close.liquidate_collateral import (
    requested_exchange,
    settle_collateral,
)
from analyzer.protocols.perp_v2.close.settled import Settled
from analyzer.protocols.perp_v2.fixed_point import from_settlement, mul_ratio, token_value_e18
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import (
    Reverts,
    discounted_price,
    has_open_order,
    is_collateral_liquidatable,
    is_liquidatable,
    max_position_size,
    max_repayment,
)
from analyzer.protocols.perp_v2.value.settlement import without_open_orders
from analyzer.protocols.perp_v2.value.takeover import Refused, asked, loss_of, refusal_of_fund
from analyzer.protocols.perp_v2.value.valuation import Valuation
from analyzer.protocols.simulation import Stake, Terms

NO_CAPACITY = -(2**255)
"""What a liquidation needs of the fund that leaves the account at or above zero: any will do."""


@dataclass(frozen=True, slots=True)
class Possible:
    """A closure that a liquidator may try; what its consequences are, and whether they stop it,
    `settled` says.

    numbers: of the account once its orders in open markets are cancelled, where they stand in the
    way. maximum: base, signed, 18 decimals, or the token's raw amount; 0 where the contract's
    computation of it reverts.
    """

    kind: Literal["position", "collateral"]
    asset_id: str
    numbers: AccountMath
    maximum: int


def possible_closures(numbers: AccountMath) -> Iterator[Possible]:
    """Every closure that may be tried of the account, each as if it came first.

    Orders in open markets stop the liquidation of positions, and anyone may cancel them then: the
    liquidator does so first. A purchase of tokens that repays nothing (less than one unit) is
    nobody's. Raises: UnreadableNumberError when a number cannot be had, at the closure that needs
    it.
    """
    valuation, state = numbers.valuation, numbers.valuation.state
    if is_liquidatable(numbers) and not state.clearing_house_paused:
        freed = numbers
        if has_open_order(numbers):
            freed = AccountMath(valuation, without_open_orders(valuation, numbers.account))
        for base in in_order(freed.markets, state.markets):
            size = max_position_size(freed, base)
            yield Possible("position", base, freed, 0 if isinstance(size, Reverts) else size)
    if is_collateral_liquidatable(numbers) and not state.vault_paused:
        for token in in_order(numbers.tokens, state.collateral):
            repaid, amount = max_repayment(numbers, token)
            if repaid and amount:
                yield Possible("collateral", token, numbers, amount)


def settled(possible: Possible, amount: int | None = None) -> Settled:
    """The closure of `amount` (as `Possible.maximum`; None = all of that) and what it leaves.

    Raises: UnreadableNumberError when a number cannot be had.
    """
    wanted = possible.maximum if amount is None else amount
    settle = settle_position if possible.kind == "position" else settle_collateral
    return settle(possible.numbers, possible.asset_id, wanted)


def next_liquidation(valuation: Valuation, account: Account) -> Settled | None:
    """The first liquidation of the account that would not revert now, of as much as the contract
    allows; None when there is none. Raises: UnreadableNumberError when a number cannot be had."""
    for possible in possible_closures(AccountMath(valuation, account)):
        found = settled(possible)
        if found.closure.reverts is None:
            return found
    return None


def capacity_needed_e18(numbers: AccountMath) -> int | None:
    """The least that the fund must be able to bear for something of the account to be liquidated,
    18 decimals; NO_CAPACITY where nothing needs the fund; None where nothing goes whatever it has.

    It depends on prices and on the account, not on the fund: a liquidation goes exactly when the
    fund's settlement value and its wallet come to no less.
    Raises: UnreadableNumberError when a number cannot be had.
    """
    if numbers.account.address == numbers.valuation.state.insurance_fund:
        return None
    least: int | None = None
    for possible in possible_closures(numbers):
        if possible.kind == "collateral":
            return NO_CAPACITY
        found = asked(possible.numbers, possible.asset_id, possible.maximum)
        if isinstance(found, Refused) or found.reverts is not None:
            continue
        loss = loss_of(found.before, found.base_token, found.size)
        if loss.value_after >= 0:
            return NO_CAPACITY
        # Its part of the penalty reaches the fund before the contract asks what it can bear.
        needed = -loss.value_after - loss.penalty.to_fund
        least = needed if least is None else min(least, needed)
    return least


def terms(possible: Possible, amount: int, fund_value: int | None) -> Terms | None:
    """What the closure of `amount` (as `Possible.maximum`) pays a liquidator, without everything
    else that it does; None where it would revert or repay nothing.

    fund_value: the settlement value of the fund's account, 18 decimals; None = not known.
    Raises: UnreadableNumberError when a number cannot be had.
    """
    numbers, valuation = possible.numbers, possible.numbers.valuation
    if numbers.account.address == valuation.state.insurance_fund:
        return None
    if possible.kind == "collateral":
        return _terms_of_token(numbers, possible.asset_id, amount)
    found = asked(numbers, possible.asset_id, amount)
    if isinstance(found, Refused) or found.reverts is not None:
        return None
    loss = loss_of(found.before, found.base_token, found.size)
    if refusal_of_fund(valuation, fund_value, loss) is not None:
        return None
    of_fund = loss.value_after < 0
    sold = {possible.asset_id: found.size}
    return Terms(loss.penalty.to_liquidator, abs(loss.notional), sold, of_fund)


def _terms_of_token(numbers: AccountMath, token: str, amount: int) -> Terms | None:
    """The terms of a purchase of the account's token."""
    valuation, state = numbers.valuation, numbers.valuation.state
    repaid, taken, reverts = requested_exchange(numbers, token, amount, in_settlement=False)
    if reverts is not None or not repaid or state.vault_paused:
        return None
    if not is_collateral_liquidatable(numbers):
        return None
    fee = mul_ratio(repaid, state.config.cl_insurance_fund_fee_ratio)
    info, decimals = valuation.token(token), state.settlement_decimals
    full, reduced = (
        token_value_e18(taken, info.decimals, price, info.feed_decimals)
        for price in (valuation.token_price(token), discounted_price(valuation, token))
    )
    paid = from_settlement(repaid - fee, decimals) + from_settlement(fee, decimals)
    return Terms(full - paid, reduced, {token: taken} if taken else {})


ROUNDED_E18 = 10**13
"""More than what a purchase of a token rounds by: a few units of the settlement token."""
LEAST_TRADED_E18 = 10**12
"""What half of is more than any rounding: a millionth of the unit of account."""


def stake(numbers: AccountMath) -> Stake | None:
    """What all closures of the account come to at the most (see `simulation.Stake`); None where one
    of them is too small to be told from roundings.

    A liquidator is paid no more than the penalty of a whole position, or than the discount of a
    whole token. Raises: UnreadableNumberError when a number cannot be had.
    """
    valuation = numbers.valuation
    ratio = valuation.config_with("liquidation_penalty_ratio").liquidation_penalty_ratio
    traded = {base: abs(market.value) for base, market in numbers.markets.items() if market.size}
    paid = max((mul_ratio(value, ratio) + 1 for value in traded.values()), default=0)
    for token, held in numbers.tokens.items():
        info, price = valuation.token(token), discounted_price(valuation, token)
        bought = token_value_e18(held.balance, info.decimals, price, info.feed_decimals)
        paid = max(paid, held.value - bought + ROUNDED_E18)
        traded[token] = held.value
    return Stake(paid, traded) if min(traded.values(), default=0) >= LEAST_TRADED_E18 else None


def in_order(held: Container[str], known: Iterable[str]) -> list[str]:
    """Those of `known` that are held; what the protocol does not know cannot be traded."""
    return [asset_id for asset_id in known if asset_id in held]
