"""Funding growth from logs: replay, snapshots, ticks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from perp_story import ALICE, BASE, BOB, E18, POOL, Story

from analyzer.protocols.kit.ticks import sqrt_ratio_at_tick
from analyzer.protocols.perp_v2.fixed_point import Q96, price_x96_from_sqrt, x96_to_e18
from analyzer.protocols.perp_v2.growth import range_growth
from analyzer.protocols.perp_v2.logs.fold.ledger import MarketLedger, PoolLedger, Settlements
from analyzer.protocols.perp_v2.logs.fold.replay import AmbiguousTwapError, twap_price_x96
from analyzer.protocols.perp_v2.records import FundingGrowth, Order, TickGrowth


def price_at(tick: int) -> int:
    """18-decimal price of a tick, as FundingUpdated rounds it."""
    return x96_to_e18(price_x96_from_sqrt(sqrt_ratio_at_tick(tick)))


@given(st.integers(-270_000, 400_000))
def test_a_rounded_market_average_gives_back_its_tick(tick: int) -> None:
    exact = price_x96_from_sqrt(sqrt_ratio_at_tick(tick))
    assert twap_price_x96(x96_to_e18(exact)) == exact


@pytest.mark.parametrize("twap", [0, price_at(100) + 1, price_at(-420_000)])
def test_an_average_that_is_no_price_of_one_tick_is_refused(twap: int) -> None:
    with pytest.raises(AmbiguousTwapError):
        twap_price_x96(twap)


def traded() -> Story:
    """A market at tick 100 whose first settlement and first trade are one block old."""
    story = Story().market(100).block().funding(price_at(100), E18)
    return story.swap(-E18, E18, 100).position(ALICE, E18, -E18, open_notional=-E18)


def test_the_first_settlement_only_starts_the_clock() -> None:
    market = traded().fold().markets[BASE]
    assert market.growth == FundingGrowth(0, 0)
    assert market.last_settled_timestamp == market.first_traded_timestamp


def test_a_settlement_adds_the_exact_premium_for_every_second() -> None:
    market = traded().block(1_000).funding(price_at(100), E18).fold().markets[BASE]
    premium = price_x96_from_sqrt(sqrt_ratio_at_tick(100)) - Q96
    growth = premium * 1_000
    assert market.growth == FundingGrowth(growth, growth * Q96 // sqrt_ratio_at_tick(100))
    assert market.growth_history == [0, 0, growth]


def test_the_premium_is_capped_at_the_highest_funding_rate_on_both_sides() -> None:
    high = traded().block(1_000).funding(price_at(2_000), E18).fold().markets[BASE]
    low = traded().block(1_000).funding(price_at(-2_000), E18).fold().markets[BASE]
    cap = Q96 * 100_000 // 1_000_000
    assert (high.growth.tw_premium_x96, low.growth.tw_premium_x96) == (cap * 1_000, -cap * 1_000)


def test_a_window_under_ten_seconds_takes_the_pools_present_price() -> None:
    story = traded().block(9).funding(price_at(100), E18)
    premium = price_x96_from_sqrt(sqrt_ratio_at_tick(100)) - Q96
    assert story.fold().markets[BASE].growth.tw_premium_x96 == premium * 9


def test_a_changed_parameter_counts_from_its_event_on() -> None:
    story = traded()
    story.tell("clearing_house_config", "MaxFundingRateChanged", rate=0)
    assert story.block(1_000).funding(price_at(100), E18).fold().markets[BASE].growth == (
        FundingGrowth(0, 0)
    )


def test_funding_of_a_paused_market_stops_at_the_pause() -> None:
    story = traded().block(500).tell("base_token", "StatusUpdated", BASE, status=1)
    market = story.block(5_000).funding(price_at(100), E18).fold().markets[BASE]
    premium = price_x96_from_sqrt(sqrt_ratio_at_tick(100)) - Q96
    assert market.growth.tw_premium_x96 == premium * 500
    assert market.last_settled_timestamp == market.paused_timestamp


def test_an_average_that_cannot_be_traced_is_noted_and_adds_nothing() -> None:
    ledger = traded().block(1_000).funding(price_at(100) + 1, E18).fold()
    assert [note.kind for note in ledger.notes] == ["funding not replayed"]
    assert ledger.markets[BASE].growth == FundingGrowth(0, 0)


def test_a_withdrawal_settles_every_market_of_the_account_and_no_other_account() -> None:
    story = traded().swap(-E18, E18, 100).position(BOB, E18, -E18, open_notional=-E18)
    story.deposit(ALICE, 5).block(1_000).funding(price_at(100), E18).withdraw(ALICE, 1)
    ledger = story.fold()
    growth = ledger.markets[BASE].growth.tw_premium_x96
    snapshots = [
        ledger.accounts[trader].account.markets[BASE].last_tw_premium_growth_global_x96
        for trader in (ALICE, BOB)
    ]
    assert growth > 0
    assert snapshots == [growth, 0]


def test_a_funding_payment_settles_the_account_in_that_market() -> None:
    story = traded().block(1_000).funding(price_at(100), E18)
    story.tell(
        "clearing_house", "FundingPaymentSettled", trader=ALICE, baseToken=BASE, fundingPayment=1
    )
    ledger = story.fold()
    record = ledger.accounts[ALICE].account.markets[BASE]
    assert record.last_tw_premium_growth_global_x96 == ledger.markets[BASE].growth.tw_premium_x96


def test_ticks_enter_at_or_under_the_price_are_crossed_and_cleared() -> None:
    story = traded().block(1_000).funding(price_at(100), E18)
    story.add_range(BOB, 0, 100, 1_000, (1, 1)).add_range(BOB, 101, 300, 1_000, (1, 1))
    market = story.fold().markets[BASE]
    growth = market.growth
    at = TickGrowth(0, growth.tw_premium_x96, growth.tw_premium_div_by_sqrt_price_x96)
    assert market.outside == {0: at, 100: at}
    story.block(10).funding(price_at(100), E18).swap(-E18, E18, 150)
    later = story.fold().markets[BASE]
    assert later.outside[101] == TickGrowth(
        0, later.growth.tw_premium_x96, later.growth.tw_premium_div_by_sqrt_price_x96
    )
    assert 100 in later.outside
    story.block().burn(0, 100, 1_000, (0, 1)).position(BOB, 0, 0, open_notional=0)
    assert sorted(story.liquidity(BOB, 0, 100, -1_000, (0, -1)).fold().markets[BASE].outside) == [
        101
    ]


@given(st.sets(st.integers(-50, 50), max_size=20), st.integers(-60, 60), st.integers(-60, 60))
def test_a_swap_crosses_the_ticks_that_the_contract_crosses(
    ticks: set[int], before: int, after: int
) -> None:
    pool = PoolLedger(POOL, tick=before)
    for tick in ticks:
        pool.add_gross(tick, 1)
    if after < before:
        expected = sorted(t for t in ticks if after < t <= before)
    else:
        expected = sorted(t for t in ticks if before < t <= after)
    assert pool.crossed(after) == expected


@given(
    st.lists(st.integers(-(2**255), 2**255 - 1), min_size=6, max_size=6),
    st.integers(-10, 10),
    st.integers(-10, 10),
)
def test_crossing_with_the_same_growth_changes_nothing_inside_or_below_a_range(
    growths: list[int], before: int, after: int
) -> None:
    market = MarketLedger(BASE, PoolLedger(POOL, tick=before), 0)
    market.growth = FundingGrowth(growths[0], growths[1])
    order = Order("0x", -5, 5, 1)
    for tick, pair in ((-5, growths[2:4]), (5, growths[4:6])):
        market.pool.add_gross(tick, 1)
        market.outside[tick] = TickGrowth(0, *pair)
    seen = range_growth(market.outside, market.growth, order, before)
    for tick in market.pool.crossed(after):
        market.cross_tick(tick)
    assert range_growth(market.outside, market.growth, order, after) == seen


def test_events_of_a_pool_without_a_market_are_noted() -> None:
    ledger = Story().swap(1, -1, 5).mint(-5, 5, 1, (1, 1)).fold()
    assert [note.kind for note in ledger.notes] == ["pool without market"] * 2


def test_settlements_are_counted_from_the_last_that_left_a_growth_to_the_last_of_another() -> None:
    found = Settlements([0, 0, 5, 7, 5, 9])
    pairs = [(0, 5), (0, 7), (5, 9), (7, 5), (0, 9), (5, 7), (9, 5), (5, 5), (0, 1), (1, 9)]
    assert [found.between(*pair) for pair in pairs] == [3, 2, 1, 1, 4, 0, 0, 0, 0, 0]
