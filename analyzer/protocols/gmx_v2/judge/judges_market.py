"""What is asked about one market: its tokens, pool, profits, rates, and whether it is delevered."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from analyzer.protocols.base import Expected, Judge
from analyzer.protocols.gmx_v2.judge.judges import Bench, Values, market_props, price_props
from analyzer.protocols.gmx_v2.keys import name_hash
from analyzer.protocols.gmx_v2.settings import (
    DISABLED,
    FOR_ADL,
    FOR_DEPOSITS,
    FOR_TRADERS,
    FOR_WITHDRAWALS,
)
from analyzer.protocols.gmx_v2.value.borrowing import rate_per_second
from analyzer.protocols.gmx_v2.value.pool import Pool, distributed
from analyzer.protocols.kit.unreadable import Unreadable, attempt, known

_BOTH = (True, False)
_POOL = (
    "value",
    "long_pnl",
    "short_pnl",
    "net_pnl",
    "long_amount",
    "short_amount",
    "long_usd",
    "short_usd",
    "borrowing_fees",
    "borrowing_factor",
    "impact_pool",
    "lent_impact_pool",
)
PRICED_FOR = (FOR_DEPOSITS, FOR_WITHDRAWALS, FOR_TRADERS)
"""What a market token's price is asked for."""
_SIDES = ("long_by_long", "long_by_short", "short_by_long", "short_by_short")
MARKET_INFO = (
    "market.token",
    "market.index",
    "market.long",
    "market.short",
    "rates.borrowing_longs",
    "rates.borrowing_shorts",
    *(f"stored.fee_{side}" for side in _SIDES),
    *(f"stored.claimable_{side}" for side in _SIDES),
    "rates.longs_pay",
    "rates.funding",
    "rates.saved_funding",
    *(f"funding.fee_{side}" for side in _SIDES),
    *(f"funding.claimable_{side}" for side in _SIDES),
    "virtual.long_amount",
    "virtual.short_amount",
    "virtual.positions",
    "market.disabled",
)
"""`ReaderUtils.MarketInfo` in the view's order."""


def market_judges(bench: Bench, market: str) -> Iterator[Judge]:
    """Every view of the market; of one without prices only what is stored."""
    props = market_props(bench.state, market)
    fields = [f"market.{name}" for name in ("token", "index", "long", "short")]
    yield from bench.ask("getMarket", (market,), fields, props, market_id=market)
    yield from _distribution(bench, market)
    pool = attempt(lambda: bench.valuation.pool(market))
    if isinstance(pool, Unreadable):
        return
    yield from _info(bench, market, pool)
    yield from _profits(bench, market, pool)
    yield from _adl(bench, market, pool)
    yield from _token_prices(bench, market, pool)


def _distribution(bench: Bench, market: str) -> Iterator[Judge]:
    """What time has taken out of the impact pool."""
    found = bench.state.markets[market]
    values = attempt(lambda: distributed(bench.state, found))
    fields = ("impact_pool.distributed", "impact_pool.after")
    view = "getPendingPositionImpactPoolDistributionAmount"
    yield from bench.ask(view, (market,), fields, values, market_id=market)


def _info(bench: Bench, market: str, pool: Pool) -> Iterator[Judge]:
    """Rates and indexes."""
    args = (price_props(pool.prices), market)
    values = attempt(partial(_info_values, bench, market, pool))
    yield from bench.ask("getMarketInfo", args, MARKET_INFO, values, market_id=market)


def _info_values(bench: Bench, market: str, pool: Pool) -> tuple[Expected, ...]:
    """`MarketInfo`."""
    ledger, funding = pool.ledger, bench.valuation.funding(market)
    places = [(is_long, by) for is_long in _BOTH for by in _BOTH]

    def stored(name: str) -> tuple[int, ...]:
        return tuple(
            getattr(ledger.side(is_long), name).get(ledger.token(by), 0) for is_long, by in places
        )

    virtual = pool.market.virtual_id
    inventory: int | None = pool.state.virtual.get(virtual, 0) if isinstance(virtual, str) else 0
    in_tokens = pool.flag("USE_OPEN_INTEREST_IN_TOKENS_FOR_BALANCE")
    if in_tokens or isinstance(virtual, Unreadable):
        # The logs say it in index tokens then, and nothing here rebuilds what the view shows.
        inventory = None
    return (
        *market_props(bench.state, market),
        rate_per_second(pool, True),
        rate_per_second(pool, False),
        *stored("fee_per_size"),
        *stored("claimable_per_size"),
        funding.rate.longs_pay,
        funding.rate.per_second,
        funding.rate.saved,
        *(funding.fee.get(place, 0) for place in places),
        *(funding.claimable.get(place, 0) for place in places),
        *_shared_amounts(pool),
        inventory,
        bool(known(pool.market.settings[DISABLED])),
    )


def _shared_amounts(pool: Pool) -> tuple[int | None, int | None]:
    """The pool tokens' inventory that markets of the same tokens share; None where it was not read
    which one it is."""
    found = pool.market.virtual_market_id
    if isinstance(found, Unreadable):
        return None, None
    shared = pool.state.virtual_swaps.get(found, {}) if isinstance(found, str) else {}
    return shared.get("long", 0), shared.get("short", 0)


def _profits(bench: Bench, market: str, pool: Pool) -> Iterator[Judge]:
    """Profits of the sides, alone and with their open interest, and as a part of the pool."""
    props, index = market_props(bench.state, market), pool.prices.index
    for maximize in _BOTH:
        net = sum(pool.pnl(is_long, maximize) for is_long in _BOTH)
        fields, args = ("pool.net_pnl",), (props, index, maximize)
        yield from bench.ask("getNetPnl", args, fields, (net,), market_id=market)
        for is_long in _BOTH:
            yield from _profit(bench, market, pool, is_long, maximize)


def _profit(
    bench: Bench, market: str, pool: Pool, is_long: bool, maximize: bool
) -> Iterator[Judge]:
    """One side's profit at one bound."""
    pnl = pool.pnl(is_long, maximize)
    args = (market_props(bench.state, market), pool.prices.index, is_long, maximize)
    both = pnl + pool.open_interest(is_long)
    yield from bench.ask("getPnl", args, ("pool.pnl",), (pnl,), market_id=market)
    fields = ("pool.interest_pnl",)
    yield from bench.ask("getOpenInterestWithPnl", args, fields, (both,), market_id=market)
    fields = ("pool.pnl_factor",)
    factor = (market, price_props(pool.prices), is_long, maximize)
    values = attempt(partial(_to_pool, pool, is_long, maximize))
    yield from bench.ask("getPnlToPoolFactor", factor, fields, values, market_id=market)


def _to_pool(pool: Pool, is_long: bool, maximize: bool) -> tuple[int]:
    """A side's profit as a part of its pool."""
    return (pool.pnl_to_pool(is_long, maximize),)


def _adl(bench: Bench, market: str, pool: Pool) -> Iterator[Judge]:
    """Whether a side's profit is beyond what deleveraging begins at."""
    fields = [f"adl.{name}" for name in ("latest", "due", "pnl_factor", "most")]
    for is_long in _BOTH:
        values: Values = attempt(partial(_adl_values, pool, is_long))
        args = (market, is_long, price_props(pool.prices))
        yield from bench.ask("getAdlState", args, fields, values, market_id=market)


def _adl_values(pool: Pool, is_long: bool) -> tuple[Expected, ...]:
    """The state of deleveraging."""
    factor, most = pool.pnl_to_pool(is_long, True), pool.setting(FOR_ADL, is_long)
    looked = pool.ledger.side(is_long).adl_at
    return looked, factor > 0 and factor > most, factor, most


def _token_prices(bench: Bench, market: str, pool: Pool) -> Iterator[Judge]:
    """The market token's price and the pool's value behind it, at both bounds."""
    fields = ("token.price", *(f"pool.{name}" for name in _POOL))
    prices = pool.prices
    for kind in PRICED_FOR:
        for maximize in _BOTH:
            args = (
                market_props(bench.state, market),
                prices.index,
                prices.long,
                prices.short,
                name_hash(kind),
                maximize,
            )
            values = attempt(partial(_token_values, bench, market, kind, maximize))
            yield from bench.ask("getMarketTokenPrice", args, fields, values, market_id=market)


def _token_values(bench: Bench, market: str, kind: str, maximize: bool) -> tuple[Expected, ...]:
    """`MarketPoolValueInfo` with the price of the token before it."""
    found = bench.valuation.pool_value(market, kind, maximize)
    price = bench.valuation.pool(market).token_price(found.pool_value)
    return (
        price,
        found.pool_value,
        found.long_pnl,
        found.short_pnl,
        found.net_pnl,
        found.long_amount,
        found.short_amount,
        found.long_usd,
        found.short_usd,
        found.borrowing_fees,
        found.borrowing_factor,
        found.impact_pool,
        found.lent_impact_pool,
    )
