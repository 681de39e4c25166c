"""Funding growth: how it advances, what of it a range saw, and what an order owes between two.

Units: X96, signed; payments before the division by a day. The growth-outside arithmetic of the
contract is unchecked, so it wraps at 256 bits here too.
Source: `Exchange._getFundingGrowthGlobalAndTwaps`, `lib/Tick.sol`, `lib/Funding.sol` of
`@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from analyzer.model.integers import clamp, mul_div, to_int256, trunc_div
from analyzer.protocols.kit.ticks import amount0, sqrt_ratio_at_tick
from analyzer.protocols.perp_v2.fixed_point import Q96, e18_to_x96, mul_ratio
from analyzer.protocols.perp_v2.records import FundingGrowth, Order, TickGrowth

FUNDING_PERIOD_S = 86_400
"""A premium held for this long is paid once."""

_NO_GROWTH = TickGrowth()


class RangeGrowth(NamedTuple):
    """What a range saw of the global growth; X96.

    inside: premium while the price was in the range; below: while it was under it; inside_div:
    premium over sqrt price while it was in the range.
    """

    inside: int
    below: int
    inside_div: int


def advanced(
    growth: FundingGrowth,
    *,
    market_x96: int,
    index_e18: int,
    seconds: int,
    max_funding_rate: int,
    sqrt_price_x96: int,
) -> FundingGrowth:
    """`growth` after `seconds` of the premium of the market average over the index average.

    The premium is held within `max_funding_rate` of the index; the second part divides the same
    by the pool's sqrt price, truncated toward zero.
    """
    index_x96 = e18_to_x96(index_e18)
    limit = mul_ratio(index_x96, max_funding_rate)
    delta = clamp(market_x96 - index_x96, -limit, limit) * seconds
    return FundingGrowth(
        growth.tw_premium_x96 + delta,
        growth.tw_premium_div_by_sqrt_price_x96 + mul_div(delta, Q96, sqrt_price_x96),
    )


def range_growth(
    outside: Mapping[int, TickGrowth], growth: FundingGrowth, order: Order, tick: int
) -> RangeGrowth:
    """What the order's range saw of `growth`, with the pool at `tick`; zeros where the map has
    no entry, as in the contract."""
    lower = outside.get(order.lower_tick, _NO_GROWTH)
    upper = outside.get(order.upper_tick, _NO_GROWTH)
    at_or_over_lower, under_upper = tick >= order.lower_tick, tick < order.upper_tick

    def split(total: int, low: int, high: int) -> tuple[int, int]:
        below = low if at_or_over_lower else to_int256(total - low)
        above = high if under_upper else to_int256(total - high)
        return to_int256(total - below - above), below

    inside, below = split(growth.tw_premium_x96, lower.tw_premium_x96, upper.tw_premium_x96)
    inside_div, _ = split(
        growth.tw_premium_div_by_sqrt_price_x96,
        lower.tw_premium_div_by_sqrt_price_x96,
        upper.tw_premium_div_by_sqrt_price_x96,
    )
    return RangeGrowth(inside, below, inside_div)


def order_owes(order: Order, seen: RangeGrowth) -> int:
    """One order's part of the funding coefficient between its snapshots and `seen`: base held
    times premium, before the division by a day; truncated toward zero.

    Below its range an order is all base; inside, its base falls as the price rises; above it
    holds none and pays nothing.
    """
    sqrt_lower, sqrt_upper = (
        sqrt_ratio_at_tick(tick) for tick in (order.lower_tick, order.upper_tick)
    )
    base_when_below = amount0(sqrt_lower, sqrt_upper, order.liquidity)
    from_below = base_when_below * (seen.below - order.last_tw_premium_growth_below_x96)
    from_inside = order.liquidity * (
        seen.inside_div
        - order.last_tw_premium_div_by_sqrt_price_growth_inside_x96
        - mul_div(seen.inside - order.last_tw_premium_growth_inside_x96, Q96, sqrt_upper)
    )
    return trunc_div(from_below + from_inside, Q96)


def snapshots(order: Order) -> RangeGrowth:
    """The growths that the order stores from its last settlement."""
    return RangeGrowth(
        order.last_tw_premium_growth_inside_x96,
        order.last_tw_premium_growth_below_x96,
        order.last_tw_premium_div_by_sqrt_price_growth_inside_x96,
    )
