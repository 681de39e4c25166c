"""The seconds that prices and funding are averaged over, and up to when funding runs.

Source: `Exchange._getFundingGrowthGlobalAndTwaps`, `AccountBalance.getMarkPrice`,
`UniswapV3Broker.getSqrtTwapX96` of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from typing import Protocol

from analyzer.protocols.perp_v2.records import Config, MarketStatus

SHORTEST_TWAP_S = 10
"""Below this interval the market's time-weighted price is the pool's present one."""

MARK_SHORT_WINDOW_S = 15
"""Interval of the first of the three prices that the mark is the median of."""

COLLATERAL_TWAP_S = 900
"""Interval at which the Vault prices collateral tokens."""


class TradedMarket(Protocol):
    """What windows depend on. Timestamps in seconds; 0 = it was never paused, or never traded."""

    status: MarketStatus
    paused_timestamp: int
    first_traded_timestamp: int


def funding_clock(market: TradedMarket, config: Config, block_time: int) -> tuple[int, int]:
    """(time up to which funding runs, interval of its two averages), in seconds.

    Funding stops at the pause; the interval is 0 before the first trade and never longer than
    the market has traded.
    """
    timestamp = block_time if market.status == MarketStatus.OPEN else market.paused_timestamp
    if market.first_traded_timestamp == 0:
        return timestamp, 0
    return timestamp, min(config.twap_interval_s, timestamp - market.first_traded_timestamp)


def needed_windows(market: TradedMarket, config: Config, block_time: int) -> set[int]:
    """Every `seconds ago` at which the pool's tick cumulative is needed, 0 included.

    Read each on its own: one that is too old reverts ("OLD") and would take the others with it.
    """
    timestamp, interval = funding_clock(market, config, block_time)
    lengths = (
        MARK_SHORT_WINDOW_S,
        config.mark_market_twap_interval_s,
        config.mark_premium_interval_s,
    )
    windows = {0} | {length for length in lengths if length >= SHORTEST_TWAP_S}
    if interval >= SHORTEST_TWAP_S:
        windows |= {block_time - timestamp, block_time - timestamp + interval}
    return windows


def needed_index_intervals(market: TradedMarket, config: Config, block_time: int) -> set[int]:
    """Every interval at which the index price is needed; none for a market that is not open,
    which uses the index price of its pause."""
    if market.status != MarketStatus.OPEN:
        return set()
    _, interval = funding_clock(market, config, block_time)
    return {0, config.mark_premium_interval_s, interval}
