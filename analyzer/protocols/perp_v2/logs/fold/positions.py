"""ClearingHouse events: taker positions, maker orders, funding snapshots.

Order of events inside one transaction, which decides what is known when:

    open, close    [FundingUpdated] [FundingPaymentSettled] Swap PositionChanged
    addLiquidity   [FundingUpdated] [FundingPaymentSettled] Mint LiquidityChanged
    removeLiquidity                 ...  Burn PositionChanged LiquidityChanged
    cancelExcessOrders, quitMarket  ... (Burn LiquidityChanged)* PositionChanged [PositionClosed]
    liquidate                       ...  PositionChanged (trader) PositionChanged (liquidator)

A record is deleted inside the contract before PositionChanged is emitted, so in removeLiquidity
the order must go when its Burn is followed by PositionChanged, not when LiquidityChanged comes.
Source: `ClearingHouse.sol`, `AccountBalance._deregisterBaseToken`, `OrderBook._removeOrder`.
"""

from __future__ import annotations

from analyzer.abi.keccak import address_bytes, keccak
from analyzer.model.logs import Event
from analyzer.protocols.perp_v2.logs.fold.context import (
    BurnMove,
    FoldContext,
    SwapMove,
    integer,
    settle,
    swap_remove,
    text,
)
from analyzer.protocols.perp_v2.logs.fold.ledger import MarketLedger
from analyzer.protocols.perp_v2.records import AccountMarket, Order

DUST_WEI = 10
"""AccountBalance's dust: sizes and notionals below it count as nothing."""

EXACT_OUTPUT_TOLERANCE_WEI = DUST_WEI - 1
"""UniswapV3Broker books the requested output when the pool's own differs by less than 10 wei."""


def order_id(trader: str, base_token: str, lower_tick: int, upper_tick: int) -> str:
    """OrderBook's id of a maker range: keccak of trader, base token and ticks, packed."""
    ticks = b"".join(tick.to_bytes(3, "big", signed=True) for tick in (lower_tick, upper_tick))
    return "0x" + keccak(address_bytes(trader) + address_bytes(base_token) + ticks).hex()


def on_funding_payment_settled(context: FoldContext, event: Event) -> None:
    """The account's snapshots in this market are the global growth now; PnlRealized has the
    payment itself."""
    base = text(event, "baseToken")
    entry = context.account(text(event, "trader"), event)
    market, record = context.market(base, event), entry.account.markets.get(base)
    if market is not None and record is not None:
        settle(record, market)


def on_position_changed(context: FoldContext, event: Event) -> None:
    """Taker size and open notional; then the record is deleted if nothing is left in it."""
    trader, base = text(event, "trader"), text(event, "baseToken")
    entry, market = context.account(trader, event), context.market(base, event)
    if market is None:
        return
    entry.markets.add(base)
    record = entry.account.markets.setdefault(base, AccountMarket())
    burn = context.pending.burns.get(base)
    if burn is not None and not burn.applied:
        _shrink_order(context, event, market, record, burn)
        context.pending.removed.add(base)
        burn.applied = True
    settle(record, market)
    size, notional = (
        integer(event, "exchangedPositionSize"),
        integer(event, "exchangedPositionNotional"),
    )
    fee, pnl = integer(event, "fee"), integer(event, "realizedPnl")
    record.taker_position_size += size
    record.taker_open_notional += notional - fee - pnl
    market.takers.fees += fee
    market.takers.realized_pnl += pnl
    _count_change(context, market, size, notional)
    deleted = _delete_if_empty(entry.account.markets, market, record)
    expected = 0 if deleted else record.taker_open_notional
    if integer(event, "openNotional") != expected:
        shown = integer(event, "openNotional")
        context.note("open notional", event, f"{trader}: {shown} in the event, {expected} rebuilt")


def _delete_if_empty(
    records: dict[str, AccountMarket], market: MarketLedger, record: AccountMarket
) -> bool:
    """Deletes a record of dust without orders, as the contract does after every taker change."""
    size, notional = record.taker_position_size, record.taker_open_notional
    if abs(size) >= DUST_WEI or abs(notional) >= DUST_WEI or record.orders:
        return False
    swap_remove(records, market.base_token)
    market.takers.dust_base += size
    market.takers.dust_quote += notional
    market.takers.deleted_records += 1
    return True


def _count_change(context: FoldContext, market: MarketLedger, size: int, notional: int) -> None:
    """Adds a taker change to the totals of its kind: trade, released by a maker, liquidation."""
    pending, base = context.pending, market.base_token
    swap = pending.swaps.pop(base, None)
    if swap is not None:
        _count_trade(market, swap, size, notional)
    elif base in pending.removed:
        pending.removed.discard(base)
        market.takers.released_base += size
        market.takers.released_quote += notional
    else:
        market.takers.liquidation_base += size
        market.takers.liquidation_quote += notional


def _count_trade(market: MarketLedger, swap: SwapMove, size: int, notional: int) -> None:
    """What the taker booked against what the pool moved, with the roundings of this trade.

    A trade whose two sides are equal is allowed nothing. Base differs only where an exact-output
    trade's request differs from the pool's own output. Quote also where a long's input was
    scaled by fee ratios, its fee summed over the pool's steps, each rounded.
    """
    totals = market.swaps
    totals.trades += 1
    totals.position_allowed += 2 * swap.roundings + swap.price_rounding
    if size + swap.net_base:
        totals.rounded_base += 1
        totals.base_allowed += EXACT_OUTPUT_TOLERANCE_WEI
        totals.position_allowed += EXACT_OUTPUT_TOLERANCE_WEI
    if notional + swap.net_quote:
        totals.rounded_quote += 1
        totals.quote_allowed += swap.roundings + 2 if swap.came_in else EXACT_OUTPUT_TOLERANCE_WEI


def on_liquidity_changed(context: FoldContext, event: Event) -> None:
    """A maker range grows by the event's amounts, or shrinks by its share of the debts."""
    maker, base = text(event, "maker"), text(event, "baseToken")
    entry, market = context.account(maker, event), context.market(base, event)
    if market is None:
        return
    entry.markets.add(base)
    if integer(event, "liquidity") > 0:
        record = entry.account.markets.setdefault(base, AccountMarket())
        _grow_order(context, event, market, record)
        return
    burn = context.pending.burns.pop(base, None)
    found = entry.account.markets.get(base)
    if burn is None:
        context.note("removal without burn", event, f"{maker} in {base}")
    elif found is not None and not burn.applied:
        _shrink_order(context, event, market, found, burn)
        settle(found, market)
        context.pending.removed.add(base)


def _grow_order(
    context: FoldContext, event: Event, market: MarketLedger, record: AccountMarket
) -> None:
    """Adds liquidity; a new order starts with the growths of this moment."""
    maker = text(event, "maker")
    key = (integer(event, "lowerTick"), integer(event, "upperTick"))
    if key not in record.orders:
        record.orders[key] = Order(order_id(maker, market.base_token, *key), *key)
    order = record.orders[key]
    order.liquidity += integer(event, "liquidity")
    order.base_debt += integer(event, "base")
    order.quote_debt += integer(event, "quote")
    settle(record, market)


def _shrink_order(
    context: FoldContext, event: Event, market: MarketLedger, record: AccountMarket, burn: BurnMove
) -> None:
    """Takes liquidity and the floored share of both debts; an order without liquidity goes."""
    key = (burn.lower_tick, burn.upper_tick)
    order = record.orders.get(key)
    if order is None:
        if burn.liquidity:
            context.note("unknown order", event, f"range {key} in {market.base_token}")
        return
    order.base_debt -= order.base_debt * burn.liquidity // order.liquidity
    order.quote_debt -= order.quote_debt * burn.liquidity // order.liquidity
    order.liquidity -= burn.liquidity
    if order.liquidity == 0:
        swap_remove(record.orders, key)


def on_position_closed(context: FoldContext, event: Event) -> None:
    """A position in a closed market is settled at its closing price: the record goes.

    PnlRealized carries the result.
    """
    trader, base = text(event, "trader"), text(event, "baseToken")
    entry, market = context.account(trader, event), context.market(base, event)
    if market is None:
        return
    record = entry.account.markets.get(base)
    if record is None:
        context.note("unknown position", event, f"{trader} in {base}")
        return
    swap_remove(entry.account.markets, base)
    market.takers.closed_base += record.taker_position_size
    market.takers.closed_quote += record.taker_open_notional
    market.takers.closed_positions += 1


def on_position_liquidated(context: FoldContext, event: Event) -> None:
    """Nothing more than was in the changes of both sides; counted."""
    context.account(text(event, "trader"), event)
    context.ledger.liquidations += 1
