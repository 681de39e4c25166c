"""What a settlement does to an account's stored numbers: funding, trades, removal of orders.

Every function changes the `Account` it is given; callers work on a copy (`copied`), so the book
itself never changes.
Source: `ClearingHouse.sol`, `Exchange.sol`, `AccountBalance.sol`, `Vault.sol` of
`@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from dataclasses import replace

from analyzer.model.integers import WAD, mul_div
from analyzer.protocols.kit.ticks import amounts_in_range
from analyzer.protocols.perp_v2.fixed_point import to_settlement
from analyzer.protocols.perp_v2.growth import range_growth
from analyzer.protocols.perp_v2.records import Account, FundingGrowth, MarketStatus, Order
from analyzer.protocols.perp_v2.state.ranges import DUST
from analyzer.protocols.perp_v2.state.state import MarketState
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.position import StillMarket
from analyzer.protocols.perp_v2.value.valuation import Valuation


def copied(account: Account) -> Account:
    """A copy that can be changed without touching the original (orders are shared, unchanged)."""
    markets = {
        base: replace(held, orders=dict(held.orders)) for base, held in account.markets.items()
    }
    return replace(account, balances=dict(account.balances), markets=markets)


def pnl_to_realize(size: int, open_notional: int, base: int, quote: int) -> int:
    """PnL that exchanging (base, quote) realizes on a taker position, 18 decimals.

    0 unless it reduces. The closed share is floored to 18 decimals; beyond a full close the
    exchange is split by it instead. Truncated toward zero.
    """
    if size == 0 or base == 0 or (size < 0) == (base < 0):
        return 0
    closed_e18 = abs(base) * WAD // abs(size)
    if closed_e18 <= WAD:
        return quote + mul_div(open_notional, closed_e18, WAD)
    return open_notional + mul_div(quote, WAD, closed_e18)


def settle_funding(valuation: Valuation, account: Account, base_token: str) -> int:
    """Moves the market's pending funding, orders' included, into owed realized PnL; returns what
    was paid. Nothing is pending afterwards.

    Raises: UnreadableNumberError when the growth cannot be had.
    """
    held = account.markets[base_token]
    paid = StillMarket(valuation, base_token, held).pending_funding
    account.owed_realized_pnl -= paid
    market, growth = valuation.market(base_token), valuation.growth(base_token)
    account.markets[base_token] = replace(
        held,
        last_tw_premium_growth_global_x96=growth.tw_premium_x96,
        orders={ticks: _settled_order(market, o, growth) for ticks, o in held.orders.items()},
    )
    return paid


def _settled_order(market: MarketState, order: Order, growth: FundingGrowth) -> Order:
    """The order with the snapshots that a settlement at `growth` stores."""
    seen = range_growth(market.growth_outside, growth, order, market.tick)
    return replace(
        order,
        last_tw_premium_growth_inside_x96=seen.inside,
        last_tw_premium_growth_below_x96=seen.below,
        last_tw_premium_div_by_sqrt_price_growth_inside_x96=seen.inside_div,
    )


def exchange(
    account: Account, base_token: str, *, base: int, quote: int, maker_fee: int = 0
) -> int:
    """Adds (base, quote) to the taker position and realizes PnL where that reduces it.

    The market's record is deleted when nothing but dust and no order is left. Returns the
    realized PnL.
    """
    held = account.markets[base_token]
    size, notional = held.taker_position_size, held.taker_open_notional
    realized = pnl_to_realize(size, notional, base, quote)
    held.taker_position_size = size + base
    held.taker_open_notional = notional + quote - realized
    account.owed_realized_pnl += maker_fee + realized
    left = max(abs(held.taker_position_size), abs(held.taker_open_notional))
    if left < DUST and not held.orders:
        del account.markets[base_token]
    return realized


def cancel_orders(valuation: Valuation, account: Account, base_token: str) -> None:
    """Removes all of the account's orders in one market, as anyone may while it is liquidatable.

    Funding is settled first; the fees and what the ranges hold more or less than they owe go to
    the taker position in one exchange.
    Raises: UnreadableNumberError when the funding growth cannot be had.
    """
    market = valuation.market(base_token)
    fee = StillMarket(valuation, base_token, account.markets[base_token]).pending_fee
    settle_funding(valuation, account, base_token)
    held = account.markets[base_token]
    base = quote = 0
    for order in held.orders.values():
        pool_base, pool_quote = amounts_in_range(
            market.sqrt_price_x96, order.lower_tick, order.upper_tick, order.liquidity
        )
        base += pool_base - order.base_debt
        quote += pool_quote - order.quote_debt
    held.orders.clear()
    exchange(account, base_token, base=base, quote=quote, maker_fee=fee)


def without_open_orders(valuation: Valuation, account: Account) -> Account:
    """A copy of the account with its orders in open markets removed.

    Raises: UnreadableNumberError when the funding growth of one of them cannot be had.
    """
    out = copied(account)
    for base in list(out.markets):
        if out.markets[base].orders and valuation.market(base).status == MarketStatus.OPEN:
            cancel_orders(valuation, out, base)
    return out


def insurance_fund(valuation: Valuation) -> Account:
    """A copy of the insurance fund's Vault account; an empty one when no log ever named it."""
    address = valuation.state.insurance_fund
    found = valuation.state.accounts.get(address)
    return Account(address) if found is None else copied(found)


def fund_capacity(valuation: Valuation, fund: Account) -> int | None:
    """InsuranceFund.getInsuranceFundCapacity in the settlement token's decimals, for this state
    of the fund's account: its settlement value, floored, plus its wallet. None when the wallet
    was not read. Raises: UnreadableNumberError when the fund's own value cannot be had."""
    wallet = valuation.state.insurance_fund_wallet
    if wallet is None:
        return None
    value = AccountMath(valuation, fund).settlement_value
    return to_settlement(value, valuation.state.settlement_decimals) + wallet
