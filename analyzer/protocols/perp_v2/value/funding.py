"""Funding: the growth brought up to the block, and what it makes each position pay.

Units: growths are X96 (premium x seconds); payments are 18 decimals, positive = the account pays.
Source: `Exchange.sol`, `lib/Funding.sol`, `lib/Tick.sol` of `@perp/curie-contract` 2.8.4. The
growth-outside arithmetic there is unchecked, so it wraps at 256 bits here too.
"""

from __future__ import annotations

from analyzer.model.integers import mul_div, trunc_div, wrap_uint256
from analyzer.protocols.perp_v2.fixed_point import Q96, Q128, price_x96_from_sqrt
from analyzer.protocols.perp_v2.growth import (
    FUNDING_PERIOD_S,
    advanced,
    order_owes,
    range_growth,
)
from analyzer.protocols.perp_v2.records import (
    AccountMarket,
    Config,
    FundingGrowth,
    MarketStatus,
    Order,
    TickGrowth,
)
from analyzer.protocols.perp_v2.state.state import MarketState
from analyzer.protocols.perp_v2.value.prices import index_price_e18, market_sqrt_twap_x96
from analyzer.protocols.perp_v2.windows import funding_clock

_NO_GROWTH = TickGrowth()


def funding_twaps(market: MarketState, config: Config, block_time: int) -> tuple[int, int]:
    """(market average X96, index average 18 decimals) that funding compares at the block.

    Raises: UnreadableNumberError when the pool or the feed does not give them. The contract
    reads both even when no time has passed, and reverts with them.
    """
    timestamp, interval = funding_clock(market, config, block_time)
    seconds_ago = 0 if market.status == MarketStatus.OPEN else block_time - timestamp
    sqrt_twap = market_sqrt_twap_x96(market, seconds_ago=seconds_ago, interval=interval)
    return price_x96_from_sqrt(sqrt_twap), index_price_e18(market, interval)


def growth_now(market: MarketState, config: Config, block_time: int) -> FundingGrowth:
    """The global funding growth as every view and settlement at this block sees it.

    Stored growth + clamped premium x seconds since the last settlement; the second part divides
    the same by the pool's present sqrt price, truncated toward zero.
    Raises: UnreadableNumberError as `funding_twaps`.
    """
    market_x96, index_e18 = funding_twaps(market, config, block_time)
    timestamp = block_time if market.status == MarketStatus.OPEN else market.paused_timestamp
    settled = market.last_settled_timestamp
    if settled in (0, timestamp):
        return market.growth
    return advanced(
        market.growth,
        market_x96=market_x96,
        index_e18=index_e18,
        seconds=timestamp - settled,
        max_funding_rate=config.max_funding_rate,
        sqrt_price_x96=market.sqrt_price_x96,
    )


def _outside(market: MarketState, tick: int) -> TickGrowth:
    """What the order book stores as grown outside of `tick`; zeros where it stores nothing."""
    return market.growth_outside.get(tick, _NO_GROWTH)


def pending_fee(market: MarketState, order: Order) -> int:
    """Maker fee not yet collected by one order, 18 decimals, rounded down.

    Fee growths are unsigned and wrap at 256 bits; only differences mean something.
    """
    lower = _outside(market, order.lower_tick).fee_x128
    upper = _outside(market, order.upper_tick).fee_x128
    grown = market.fee_growth_global_x128
    below = lower if market.tick >= order.lower_tick else grown - lower
    above = upper if market.tick < order.upper_tick else grown - upper
    inside = grown - below - above
    return wrap_uint256(inside - order.last_fee_growth_inside_x128) * order.liquidity // Q128


def order_coefficient(market: MarketState, order: Order, growth: FundingGrowth) -> int:
    """One order's part of the funding coefficient up to `growth`; see `growth.order_owes`."""
    return order_owes(order, range_growth(market.growth_outside, growth, order, market.tick))


def pending_payment(market: MarketState, held: AccountMarket, growth: FundingGrowth) -> int:
    """Funding that this account owes in this market, 18 decimals, positive = pays.

    Truncated toward zero once for the market as a whole. The base that counts is the taker's
    size less the base debt of all orders (no dust rule).
    """
    base = held.taker_position_size - sum(order.base_debt for order in held.orders.values())
    coefficient = mul_div(base, growth.tw_premium_x96 - held.last_tw_premium_growth_global_x96, Q96)
    for order in held.orders.values():
        coefficient += order_coefficient(market, order, growth)
    return trunc_div(coefficient, FUNDING_PERIOD_S)
