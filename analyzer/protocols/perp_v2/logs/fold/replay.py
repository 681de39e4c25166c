"""Funding growth from logs: each FundingUpdated replayed exactly.

The contract stores the global growth and emits only the two averages it was made from, the
market's rounded to 18 decimals. The market's average is a power of 1.0001 whose exponent is an
integer tick (or the pool's present price), so the rounding is undone exactly by finding it.
Source: `Exchange.settleFunding`, `_getFundingGrowthGlobalAndTwaps`, `lib/Tick.sol`,
`lib/Funding.sol` of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

import math

from analyzer.model.integers import WAD
from analyzer.protocols.kit.ticks import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick
from analyzer.protocols.perp_v2.fixed_point import (
    price_x96_from_sqrt,
    x96_to_e18,
)
from analyzer.protocols.perp_v2.growth import advanced
from analyzer.protocols.perp_v2.logs.fold.ledger import MarketLedger
from analyzer.protocols.perp_v2.records import Config
from analyzer.protocols.perp_v2.windows import SHORTEST_TWAP_S, funding_clock

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
    timestamp, interval = funding_clock(market, config, block_time)
    elapsed = timestamp - market.last_settled_timestamp
    first = market.last_settled_timestamp == 0
    market.last_settled_timestamp = timestamp
    if not first and elapsed:
        market_x96 = _market_price_x96(market, interval, market_twap_e18)
        market.growth = advanced(
            market.growth,
            market_x96=market_x96,
            index_e18=index_twap_e18,
            seconds=elapsed,
            max_funding_rate=config.max_funding_rate,
            sqrt_price_x96=market.pool.sqrt_price_x96,
        )
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
