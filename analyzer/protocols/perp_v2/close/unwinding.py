"""An account's winding up without a penalty, step by step: each step leads to the next."""

from __future__ import annotations

from analyzer.model.closure import Closure
from analyzer.model.integers import WAD
from analyzer.protocols.perp_v2.close.liquidate import settled_takeover
from analyzer.protocols.perp_v2.close.liquidate_collateral import (
    Purchase,
    bought,
)
from analyzer.protocols.perp_v2.close.possible import in_order
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
    settlement_debt,
)
from analyzer.protocols.perp_v2.value.settlement import copied, insurance_fund, without_open_orders
from analyzer.protocols.perp_v2.value.takeover import NO_PENALTY, taken_over
from analyzer.protocols.perp_v2.value.valuation import Valuation


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
                taken = taken_over(numbers, base, size, penalty=NO_PENALTY)
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
