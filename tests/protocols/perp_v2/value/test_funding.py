"""Funding against closed forms: a constant premium over a known time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.protocols.kit.ticks import amounts_in_range
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError
from analyzer.protocols.perp_v2.records import (
    AccountMarket,
    Config,
    FundingGrowth,
    MarketStatus,
    Order,
    TickGrowth,
)
from analyzer.protocols.perp_v2.state.state import MarketState, PerpState
from analyzer.protocols.perp_v2.value.funding import (
    growth_now,
    order_coefficient,
    pending_fee,
    pending_payment,
)

E18 = 10**18
DAY = 86_400
NOW = 2_000_000
X96 = 2**96


@pytest.fixture
def market(make_state: Callable[..., PerpState]) -> MarketState:
    """Market 1, index 0.5, last settled a day ago: a premium of 0.5 that is capped at 0.05."""
    market: MarketState = next(iter(make_state().markets.values()))
    market.index_price_e18 = {0: E18 // 2, 900: E18 // 2}
    market.last_settled_timestamp = NOW - DAY
    return market


def test_the_premium_is_capped_at_the_rate_times_the_index(market: MarketState) -> None:
    growth = growth_now(market, Config(), NOW)
    assert growth == FundingGrowth(X96 // 20 * DAY, X96 // 20 * DAY)


def test_the_second_growth_is_the_first_over_the_pools_price(market: MarketState) -> None:
    market.sqrt_price_x96 = 2 * X96
    growth = growth_now(market, Config(), NOW)
    assert growth == FundingGrowth(X96 // 20 * DAY, X96 // 20 * DAY // 2)


def test_a_discount_makes_the_growth_negative(market: MarketState) -> None:
    market.index_price_e18[900] = 4 * E18
    market.growth = FundingGrowth(7, -7)
    fall = 4 * X96 // 10 * DAY
    assert growth_now(market, Config(), NOW) == FundingGrowth(7 - fall, -7 - fall)


@pytest.mark.parametrize("settled", [0, NOW])
def test_nothing_grows_before_the_first_settlement_and_within_one_block(
    market: MarketState, settled: int
) -> None:
    market.last_settled_timestamp, market.growth = settled, FundingGrowth(5, 6)
    assert growth_now(market, Config(), NOW) == FundingGrowth(5, 6)


def test_an_old_observation_is_needed_even_where_nothing_grows(market: MarketState) -> None:
    market.last_settled_timestamp = NOW
    market.tick_cumulatives[900] = Unreadable("observe", "OLD", True)
    with pytest.raises(UnreadableNumberError, match="observe: OLD"):
        growth_now(market, Config(), NOW)


def test_a_paused_market_grows_up_to_its_pause_on_the_average_that_ended_there(
    market: MarketState,
) -> None:
    market.status, market.paused_timestamp = MarketStatus.PAUSED, NOW - 300
    market.paused_index_price_e18 = E18
    market.tick_cumulatives = {300: 900 * 20_000, 1200: 0}
    growth = growth_now(market, Config(), NOW)
    # The market's average is far above: the premium is capped at 10 % of the index of 1.
    assert growth.tw_premium_x96 == X96 // 10 * (DAY - 300)


def test_a_market_younger_than_the_interval_is_averaged_over_its_own_age(
    market: MarketState,
) -> None:
    market.first_traded_timestamp, market.last_settled_timestamp = NOW - 60, NOW - 30
    market.tick_cumulatives = {0: 0, 60: 0}
    market.index_price_e18 = {60: 2 * E18}
    assert growth_now(market, Config(), NOW).tw_premium_x96 == -(2 * X96 // 10) * 30


def test_a_long_of_100_pays_5_a_day_for_a_premium_of_5_percent(market: MarketState) -> None:
    growth = growth_now(market, Config(), NOW)
    held = AccountMarket(100 * E18, -100 * E18)
    assert pending_payment(market, held, growth) == 5 * E18 - 1
    assert pending_payment(market, AccountMarket(-100 * E18, 0), growth) == -(5 * E18 - 1)


def test_a_payment_counts_from_the_accounts_own_snapshot(market: MarketState) -> None:
    growth = FundingGrowth(10 * X96 * DAY, 0)
    held = AccountMarket(3 * E18, 0, last_tw_premium_growth_global_x96=8 * X96 * DAY)
    assert pending_payment(market, held, growth) == 6 * E18


def test_a_payment_below_one_wei_is_cut_to_zero_for_both_sides(market: MarketState) -> None:
    growth = FundingGrowth(X96, 0)
    payments = [pending_payment(market, AccountMarket(s, 0), growth) for s in (DAY - 1, 1 - DAY)]
    assert payments == [0, 0]


def order(lower: int, upper: int, liquidity: int = 10**24, **words: int) -> Order:
    base, quote = amounts_in_range(X96, lower, upper, liquidity)
    return Order("0x", lower, upper, liquidity, base, quote, **words)


@given(st.integers(1, 40).map(lambda n: 60 * n), st.integers(1, 30), st.integers(-(10**20), 10**20))
def test_a_maker_whom_the_price_never_left_pays_nothing_but_roundings(
    width: int, days: int, premium_e18: int
) -> None:
    """What his range holds and what he owes cancel, at the price where he put it in."""
    total = premium_e18 * X96 // E18 * DAY * days
    growth = FundingGrowth(total, total)
    for lower, upper in ((-width, width), (width, 2 * width), (-2 * width, -width)):
        market = MarketState("0xb", "vETH", "0xa", sqrt_price_x96=X96, tick=0)
        maker = order(lower, upper)
        held = AccountMarket(orders={(lower, upper): maker})
        payment = pending_payment(market, held, growth)
        # One wei of base in each of two floors, times the premium, and the last division.
        assert abs(payment) <= 3 * (abs(premium_e18) * days // E18 + 1)


def test_an_order_below_the_price_takes_no_part_in_funding(market: MarketState) -> None:
    growth = FundingGrowth(5 * X96, 5 * X96)
    market.growth_outside = {-60: TickGrowth(0, X96, X96), -120: TickGrowth(0, 0, 0)}
    maker = order(
        -120,
        -60,
        last_tw_premium_growth_inside_x96=X96,
        last_tw_premium_div_by_sqrt_price_growth_inside_x96=X96,
    )
    assert order_coefficient(market, maker, growth) == 0


def test_fees_are_shared_by_liquidity_and_floored_and_their_growth_wraps() -> None:
    market = MarketState("0xb", "vETH", "0xa", sqrt_price_x96=X96, tick=0)
    market.fee_growth_global_x128 = 2**128 + 3
    # Inside = global - below - above; the last one seen lies just below 2 ** 256.
    market.growth_outside = {-60: TickGrowth(3), 60: TickGrowth(0)}
    fresh = Order("0x", -60, 60, 7)
    wrapped = Order("0x", -60, 60, 7, last_fee_growth_inside_x128=2**256 - 2**128)
    partly = Order("0x", -60, 60, 7, last_fee_growth_inside_x128=1)
    assert [pending_fee(market, o) for o in (fresh, wrapped, partly)] == [7, 14, 6]


@pytest.mark.parametrize(("tick", "expected"), [(-61, 0), (-60, 70), (59, 70), (60, 0)])
def test_inside_includes_the_lower_tick_and_not_the_upper(tick: int, expected: int) -> None:
    """Nothing is recorded outside: below -60 and from 60 on, all growth happened elsewhere."""
    market = MarketState("0xb", "vETH", "0xa", sqrt_price_x96=X96, tick=tick)
    market.fee_growth_global_x128 = 10 * 2**128
    assert pending_fee(market, Order("0x", -60, 60, 7)) == expected
