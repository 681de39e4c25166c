"""The prices that Perp V2 values accounts at, from pool observations, feeds and parameters.

A number that cannot be had raises `UnreadableNumberError` inside this folder; at its edge it
becomes an `Unreadable` or an unknown account, with the reason.
Source: `UniswapV3Broker.sol`, `AccountBalance.sol`, `BaseToken.sol`, `CollateralManager.sol`.
"""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.model.book import Book, Price, Prices
from analyzer.model.integers import WAD, trunc_div
from analyzer.protocols.kit.price_age import SourceTime, doubts_of, status_of
from analyzer.protocols.kit.ticks import sqrt_ratio_at_tick
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError
from analyzer.protocols.perp_v2.fixed_point import (
    convert_decimals,
    median_of_three,
    price_e18_from_sqrt,
)
from analyzer.protocols.perp_v2.records import Config, MarketStatus
from analyzer.protocols.perp_v2.state.state import (
    POOL_AVERAGE,
    CollateralState,
    MarketState,
    PerpState,
    state_of,
)
from analyzer.protocols.perp_v2.windows import (
    COLLATERAL_TWAP_S,
    MARK_SHORT_WINDOW_S,
    SHORTEST_TWAP_S,
)

UNUSABLE = ("stale", "invalid", "missing")
"""Statuses of a price at which nothing is valued: it is old, or there is none."""


def usable(price: Price) -> bool:
    """Whether accounts may be valued at this price."""
    return price.price_e18 is not None and price.status not in UNUSABLE


def _read(values: Mapping[int, int | Unreadable], key: int, what: str) -> int:
    """The read number under `key`. Raises: UnreadableNumberError when it is not one."""
    value = values.get(key)
    if value is None:
        raise UnreadableNumberError(Unreadable(what, "was not read"))
    if isinstance(value, Unreadable):
        raise UnreadableNumberError(value)
    return value


def market_sqrt_twap_x96(market: MarketState, *, seconds_ago: int, interval: int) -> int:
    """The pool's time-weighted sqrt price X96 over `interval` seconds ending `seconds_ago`.

    Below 10 seconds the present price, whatever `seconds_ago` is. The mean tick is truncated
    toward zero (Uniswap's own library would round it down).
    Raises: UnreadableNumberError when the pool has no observation that old.
    """
    if interval < SHORTEST_TWAP_S:
        return market.sqrt_price_x96
    label = f"UniswapV3Pool.observe({market.symbol}, {{}} s ago)"
    start = seconds_ago + interval
    older = _read(market.tick_cumulatives, start, label.format(start))
    newer = _read(market.tick_cumulatives, seconds_ago, label.format(seconds_ago))
    return sqrt_ratio_at_tick(trunc_div(newer - older, interval))


def index_price_e18(market: MarketState, interval: int) -> int:
    """BaseToken's index price over `interval` seconds, 18 decimals; the price of the pause when
    the market is not open. Raises: UnreadableNumberError when the feed gives none."""
    if market.status != MarketStatus.OPEN:
        return market.paused_index_price_e18
    return _read(
        market.index_price_e18, interval, f"BaseToken.getIndexPrice({market.symbol}, {interval})"
    )


def _check_read(market: MarketState) -> None:
    """Sees that everything which prices the market was read: what was not is no zero.

    Raises: UnreadableNumberError with the market's problem; never as a revert, because the view
    that is compared may have answered all the same.
    """
    if market.problem is not None:
        raise UnreadableNumberError(Unreadable(market.problem.what, market.problem.reason))


def contract_mark_price_e18(market: MarketState, config: Config) -> int:
    """AccountBalance.getMarkPrice, 18 decimals: the median of the 15 s and the long market
    average and of the index plus the premium. It ignores the market's status.

    Raises: UnreadableNumberError when an input is missing, or when index plus premium is
    negative (the contract's cast to uint256 reverts).
    """
    _check_read(market)
    short, long, premium_market = (
        price_e18_from_sqrt(market_sqrt_twap_x96(market, seconds_ago=0, interval=interval))
        for interval in (
            MARK_SHORT_WINDOW_S,
            config.mark_market_twap_interval_s,
            config.mark_premium_interval_s,
        )
    )
    premium = premium_market - index_price_e18(market, config.mark_premium_interval_s)
    index_with_premium = index_price_e18(market, 0) + premium
    if index_with_premium < 0:
        what = f"AccountBalance.getMarkPrice({market.symbol})"
        raise UnreadableNumberError(Unreadable(what, "SafeCast: value must be positive", True))
    return median_of_three(short, long, index_with_premium)


def contract_reference_price_e18(market: MarketState, config: Config) -> int:
    """The price that positions are valued at: mark while open, the index price of the pause
    while paused, the closing price once closed; 18 decimals.

    Raises: UnreadableNumberError as `contract_mark_price_e18`.
    """
    _check_read(market)
    if market.status == MarketStatus.OPEN:
        return contract_mark_price_e18(market, config)
    if market.status == MarketStatus.CLOSED:
        return market.closed_price_e18
    return market.paused_index_price_e18


def mark_price(market: MarketState, config: Config) -> int | Unreadable:
    """`contract_mark_price_e18`, with an Unreadable instead of an exception."""
    try:
        return contract_mark_price_e18(market, config)
    except UnreadableNumberError as error:
        return error.unreadable


def reference_price(market: MarketState, config: Config) -> int | Unreadable:
    """`contract_reference_price_e18`, with an Unreadable instead of an exception."""
    try:
        return contract_reference_price_e18(market, config)
    except UnreadableNumberError as error:
        return error.unreadable


def collateral_price(token: CollateralState) -> int:
    """CollateralManager.getPrice(token, 900) in the feed's decimals.

    Raises: UnreadableNumberError when it reverted or was not read.
    """
    if isinstance(token.price, Unreadable):
        raise UnreadableNumberError(token.price)
    return token.price


FREEZE_REASONS = {
    1: "the aggregator does not answer",
    2: "the aggregator's decimals changed",
    3: "the aggregator has no round",
    4: "the aggregator's time is not valid",
    5: "the aggregator's answer is not positive",
}
"""ChainlinkPriceFeedV3's own reasons for not taking the aggregator's answer."""


def _feed_status(holder: MarketState | CollateralState, block_time: int) -> tuple[str, str]:
    """(status, detail) of a price that a feed gives.

    A feed that is frozen or beyond its own time-out is not to be used. What is only old by our
    measure, or by what the aggregator says of its round, is said; the contract uses the price.
    """
    frozen, time, timeout_s = (
        holder.feed_frozen_reason,
        holder.feed_time,
        holder.feed_timeout_s,
    )
    if frozen:
        reason = FREEZE_REASONS.get(frozen, f"reason {frozen}")
        return "invalid", f"the feed is frozen: {reason}; the contract goes on with an older price"
    if time is not None and timeout_s is not None and time + timeout_s < block_time:
        age = block_time - time
        return "stale", f"the feed's last valid answer is {age} s old (its limit {timeout_s} s)"
    if holder.feed_source == POOL_AVERAGE:
        return "fresh", POOL_AVERAGE.why
    doubts = doubts_of(holder.feed_source, block_time)
    said = SourceTime(time) if time is not None else holder.feed_source
    status, detail = status_of(said, block_time, timeout_s)
    if status == "stale":
        doubts.append(f"{detail}: old, and within what its feed allows")
    elif status == "doubtful" and not doubts:
        doubts.append(detail)
    return ("doubtful", "; ".join(doubts)) if doubts else (status, detail)


def _dated(holder: MarketState | CollateralState) -> int | None:
    """The time of the latest answer: the feed's own, else its aggregator's."""
    own = holder.feed_time
    return holder.feed_source.updated_at if own is None else own


def _market_price(state: PerpState, market: MarketState, factor: str) -> Price:
    """The reference price of one market with its status."""
    value = reference_price(market, state.config)
    source = {
        MarketStatus.OPEN: "AccountBalance mark: median of market 15 s, market long, index+premium",
        MarketStatus.PAUSED: "BaseToken paused index price",
        MarketStatus.CLOSED: "BaseToken closed price",
    }[market.status]
    updated_at = _dated(market)
    if isinstance(value, Unreadable):
        status, detail, price = "missing", f"{value.what}: {value.reason}", None
    elif market.status != MarketStatus.OPEN:
        status, detail, price = "fixed", f"market {market.status.name.lower()}", value
        updated_at = market.paused_timestamp
    else:
        status, detail = _feed_status(market, state.block_time)
        price = None if status == "invalid" else value
    return Price(
        market.base_token, market.symbol, factor, price, status, source, updated_at, detail
    )


def _collateral_price(state: PerpState, token: CollateralState, factor: str) -> Price:
    """The reference price of one collateral token with its status; never 0."""
    source = f"CollateralManager.getPrice, {COLLATERAL_TWAP_S} s"
    price: int | None = None
    if isinstance(token.price, Unreadable):
        status, detail = "missing", f"{token.price.what}: {token.price.reason}"
    elif token.price == 0:
        status, detail = "invalid", "the feed's price is 0"
    else:
        status, detail = _feed_status(token, state.block_time)
        if status != "invalid":
            price = convert_decimals(token.price, token.feed_decimals, 18)
    return Price(token.token, token.symbol, factor, price, status, source, _dated(token), detail)


def prices(book: Book) -> Prices:
    """The protocol's reference prices, and the settlement token, which is the unit."""
    state, factors = state_of(book), {asset.asset_id: asset.factor for asset in book.assets}
    unit = Price(
        state.settlement_token,
        state.settlement_symbol,
        factors[state.settlement_token],
        WAD,
        "fixed",
        "unit of account: the Vault counts its settlement token at 1",
    )
    return Prices({unit.asset_id: unit, **reference_prices(state, factors).by_asset})


def reference_prices(state: PerpState, factors: Mapping[str, str] | None = None) -> Prices:
    """Every market's and every token's price at the block, 18 decimals of the settlement unit.

    `factors`: asset id -> risk factor; an asset that it does not name gets its symbol.
    Status `stale` keeps the price (the contract goes on using it); `missing` and `invalid` have
    none.
    """
    names = factors or {}
    settlement = state.settlement_token
    out = {
        settlement: Price(
            settlement,
            state.settlement_symbol,
            names.get(settlement, state.settlement_symbol),
            WAD,
            "fixed",
            "the Vault counts the settlement token as 1",
        )
    }
    for base, market in state.markets.items():
        out[base] = _market_price(state, market, names.get(base, market.symbol))
    for address, token in state.collateral.items():
        out[address] = _collateral_price(state, token, names.get(address, token.symbol))
    return Prices(out)
