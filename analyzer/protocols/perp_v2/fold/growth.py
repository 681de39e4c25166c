"""Funding growth from logs: replay of the global growth, and what a range saw of it.

The contract stores the global growth and emits only the two averages it was made from, the
market's rounded to 18 decimals. The market's average is a power of 1.0001 whose exponent is an
integer tick (or the pool's present price), so the rounding is undone exactly by finding it.
Source: `Exchange.settleFunding`, `_getFundingGrowthGlobalAndTwaps`, `lib/Tick.sol`,
`lib/Funding.sol` of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from analyzer.model.integers import WAD, clamp, mul_div, to_int256
from analyzer.protocols.perp_v2.fixed_point import (
    Q96,
    e18_to_x96,
    mul_ratio,
    price_x96_from_sqrt,
    x96_to_e18,
)
from analyzer.protocols.perp_v2.fold.ledger import MarketLedger
from analyzer.protocols.perp_v2.prices import SHORTEST_TWAP_S, funding_clock
from analyzer.protocols.perp_v2.state import Config, FundingGrowth, Order, TickGrowth
from analyzer.protocols.perp_v2.ticks import MAX_TICK, MIN_TICK, amount0, sqrt_ratio_at_tick

FUNDING_PERIOD_S = 86_400
"""The growth is per second and price unit; a payment is its share of a day."""

_NEIGHBOURS = 2
"""Ticks searched on either side of the float guess, whose error is far below one tick."""


class AmbiguousTwapError(Exception):
    """The market average of a FundingUpdated is no price of exactly one tick."""


def twap_price_x96(market_twap_e18: int) -> int:
    """The X96 price behind an 18-decimal market average: of the one tick that rounds to it.

    Raises: AmbiguousTwapError when no tick or several do (several: prices below about 1e-14).
    """
    if market_twap_e18 <= 0:
        raise AmbiguousTwapError(f"market average {market_twap_e18}")
    guess = round(math.log(market_twap_e18 / WAD) / math.log(1.0001))
    low, high = max(MIN_TICK, guess - _NEIGHBOURS), min(MAX_TICK, guess + _NEIGHBOURS)
    prices = [price_x96_from_sqrt(sqrt_ratio_at_tick(tick)) for tick in range(low, high + 1)]
    found = [price for price in prices if x96_to_e18(price) == market_twap_e18]
    if len(found) != 1:
        raise AmbiguousTwapError(f"{len(found)} ticks have the market average {market_twap_e18}")
    return found[0]


def settle_growth(
    market: MarketLedger,
    config: Config,
    *,
    block_time: int,
    market_twap_e18: int,
    index_twap_e18: int,
) -> None:
    """Advances the market's global growth as the settlement behind a FundingUpdated did.

    Raises: AmbiguousTwapError when the market average cannot be traced to a price; the market
    is then unchanged but for its time of settlement.
    """
    timestamp, interval = funding_clock(
        status=market.status,
        block_time=block_time,
        paused_timestamp=market.paused_timestamp,
        first_traded_timestamp=market.first_traded_timestamp,
        config=config,
    )
    elapsed = timestamp - market.last_settled_timestamp
    first = market.last_settled_timestamp == 0
    market.last_settled_timestamp = timestamp
    if not first and elapsed:
        market_x96 = _market_price_x96(market, interval, market_twap_e18)
        _advance(market, config, market_x96, e18_to_x96(index_twap_e18), elapsed)
    market.growth_history.append(market.growth.tw_premium_x96)


def _market_price_x96(market: MarketLedger, interval: int, market_twap_e18: int) -> int:
    """The exact X96 market average, checked against the event's rounded one."""
    if interval >= SHORTEST_TWAP_S:
        return twap_price_x96(market_twap_e18)
    price = price_x96_from_sqrt(market.pool.sqrt_price_x96)
    if x96_to_e18(price) != market_twap_e18:
        raise AmbiguousTwapError(
            f"pool price {x96_to_e18(price)} is not the market average {market_twap_e18}"
        )
    return price


def _advance(
    market: MarketLedger, config: Config, market_x96: int, index_x96: int, elapsed: int
) -> None:
    """G += clamped premium * seconds, and the same over the pool's present sqrt price."""
    cap = mul_ratio(index_x96, config.max_funding_rate)
    delta = clamp(market_x96 - index_x96, -cap, cap) * elapsed
    old = market.growth
    market.growth = FundingGrowth(
        old.tw_premium_x96 + delta,
        old.tw_premium_div_by_sqrt_price_x96 + mul_div(delta, Q96, market.pool.sqrt_price_x96),
    )


def range_growth(
    outside: Mapping[int, TickGrowth], growth: FundingGrowth, order: Order, tick: int
) -> tuple[int, int, int]:
    """(inside, below, inside over sqrt price) of the range of `order` at pool tick `tick`; X96.

    Every difference wraps as the contract's unchecked int256 does.
    """
    lower = outside.get(order.lower_tick, TickGrowth())
    upper = outside.get(order.upper_tick, TickGrowth())
    at_or_over_lower, under_upper = tick >= order.lower_tick, tick < order.upper_tick
    inside, below = _split(
        growth.tw_premium_x96,
        lower.tw_premium_x96,
        upper.tw_premium_x96,
        at_or_over_lower,
        under_upper,
    )
    div_inside, _ = _split(
        growth.tw_premium_div_by_sqrt_price_x96,
        lower.tw_premium_div_by_sqrt_price_x96,
        upper.tw_premium_div_by_sqrt_price_x96,
        at_or_over_lower,
        under_upper,
    )
    return inside, below, div_inside


def _split(
    total: int, lower: int, upper: int, at_or_over_lower: bool, under_upper: bool
) -> tuple[int, int]:
    """(inside, below) of one growth component."""
    below = lower if at_or_over_lower else to_int256(total - lower)
    above = upper if under_upper else to_int256(total - upper)
    return to_int256(total - below - above), below


def order_payment(order: Order, inside: int, below: int, div_inside: int) -> int:
    """An order's part of a funding payment before the division by a day: what it owes between
    its snapshot and the growths given; truncated toward zero."""
    low, high = sqrt_ratio_at_tick(order.lower_tick), sqrt_ratio_at_tick(order.upper_tick)
    base_below = amount0(low, high, order.liquidity)
    below_x96 = base_below * (below - order.last_tw_premium_growth_below_x96)
    inside_x96 = order.liquidity * (
        div_inside
        - order.last_tw_premium_div_by_sqrt_price_growth_inside_x96
        - mul_div(inside - order.last_tw_premium_growth_inside_x96, Q96, high)
    )
    return mul_div(below_x96 + inside_x96, 1, Q96)
