"""What one market needs beside its logs: pool price and averages, index prices, status, growth."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.integers import to_int256
from analyzer.model.reads import Reading
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.perp_v2.deployments import ABI_FOLDER
from analyzer.protocols.perp_v2.logs.fold.ledger import MarketLedger, PerpLedger
from analyzer.protocols.perp_v2.records import Config, FundingGrowth, MarketStatus, TickGrowth
from analyzer.protocols.perp_v2.state import slots
from analyzer.protocols.perp_v2.state.state import MarketState
from analyzer.protocols.perp_v2.windows import needed_index_intervals, needed_windows


@dataclass(slots=True)
class MarketReading:
    """One market as read at the block.

    state: everything that margin needs; growth and growth_outside as storage has them. problem:
    why the market cannot be valued (then whoever is in it is unknown). slots_read: whether the
    funding words of storage were read; pool_balances: (base, quote) tokens the pool holds.
    """

    state: MarketState
    problem: Unreadable | None = None
    growth_read: bool = False
    outside: dict[int, TickGrowth | Unreadable] = field(default_factory=dict)
    fee_growth: int | Unreadable = 0
    pool_balances: tuple[int | None, int | None] = (None, None)
    pool_liquidity: int | None = None


_STATUS_CALLS = (
    "isPaused",
    "isClosed",
    "getPausedTimestamp",
    "getPausedIndexPrice",
    "getPriceFeed",
)
_EXCHANGE_SLOTS = (
    ("first_traded", slots.EXCHANGE_FIRST_TRADED, 0),
    ("last_settled", slots.EXCHANGE_LAST_SETTLED, 0),
    ("premium", slots.EXCHANGE_GROWTH, 0),
    ("premium_over_sqrt", slots.EXCHANGE_GROWTH, 1),
)


def read_markets(
    deployment: Deployment,
    ledger: PerpLedger,
    block: BlockRef,
    *,
    config: Config,
    quote_token: str | None,
) -> Reading[dict[str, MarketReading]]:
    """Every market of the registry, in the order in which they were added."""
    batch = Batch(ABI_FOLDER)
    asked = {
        base: _ask(batch, deployment, market, quote_token)
        for base, market in ledger.markets.items()
    }
    replies = yield from batch.read()
    readings = {
        base: _first(replies, asked[base], market) for base, market in ledger.markets.items()
    }
    averages = Batch(ABI_FOLDER)
    later = {
        base: _ask_averages(averages, reading.state, block, config)
        for base, reading in readings.items()
    }
    second = yield from averages.read()
    for base, reading in readings.items():
        _second(second, later[base], reading)
    return readings


def _ask(
    batch: Batch, deployment: Deployment, market: MarketLedger, quote_token: str | None
) -> dict[str, Ticket]:
    """Everything that depends on no other answer; keys are ours."""
    base, pool = market.base_token, market.pool.address
    exchange, book = deployment.contracts["exchange"], deployment.contracts["order_book"]
    registry = deployment.contracts["market_registry"]
    asked = {name: batch.call("BaseToken", base, name, about=base) for name in _STATUS_CALLS}
    asked["slot0"] = batch.call("UniswapV3Pool", pool, "slot0", about=base)
    asked["symbol"] = batch.call("BaseToken", base, "symbol", about=base, evidence=True)
    asked["liquidity"] = batch.call("UniswapV3Pool", pool, "liquidity", about=base, evidence=True)
    asked["info"] = batch.call("MarketRegistry", registry, "getMarketInfo", base, about=base)
    asked["held_base"] = batch.call("ERC20", base, "balanceOf", pool, about="pool", evidence=True)
    if quote_token is not None:
        asked["held_quote"] = batch.call(
            "ERC20", quote_token, "balanceOf", pool, about="pool", evidence=True
        )
    for name, slot, word in _EXCHANGE_SLOTS:
        key = slots.of(slot, base) + word
        asked[name] = batch.slot(exchange, key, f"Exchange.{name}", base)
    key = slots.of(slots.ORDER_BOOK_FEE_GROWTH, base)
    asked["fee_growth"] = batch.slot(book, key, "OrderBook.feeGrowthGlobal", base)
    for tick in market.pool.ticks:
        first = slots.of(slots.ORDER_BOOK_GROWTH_OUTSIDE, base, tick)
        for word in range(3):
            name = f"tick {tick} {word}"
            asked[name] = batch.slot(book, first + word, "OrderBook.growthOutside", name)
    return asked


def _first(replies: Replies, asked: dict[str, Ticket], market: MarketLedger) -> MarketReading:
    """A market from the first batch; the first thing missing is its problem."""
    state = MarketState(market.base_token, market.base_token, market.pool.address)
    # The pool's own logs say its price too; what was not read makes the market's accounts unknown.
    state.sqrt_price_x96, state.tick = market.pool.sqrt_price_x96, market.pool.tick
    reading = MarketReading(state, fee_growth=replies.word(asked["fee_growth"]))
    problems: list[Unreadable] = []

    def number(name: str) -> int:
        value = replies.number(asked[name])
        if isinstance(value, Unreadable):
            problems.append(value)
            return 0
        return value

    symbol, feed = replies.text(asked["symbol"]), replies.text(asked["getPriceFeed"])
    state.symbol = market.base_token if isinstance(symbol, Unreadable) else symbol
    state.feed = "" if isinstance(feed, Unreadable) else feed
    paused, closed = number("isPaused"), number("isClosed")
    state.status = (
        MarketStatus.CLOSED if closed else MarketStatus.PAUSED if paused else MarketStatus.OPEN
    )
    state.paused_timestamp = number("getPausedTimestamp")
    state.paused_index_price_e18 = number("getPausedIndexPrice")
    _set_pool(replies, asked, state, problems)
    _set_info(replies, asked, state)
    _set_growth(replies, asked, reading, market)
    reading.pool_balances = (
        replies.optional(asked["held_base"]),
        replies.optional(asked["held_quote"]) if "held_quote" in asked else None,
    )
    reading.pool_liquidity = replies.optional(asked["liquidity"])
    reading.problem = problems[0] if problems else None
    return reading


def _set_pool(
    replies: Replies, asked: dict[str, Ticket], state: MarketState, problems: list[Unreadable]
) -> None:
    """slot0's price and tick."""
    slot0 = replies.values(asked["slot0"])
    if isinstance(slot0, Unreadable):
        problems.append(slot0)
        return
    price, tick = slot0[:2]
    if isinstance(price, int) and isinstance(tick, int):
        state.sqrt_price_x96, state.tick = price, tick


def _set_info(replies: Replies, asked: dict[str, Ticket], state: MarketState) -> None:
    """Fee ratios and price band: shown, and needed by no margin number."""
    info = replies.value(asked["info"])
    if isinstance(info, tuple):
        (
            _,
            state.exchange_fee_ratio,
            state.uniswap_fee_ratio,
            state.insurance_fund_fee_ratio,
            state.max_price_spread_ratio,
        ) = info


def _set_growth(
    replies: Replies, asked: dict[str, Ticket], reading: MarketReading, market: MarketLedger
) -> None:
    """Funding and fee growth as storage has them; the fold's where storage was not read."""
    state = reading.state
    stored = [replies.word(asked[name]) for name, _, _ in _EXCHANGE_SLOTS]
    read = [word for word in stored if not isinstance(word, Unreadable)]
    if len(read) == len(stored):
        first_traded, last_settled, premium, over_sqrt = read
        state.first_traded_timestamp, state.last_settled_timestamp = first_traded, last_settled
        state.growth = FundingGrowth(to_int256(premium), to_int256(over_sqrt))
        reading.growth_read = True
    else:
        state.first_traded_timestamp = market.first_traded_timestamp
        state.last_settled_timestamp = market.last_settled_timestamp
        state.growth = market.growth
    for tick in market.pool.ticks:
        reading.outside[tick] = _outside(
            [replies.word(asked[f"tick {tick} {w}"]) for w in range(3)]
        )


def _outside(words: list[int | Unreadable]) -> TickGrowth | Unreadable:
    """One entry of the growth-outside map: the fee unsigned, the others signed."""
    read = [word for word in words if not isinstance(word, Unreadable)]
    if len(read) < len(words):
        return next(word for word in words if isinstance(word, Unreadable))
    fee, premium, over_sqrt = read
    return TickGrowth(fee, to_int256(premium), to_int256(over_sqrt))


def _ask_averages(
    batch: Batch, state: MarketState, block: BlockRef, config: Config
) -> dict[str, dict[int, Ticket] | Ticket]:
    """Pool observations and index prices, one read each: one that refuses takes no other along."""
    windows = needed_windows(state, config, block.time)
    intervals = needed_index_intervals(state, config, block.time)
    asked: dict[str, dict[int, Ticket] | Ticket] = {
        "ticks": {
            ago: batch.call(
                "UniswapV3Pool", state.pool, "observe", (ago,), about=f"{state.symbol}, {ago} s ago"
            )
            for ago in sorted(windows)
        },
        "index": {
            interval: batch.call(
                "BaseToken",
                state.base_token,
                "getIndexPrice",
                interval,
                about=f"{state.symbol}, {interval}",
            )
            for interval in sorted(intervals)
        },
    }
    if state.status == MarketStatus.CLOSED:
        asked["closed"] = batch.call(
            "BaseToken", state.base_token, "getClosedPrice", about=state.symbol
        )
    return asked


def _cumulative(replies: Replies, ticket: Ticket) -> int | Unreadable:
    """The one tick cumulative of an `observe`."""
    value = replies.value(ticket)
    if isinstance(value, Unreadable):
        return value
    if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], int):
        return value[0]
    return Unreadable(ticket.what, "does not answer with one observation", True)


def _second(
    replies: Replies, asked: dict[str, dict[int, Ticket] | Ticket], reading: MarketReading
) -> None:
    """Fills in the averages, index prices and closing price."""
    ticks, index, closed = asked["ticks"], asked["index"], asked.get("closed")
    if isinstance(ticks, dict):
        for ago, ticket in ticks.items():
            reading.state.tick_cumulatives[ago] = _cumulative(replies, ticket)
    if isinstance(index, dict):
        for interval, ticket in index.items():
            reading.state.index_price_e18[interval] = replies.number(ticket)
    if isinstance(closed, Ticket):
        price = replies.number(closed)
        if isinstance(price, Unreadable):
            reading.problem = reading.problem or price
        else:
            reading.state.closed_price_e18 = price
