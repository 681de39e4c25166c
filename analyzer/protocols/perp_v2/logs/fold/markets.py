"""Market, pool and parameter events.

Source: `MarketRegistry.addPool`, `BaseToken.pause`/`close`, `Exchange.settleFunding`, `_swap`,
`OrderBook.replaySwap`, `addLiquidity`, `_removeLiquidity`; Uniswap V3 pool events.
"""

from __future__ import annotations

from analyzer.model.logs import Event
from analyzer.protocols.perp_v2.fixed_point import Q96
from analyzer.protocols.perp_v2.logs.fold.context import (
    BurnMove,
    FoldContext,
    SwapMove,
    integer,
    text,
)
from analyzer.protocols.perp_v2.logs.fold.ledger import MarketLedger, PoolLedger
from analyzer.protocols.perp_v2.logs.fold.replay import AmbiguousTwapError, settle_growth
from analyzer.protocols.perp_v2.records import MarketStatus

BITMAP_WORD_BITS = 8
"""A pool searches its next tick inside one word of 256 ticks, so each word may be a step."""


def _pool(context: FoldContext, address: str) -> PoolLedger:
    """The pool, created at its first event (its Initialize is older than its market)."""
    return context.ledger.pools.setdefault(address, PoolLedger(address))


def _pool_and_market(context: FoldContext, event: Event) -> tuple[PoolLedger, MarketLedger | None]:
    """The pool of a liquidity or swap event and its market, which must be known by then."""
    base = context.ledger.market_of_pool.get(event.address)
    if base is None:
        context.note("pool without market", event, f"{event.name} of pool {event.address}")
        return _pool(context, event.address), None
    return _pool(context, event.address), context.ledger.markets[base]


def on_pool_added(context: FoldContext, event: Event) -> None:
    """A new market: its base token, its pool and the pool's own fee."""
    base, address = text(event, "baseToken"), text(event, "pool")
    pool = _pool(context, address)
    context.ledger.markets[base] = MarketLedger(base, pool, integer(event, "feeRatio"))
    context.ledger.market_of_pool[address] = base


def on_status_updated(context: FoldContext, event: Event) -> None:
    """Open, paused or closed; a pause stops funding at its block's time."""
    market = context.market(event.address, event)
    if market is not None:
        market.status = MarketStatus(integer(event, "status"))
        if market.status == MarketStatus.PAUSED:
            market.paused_timestamp = event.time


def on_funding_updated(context: FoldContext, event: Event) -> None:
    """The global growth, replayed to the time of the settlement."""
    market = context.market(text(event, "baseToken"), event)
    if market is None:
        return
    try:
        settle_growth(
            market,
            context.ledger.config,
            block_time=event.time,
            market_twap_e18=integer(event, "marketTwap"),
            index_twap_e18=integer(event, "indexTwap"),
        )
    except AmbiguousTwapError as error:
        context.note("funding not replayed", event, f"{market.base_token}: {error}")


def on_initialize(context: FoldContext, event: Event) -> None:
    """The pool's first price."""
    pool = _pool(context, event.address)
    pool.sqrt_price_x96, pool.tick = integer(event, "sqrtPriceX96"), integer(event, "tick")


def on_mint(context: FoldContext, event: Event) -> None:
    """Gross liquidity at both ticks; a tick it initialises enters the growth-outside map."""
    pool, market = _pool_and_market(context, event)
    pool.minted[0] += integer(event, "amount0")
    pool.minted[1] += integer(event, "amount1")
    pool.mints += 1
    for name in ("tickLower", "tickUpper"):
        tick = integer(event, name)
        if pool.add_gross(tick, integer(event, "amount")) and market is not None:
            market.initialize_tick(tick)


def on_burn(context: FoldContext, event: Event) -> None:
    """Gross liquidity from both ticks; a tick without any leaves the growth-outside map."""
    pool, market = _pool_and_market(context, event)
    pool.burned[0] += integer(event, "amount0")
    pool.burned[1] += integer(event, "amount1")
    pool.burns += 1
    lower, upper = integer(event, "tickLower"), integer(event, "tickUpper")
    liquidity = integer(event, "amount")
    for tick in (lower, upper):
        if pool.remove_gross(tick, liquidity) and market is not None:
            market.outside.pop(tick, None)
    if market is not None:
        context.pending.burns[market.base_token] = BurnMove(lower, upper, liquidity)


def on_collect(context: FoldContext, event: Event) -> None:
    """Tokens that left the pool: burned liquidity and the pool's own fees."""
    pool, _ = _pool_and_market(context, event)
    pool.collected[0] += integer(event, "amount0")
    pool.collected[1] += integer(event, "amount1")


def on_swap(context: FoldContext, event: Event) -> None:
    """Price and tick after; every initialised tick between is crossed with the global growth.

    The first swap of a market is its first trade: the clock of its averages starts.
    """
    pool, market = _pool_and_market(context, event)
    amount0, amount1 = integer(event, "amount0"), integer(event, "amount1")
    pool.swapped[0] += amount0
    pool.swapped[1] += amount1
    tick = integer(event, "tick")
    crossed = pool.crossed(tick)
    words = abs((tick >> BITMAP_WORD_BITS) - (pool.tick >> BITMAP_WORD_BITS))
    pool.sqrt_price_x96, pool.tick = integer(event, "sqrtPriceX96"), tick
    if market is None:
        return
    for passed in crossed:
        market.cross_tick(passed)
    if market.first_traded_timestamp == 0:
        market.first_traded_timestamp = event.time
    rounding = integer(event, "liquidity") * Q96 // pool.sqrt_price_x96**2 + 1
    # Counted here and not with the trader's event: a swap whose trader is missing shows.
    net_base, net_quote = market.count_swap(amount0, amount1)
    context.pending.swaps[market.base_token] = SwapMove(
        net_base, net_quote, amount1 > 0, 1 + words + len(crossed), rounding
    )


def on_collateral_added(context: FoldContext, event: Event) -> None:
    """A token that the Vault takes beside the settlement token."""
    context.ledger.collateral_tokens.append(text(event, "token"))


def on_whitelisted_debt(context: FoldContext, event: Event) -> None:
    """A trader's own debt threshold for collateral liquidation."""
    thresholds = context.ledger.config.whitelisted_debt_threshold
    thresholds[text(event, "trader")] = integer(event, "whitelistedDebtThreshold")


PARAMETERS = {
    "LiquidationPenaltyRatioChanged": ("liquidation_penalty_ratio", "liquidationPenaltyRatio"),
    "MarkPriceMarketTwapIntervalChanged": ("mark_market_twap_interval_s", "twapInterval"),
    "MarkPricePremiumIntervalChanged": ("mark_premium_interval_s", "premiumInterval"),
    "MaxFundingRateChanged": ("max_funding_rate", "rate"),
    "MaxMarketsPerAccountChanged": ("max_markets_per_account", "maxMarketsPerAccount"),
    "SettlementTokenBalanceCapChanged": ("settlement_token_balance_cap", "cap"),
    "TwapIntervalChanged": ("twap_interval_s", "twapInterval"),
    "CLInsuranceFundFeeRatioChanged": ("cl_insurance_fund_fee_ratio", "clInsuranceFundFeeRatio"),
    "CollateralValueDustChanged": ("collateral_value_dust", "collateralValueDust"),
    "DebtNonSettlementTokenValueRatioChanged": (
        "debt_non_settlement_token_value_ratio",
        "debtNonSettlementTokenValueRatio",
    ),
    "DebtThresholdChanged": ("debt_threshold", "debtThreshold"),
    "LiquidationRatioChanged": ("collateral_liquidation_ratio", "liquidationRatio"),
    "MmRatioBufferChanged": ("collateral_mm_ratio_buffer", "mmRatioBuffer"),
}
"""Event -> (field of Config, argument that is its new value)."""


def on_parameter(context: FoldContext, event: Event) -> None:
    """A new value of one parameter."""
    field, argument = PARAMETERS[event.name]
    setattr(context.ledger.config, field, integer(event, argument))


def on_upgraded(context: FoldContext, event: Event) -> None:
    """The implementation that a proxy points to from now on. Of one that had run before, the logs
    so far were other code's, and were folded with the same rules."""
    ledger, implementation = context.ledger, text(event, "implementation")
    before = ledger.implementations.get(event.address)
    if event.address in context.ran and before != implementation:
        ledger.upgrades.setdefault(event.contract, []).append(event.block_number)
    ledger.implementations[event.address] = implementation
