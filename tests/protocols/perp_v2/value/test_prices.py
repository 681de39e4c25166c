"""Prices: averages, the median mark, reference by status, and what is said of bad feeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from analyzer.model.book import Price
from analyzer.protocols.kit.price_age import Round, SourceTime
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError
from analyzer.protocols.perp_v2.records import Config, MarketStatus
from analyzer.protocols.perp_v2.state.state import POOL_AVERAGE, MarketState, PerpState
from analyzer.protocols.perp_v2.value.prices import (
    mark_price,
    market_sqrt_twap_x96,
    reference_price,
    reference_prices,
)
from analyzer.protocols.perp_v2.windows import needed_index_intervals, needed_windows

E18 = 10**18
NOW = 2_000_000


@pytest.fixture
def state(make_state: Callable[..., PerpState]) -> PerpState:
    return make_state()


@pytest.fixture
def market(state: PerpState) -> MarketState:
    return next(iter(state.markets.values()))


def test_a_mean_tick_between_minus_one_and_zero_counts_as_zero(market: MarketState) -> None:
    market.tick_cumulatives = {0: -7, 15: 0}
    assert market_sqrt_twap_x96(market, seconds_ago=0, interval=15) == 2**96


def test_an_average_over_less_than_ten_seconds_is_the_present_price(market: MarketState) -> None:
    market.sqrt_price_x96 = 5 * 2**96
    assert market_sqrt_twap_x96(market, seconds_ago=77, interval=9) == 5 * 2**96


def test_a_pool_without_an_observation_that_old_makes_the_average_unreadable(
    market: MarketState,
) -> None:
    old = Unreadable("UniswapV3Pool.observe(vETH, 15 s ago)", "OLD", True)
    market.tick_cumulatives[15] = old
    with pytest.raises(UnreadableNumberError) as caught:
        market_sqrt_twap_x96(market, seconds_ago=0, interval=15)
    assert caught.value.unreadable == old


def test_a_window_that_nobody_read_is_said_to_be_unread(market: MarketState) -> None:
    with pytest.raises(UnreadableNumberError) as caught:
        market_sqrt_twap_x96(market, seconds_ago=0, interval=60)
    assert caught.value.unreadable == Unreadable(
        "UniswapV3Pool.observe(vETH, 60 s ago)", "was not read", False
    )


@pytest.mark.parametrize(
    ("short_tick", "long_tick", "index", "middle"),
    [
        (0, 20_000, 9 * E18, 7389 * E18 // 1000),  # 1.0001 ** 20000 = 7.3883 is the middle one
        (0, 0, 9 * E18, E18),
        (20_000, 0, 2 * E18, 2 * E18),
    ],
)
def test_the_mark_is_the_median_of_two_averages_and_of_the_index_with_its_premium(
    market: MarketState, short_tick: int, long_tick: int, index: int, middle: int
) -> None:
    # The premium is 1 - 1 = 0: the market's 900 s average and the index's are both 1.
    market.tick_cumulatives = {0: 0, 15: -15 * short_tick, 900: 0, 1800: -1800 * long_tick}
    market.index_price_e18 = {0: index, 900: E18}
    mark = mark_price(market, Config())
    assert isinstance(mark, int)
    assert abs(mark - middle) < middle // 5000


def test_a_discount_larger_than_the_index_reverts_the_mark(market: MarketState) -> None:
    market.index_price_e18 = {0: E18, 900: 3 * E18}
    assert mark_price(market, Config()) == Unreadable(
        "AccountBalance.getMarkPrice(vETH)", "SafeCast: value must be positive", True
    )


def test_the_reference_price_follows_the_status(market: MarketState) -> None:
    market.paused_index_price_e18, market.closed_price_e18 = 7, 8
    found = {}
    for status in MarketStatus:
        market.status = status
        found[status] = reference_price(market, Config())
    assert found == {MarketStatus.OPEN: E18, MarketStatus.PAUSED: 7, MarketStatus.CLOSED: 8}


@pytest.mark.parametrize(
    ("status", "first_traded", "windows", "intervals"),
    [
        (MarketStatus.OPEN, NOW - 5_000, {0, 15, 900, 1800}, {0, 900}),
        (MarketStatus.OPEN, NOW - 60, {0, 15, 60, 900, 1800}, {0, 60, 900}),
        (MarketStatus.OPEN, NOW - 9, {0, 15, 900, 1800}, {0, 9, 900}),
        (MarketStatus.OPEN, 0, {0, 15, 900, 1800}, {0, 900}),
        (MarketStatus.PAUSED, NOW - 5_000, {0, 15, 300, 900, 1200, 1800}, set()),
        (MarketStatus.CLOSED, NOW - 400, {0, 15, 300, 400, 900, 1800}, set()),
    ],
)
def test_the_windows_to_read_follow_from_status_and_times(
    market: MarketState,
    status: MarketStatus,
    first_traded: int,
    windows: set[int],
    intervals: set[int],
) -> None:
    market.status = status
    market.paused_timestamp = 0 if status == MarketStatus.OPEN else NOW - 300
    market.first_traded_timestamp = first_traded
    assert needed_windows(market, Config(), NOW) == windows
    assert needed_index_intervals(market, Config(), NOW) == intervals


DAY = 86_400
CARRIED_OVER = SourceTime(NOW, Round(8, E18, NOW, NOW, 7))
"""The feed's own time is good, and what its aggregator says of its round is not."""


def test_fresh_prices_are_given_in_eighteen_decimals_with_their_source(state: PerpState) -> None:
    market, token = next(iter(state.markets.values())), next(iter(state.collateral.values()))
    market.feed_time, market.feed_timeout_s = NOW - 10, 60
    prices = reference_prices(state, {market.base_token: "ETH"})
    assert list(prices.by_asset.values()) == [
        Price(
            state.settlement_token,
            "USDC",
            "USDC",
            E18,
            "fixed",
            "the Vault counts the settlement token as 1",
        ),
        Price(
            market.base_token,
            "vETH",
            "ETH",
            E18,
            "fresh",
            "AccountBalance mark: median of market 15 s, market long, index+premium",
            NOW - 10,
            "age 10 s, limit 60 s",
        ),
        Price(
            token.token,
            "WETH",
            "WETH",
            2_000 * E18,
            "undated",
            "CollateralManager.getPrice, 900 s",
            None,
            "its source was not asked for a time",
        ),
    ]


@pytest.mark.parametrize(
    ("changes", "status", "price"),
    [
        ({"feed_time": NOW - 61, "feed_timeout_s": 60}, "stale", E18),
        ({"feed_time": NOW - 60, "feed_timeout_s": 60}, "fresh", E18),
        ({"feed_frozen_reason": 5}, "invalid", None),
        ({"feed_frozen_reason": 0}, "undated", E18),
        ({"feed_source": POOL_AVERAGE}, "fresh", E18),
        ({"feed_source": SourceTime(NOW - 5)}, "fresh", E18),
        ({"feed_source": SourceTime(NOW - 2 * DAY)}, "doubtful", E18),
        ({"feed_time": NOW - 2 * DAY, "feed_timeout_s": 3 * DAY}, "doubtful", E18),
        ({"feed_time": NOW + 1}, "doubtful", E18),
        ({"feed_time": NOW, "feed_source": CARRIED_OVER}, "doubtful", E18),
        ({"index_price_e18": {0: E18}}, "missing", None),
        ({"status": MarketStatus.PAUSED, "paused_index_price_e18": 3}, "fixed", 3),
    ],
)
def test_a_market_price_has_the_status_of_its_feed(
    state: PerpState, changes: dict[str, object], status: str, price: int | None
) -> None:
    base, market = next(iter(state.markets.items()))
    state.markets[base] = replace(market, **changes)  # type: ignore[arg-type]
    found = reference_prices(state).by_asset[base]
    assert (found.status, found.price_e18) == (status, price)


@pytest.mark.parametrize(
    ("price", "status"), [(0, "invalid"), (Unreadable("getPrice", "CPF_NP", True), "missing")]
)
def test_a_token_without_a_price_is_never_worth_zero(
    state: PerpState, price: int | Unreadable, status: str
) -> None:
    token, info = next(iter(state.collateral.items()))
    state.collateral[token] = replace(info, price=price)
    found = reference_prices(state).by_asset[token]
    assert (found.status, found.price_e18) == (status, None)
