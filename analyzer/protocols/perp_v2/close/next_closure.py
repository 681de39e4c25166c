"""What a liquidator's next step at an account is, and its winding up: each step leads to the next.

Order: positions first, in the order in which the protocol added the markets, then tokens in the
order in which it accepted them; always as much as the contract allows.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from analyzer.model.closure import Closure
from analyzer.model.integers import WAD
from analyzer.protocols.perp_v2.close.liquidate import settle_position, settled_takeover
from analyzer.protocols.perp_v2.close.liquidate_collateral import (
    Purchase,
    bought,
    settle_collateral,
)
from analyzer.protocols.perp_v2.close.settled import (
    Settled,
    bad_debt_transfer,
    numbers_after,
    settle_bad_debt,
)
from analyzer.protocols.perp_v2.fixed_point import (
    from_settlement,
    to_settlement,
    token_amount_for_value,
    token_value_e18,
)
from analyzer.protocols.perp_v2.records import Account, MarketStatus
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import (
    has_open_order,
    is_collateral_liquidatable,
    is_liquidatable,
    settlement_debt,
)
from analyzer.protocols.perp_v2.value.settlement import copied, insurance_fund, without_open_orders
from analyzer.protocols.perp_v2.value.takeover import BEYOND_THE_FUND, NO_PENALTY, taken_over
from analyzer.protocols.perp_v2.value.valuation import Valuation

NO_CAPACITY = -(2**255)
"""What a liquidation needs of the fund that leaves the account at or above zero: any will do."""


def next_liquidation(valuation: Valuation, account: Account) -> Settled | None:
    """The first liquidation of the account that would not revert now; None when there is none.

    Orders in open markets stop the liquidation of positions, and anyone may cancel them then: the
    liquidator does so first. A purchase of tokens that repays nothing (less than one unit) is
    nobody's step. Raises: UnreadableNumberError when a number cannot be had.
    """
    numbers = AccountMath(valuation, account)
    for settled in _liquidations(valuation, account, numbers):
        if settled.closure.reverts is None:
            return settled
    return None


def capacity_needed_e18(valuation: Valuation, account: Account) -> int | None:
    """The least that the fund must be able to bear for something of the account to be liquidated,
    18 decimals; NO_CAPACITY where nothing needs the fund; None where nothing goes whatever it has.

    It depends on prices and on the account, not on the fund: a liquidation goes exactly when the
    fund's settlement value and its wallet come to no less.
    Raises: UnreadableNumberError when a number cannot be had.
    """
    least: int | None = None
    for settled in _liquidations(valuation, account, AccountMath(valuation, account)):
        closure = settled.closure
        if closure.reverts not in (None, BEYOND_THE_FUND):
            continue
        left = closure.after.get("account_value_after_penalty", 0)
        if left >= 0:
            return NO_CAPACITY
        # Its part of the penalty reaches the fund before the contract asks what it can bear.
        needed = -left - closure.after["penalty_to_insurance_fund"]
        least = needed if least is None else min(least, needed)
    return least


def _liquidations(
    valuation: Valuation, account: Account, numbers: AccountMath
) -> Iterator[Settled]:
    """Every liquidation that may be tried, reverting ones included."""
    if is_liquidatable(numbers) and not valuation.state.clearing_house_paused:
        freed = without_open_orders(valuation, account) if has_open_order(numbers) else account
        for base in in_order(freed.markets, valuation.state.markets):
            yield settle_position(valuation, freed, base)
    if is_collateral_liquidatable(numbers) and not valuation.state.vault_paused:
        for token in in_order(numbers.tokens, valuation.state.collateral):
            settled = settle_collateral(valuation, account, token)
            if settled.closure.amount and settled.closure.after["repaid_settlement"]:
                yield settled


def in_order(held: Container[str], known: Iterable[str]) -> list[str]:
    """Those of `known` that are held; what the protocol does not know cannot be traded."""
    return [asset_id for asset_id in known if asset_id in held]


def next_unwinding(valuation: Valuation, account: Account) -> Settled | None:
    """The next step of winding the account up without a penalty; None when nothing is left to do.

    Its orders in open markets are cancelled, its positions there taken over whole at the mark
    price, its tokens sold at their full price as far as it is in debt, and what is owed then is
    the fund's. The fund itself is not wound up.
    Raises: UnreadableNumberError when a number cannot be had.
    """
    if account.address == valuation.state.insurance_fund:
        return None
    after = copied(account)
    if not valuation.state.clearing_house_paused:
        after = without_open_orders(valuation, account)
        numbers = AccountMath(valuation, after)
        for base in in_order(numbers.markets, valuation.state.markets):
            market = numbers.markets[base]
            if market.taker_size and valuation.market(base).status == MarketStatus.OPEN:
                size = market.held.taker_position_size
                taken = taken_over(valuation, numbers, base, size, penalty=NO_PENALTY)
                return settled_takeover(valuation, taken)
    if not valuation.state.vault_paused:
        settled = _sold_at_full_price(valuation, after)
        if settled is not None:
            return settled
    return _settled_debt(valuation, after)


def _sold_at_full_price(valuation: Valuation, account: Account) -> Settled | None:
    """The sale of the first token for the debt of the account; None without debt or token."""
    numbers = AccountMath(valuation, account)
    decimals, debt = valuation.state.settlement_decimals, settlement_debt(numbers)
    for token in in_order(numbers.tokens, valuation.state.collateral) if debt else ():
        held = numbers.tokens[token]
        info, price = valuation.token(token), valuation.token_price(token)
        worth = token_value_e18(held.balance, info.decimals, price, info.feed_decimals)
        amount, repaid = held.balance, to_settlement(worth, decimals)
        # The debt is rounded up to the settlement token, as the Vault would pass it on.
        owed = -to_settlement(-debt, decimals)
        if repaid > owed:
            value = from_settlement(owed, decimals)
            wanted = token_amount_for_value(value, info.decimals, price, info.feed_decimals)
            amount, repaid = min(wanted, held.balance), owed
        if repaid and amount:
            return bought(valuation, account, Purchase(token, amount, price, repaid, 0), None)
    return None


def _settled_debt(valuation: Valuation, account: Account) -> Settled | None:
    """The passing on of what an emptied account owes; None when it owes nothing or holds
    something yet."""
    fund = insurance_fund(valuation)
    bad_debt = settle_bad_debt(valuation, account, fund)
    if not bad_debt:
        return None
    closure = Closure(
        account_id=account.address,
        kind="bad_debt",
        asset_id=valuation.state.settlement_token,
        amount=0,
        price_e18=WAD,
        value_e18=0,
        penalty_e18=0,
        transfers=(bad_debt_transfer(valuation, account.address, bad_debt),),
        after=numbers_after(valuation, account, fund, bad_debt),
    )
    return Settled(closure, account, fund)
