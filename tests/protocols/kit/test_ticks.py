"""Tick arithmetic, against Uniswap's published constants and high-precision powers."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analyzer.protocols.kit.ticks import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    amount0,
    amount1,
    amounts_in_range,
    sqrt_ratio_at_tick,
    tick_at_sqrt_ratio,
)

ticks = st.integers(MIN_TICK, MAX_TICK)
sqrt_prices = st.integers(MIN_SQRT_RATIO, MAX_SQRT_RATIO - 1)
liquidities = st.integers(0, 2**100)


def test_the_outermost_ticks_have_the_ratios_that_uniswap_publishes() -> None:
    published = {
        MIN_TICK: 4295128739,
        MIN_TICK + 1: 4295343490,
        0: 2**96,
        MAX_TICK - 1: 1461373636630004318706518188784493106690254656249,
        MAX_TICK: 1461446703485210103287273052203988822378723970342,
    }
    assert {tick: sqrt_ratio_at_tick(tick) for tick in published} == published


@pytest.mark.parametrize("tick", [MIN_TICK - 1, MAX_TICK + 1])
def test_a_tick_outside_the_range_is_refused(tick: int) -> None:
    with pytest.raises(ValueError, match=f"tick {tick} is outside"):
        sqrt_ratio_at_tick(tick)


@pytest.mark.parametrize("sqrt_price", [MIN_SQRT_RATIO - 1, MAX_SQRT_RATIO])
def test_a_sqrt_price_outside_the_range_is_refused(sqrt_price: int) -> None:
    with pytest.raises(ValueError, match="outside Uniswap's range"):
        tick_at_sqrt_ratio(sqrt_price)


@given(ticks)
def test_the_ratio_is_the_square_root_of_the_power_to_nine_digits_and_more(tick: int) -> None:
    with localcontext() as context:
        context.prec = 80
        exact = Decimal("1.0001") ** (Decimal(tick) / 2) * 2**96
        error = abs(Decimal(sqrt_ratio_at_tick(tick)) - exact)
        # One wei for the last rounding, 2**-64 for the 128-bit steps at the smallest ratios.
        assert error <= 1 + exact / 2**60


@given(ticks.filter(lambda tick: tick < MAX_TICK))
@example(MIN_TICK)
@example(MAX_TICK - 1)
def test_a_tick_is_found_again_from_its_ratio_and_from_the_last_price_before_the_next(
    tick: int,
) -> None:
    assert tick_at_sqrt_ratio(sqrt_ratio_at_tick(tick)) == tick
    assert tick_at_sqrt_ratio(sqrt_ratio_at_tick(tick + 1) - 1) == tick


@given(sqrt_prices)
def test_the_tick_of_a_price_is_the_greatest_that_is_not_above_it(sqrt_price: int) -> None:
    tick = tick_at_sqrt_ratio(sqrt_price)
    assert sqrt_ratio_at_tick(tick) <= sqrt_price < sqrt_ratio_at_tick(tick + 1)


def test_a_range_from_price_one_quarter_to_four_holds_a_half_of_its_liquidity_each_way() -> None:
    liquidity = 10**24
    assert amount0(2**96, 2**97, liquidity) == liquidity // 2
    assert amount1(2**95, 2**96, liquidity) == liquidity // 2


@given(ticks, ticks, liquidities, sqrt_prices, sqrt_prices)
def test_a_rising_price_turns_base_into_quote(
    one: int, other: int, liquidity: int, first: int, second: int
) -> None:
    lower, upper = min(one, other), max(one, other) + (one == other)
    if upper > MAX_TICK:
        lower, upper = lower - 1, upper - 1
    cheap = amounts_in_range(min(first, second), lower, upper, liquidity)
    dear = amounts_in_range(max(first, second), lower, upper, liquidity)
    assert cheap[0] >= dear[0]
    assert cheap[1] <= dear[1]


@given(ticks, liquidities)
def test_outside_its_range_an_order_holds_one_side_only(tick: int, liquidity: int) -> None:
    lower = min(tick, MAX_TICK - 1)
    low, high = sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(lower + 1)
    assert amounts_in_range(low, lower, lower + 1, liquidity) == (
        amount0(low, high, liquidity),
        0,
    )
    assert amounts_in_range(high, lower, lower + 1, liquidity) == (
        0,
        amount1(low, high, liquidity),
    )
