"""The fold against storage, account by account, and what storage alone knows.

Balances, sizes, notionals, debts and owed PnL stay as the logs say them; a difference is counted
and shown, never patched. Funding snapshots are taken from storage where it was read, because a
settlement whose payment truncates to 0 emits nothing: such a silent change is recognised (storage
holds the market's growth of a later settlement, and the payment between the two is nothing) and
counted on its own. Fee growth is in storage only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from analyzer.model.integers import mul_div
from analyzer.protocols.base import SilentChange
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.perp_v2.fixed_point import Q96
from analyzer.protocols.perp_v2.growth import FUNDING_PERIOD_S, order_owes, snapshots
from analyzer.protocols.perp_v2.logs.fold.ledger import AccountLedger, MarketLedger, Settlements
from analyzer.protocols.perp_v2.records import Account, AccountMarket, Order, TickGrowth
from analyzer.protocols.perp_v2.state.evidence import Evidence
from analyzer.protocols.perp_v2.state.observe.markets import MarketReading
from analyzer.protocols.perp_v2.state.observe.storage import AccountWords, MarketWords
from analyzer.protocols.perp_v2.state.state import MarketState

SILENT_FUNDING = "funding_settled_without_event"


def _check(evidence: Evidence, what: str, rebuilt: int, stored: int | Unreadable, at: str) -> bool:
    """Compares one number; True only when it was read and is equal."""
    comparison = evidence.comparison(what)
    if isinstance(stored, Unreadable):
        comparison.not_read += 1
        return False
    return comparison.add(rebuilt, stored, at)


def merge_account(
    evidence: Evidence,
    entry: AccountLedger,
    words: AccountWords,
    *,
    settlement_token: str,
    decimals: int,
    settlements: Mapping[str, Settlements],
) -> tuple[Account, Unreadable | None]:
    """The account as the book holds it, and why its numbers are not known, if they are not.
    settlements: of each market."""
    old, address = entry.account, entry.account.address
    balances = {settlement_token: entry.settlement_balance(decimals)} | old.balances
    for token, stored in words.balances.items():
        what = "settlement balance" if token == settlement_token else "token balance"
        _check(evidence, what, balances.get(token, 0), stored, f"{address} {token}")
    _check(evidence, "owed realized PnL", old.owed_realized_pnl, words.owed, address)
    _check(evidence, "registered markets", len(old.markets), words.market_count, address)
    markets: dict[str, AccountMarket] = {}
    missing: list[Unreadable] = []
    for base in sorted(entry.markets - old.markets.keys()):
        _check_record(evidence, AccountMarket(), words.markets[base], f"{address} {base}")
    for base, record in old.markets.items():
        merged, why = _merge_record(evidence, address, base, record, words, settlements[base])
        markets[base] = merged
        missing += why
    account = replace(old, balances=balances, markets=markets)
    return account, missing[0] if missing else None


def _check_record(evidence: Evidence, record: AccountMarket, words: MarketWords, at: str) -> bool:
    """Size, notional and number of orders; True when the record's layout is confirmed."""
    size = _check(evidence, "taker size", record.taker_position_size, words.size, at)
    notional = _check(evidence, "open notional", record.taker_open_notional, words.notional, at)
    _check(evidence, "open orders", len(record.orders), words.orders, at)
    return size and notional


def _merge_record(
    evidence: Evidence,
    address: str,
    base: str,
    record: AccountMarket,
    words: AccountWords,
    settlements: Settlements,
) -> tuple[AccountMarket, list[Unreadable]]:
    """One market of an account: the fold's numbers, storage's snapshots."""
    stored, at = words.markets[base], f"{address} {base}"
    confirmed = _check_record(evidence, record, stored, at)
    growth = stored.growth
    orders, missing = _stored_orders(evidence, record, words, at)
    if isinstance(growth, Unreadable):
        evidence.comparison("funding snapshot").not_read += 1
        return replace(record, orders=orders), [growth, *missing]
    silent = not missing and _is_silent(settlements, record, growth, orders)
    _count_snapshots(evidence, record, growth, orders, silent=silent, at=at)
    if silent:
        evidence.silent_changes.append(
            SilentChange(
                SILENT_FUNDING,
                address,
                base,
                f"snapshot {record.last_tw_premium_growth_global_x96} by logs, {growth} stored",
            )
        )
    if not (confirmed or silent):
        growth = record.last_tw_premium_growth_global_x96
    merged = replace(record, last_tw_premium_growth_global_x96=growth, orders=orders)
    return merged, missing


def _stored_orders(
    evidence: Evidence, record: AccountMarket, words: AccountWords, at: str
) -> tuple[dict[tuple[int, int], Order], list[Unreadable]]:
    """The orders: debts and liquidity of the fold, growths of storage where its order is ours."""
    out: dict[tuple[int, int], Order] = {}
    missing: list[Unreadable] = []
    for key, order in record.orders.items():
        stored = words.orders[order.order_id]
        out[key] = order
        if isinstance(stored, Unreadable):
            evidence.comparison("order").not_read += 1
            missing.append(stored)
            continue
        ours = (*key, order.liquidity, order.base_debt, order.quote_debt)
        theirs = (
            stored.lower_tick,
            stored.upper_tick,
            stored.liquidity,
            stored.base_debt,
            stored.quote_debt,
        )
        if evidence.comparison("order").add(ours, theirs, f"{at} {order.order_id}"):
            out[key] = stored
    return out, missing


def _count_snapshots(
    evidence: Evidence,
    record: AccountMarket,
    growth: int,
    orders: dict[tuple[int, int], Order],
    *,
    silent: bool,
    at: str,
) -> None:
    """Counts the record's own snapshot and those of its orders."""
    pairs: list[tuple[str, object, object]] = [
        ("funding snapshot", record.last_tw_premium_growth_global_x96, growth)
    ]
    for key, order in orders.items():
        if order is not record.orders[key]:
            pairs.append(
                ("order funding snapshot", snapshots(record.orders[key]), snapshots(order))
            )
    for what, rebuilt, stored in pairs:
        if silent and rebuilt != stored:
            evidence.comparison(what).add_silent()
        else:
            evidence.comparison(what).add(rebuilt, stored, at)


def _is_silent(
    settlements: Settlements,
    record: AccountMarket,
    growth: int,
    orders: dict[tuple[int, int], Order],
) -> bool:
    """Whether storage's snapshot is that of later settlements that paid nothing.

    It must be the market's growth after some settlement, and what the account owes between its
    snapshot in the logs and that one must truncate to 0 in each of the settlements between.
    """
    known = record.last_tw_premium_growth_global_x96
    if growth == known:
        return False
    later = settlements.between(known, growth)
    if later == 0:
        return False
    base = record.taker_position_size - sum(order.base_debt for order in record.orders.values())
    owed = mul_div(base, growth - known, Q96)
    for key, order in record.orders.items():
        owed += order_owes(order, snapshots(orders[key]))
    return abs(owed) < FUNDING_PERIOD_S * later


def merge_market(evidence: Evidence, market: MarketLedger, reading: MarketReading) -> MarketState:
    """The market as the book holds it: storage's growths, each compared with the fold's."""
    state, at = reading.state, market.base_token
    state.problem = reading.problem
    pool = evidence.comparison("pool price")
    if reading.problem is None:
        pool.add(
            (market.pool.sqrt_price_x96, market.pool.tick), (state.sqrt_price_x96, state.tick), at
        )
    growth = evidence.comparison("market funding growth")
    if reading.growth_read:
        rebuilt = (
            market.first_traded_timestamp,
            market.last_settled_timestamp,
            market.growth.tw_premium_x96,
            market.growth.tw_premium_div_by_sqrt_price_x96,
        )
        stored = (
            state.first_traded_timestamp,
            state.last_settled_timestamp,
            state.growth.tw_premium_x96,
            state.growth.tw_premium_div_by_sqrt_price_x96,
        )
        growth.add(rebuilt, stored, at)
    else:
        growth.not_read += 1
    for tick, outside in reading.outside.items():
        _merge_tick(evidence, market, state, tick, outside)
    if not isinstance(reading.fee_growth, Unreadable):
        state.fee_growth_global_x128 = reading.fee_growth
    evidence.pool_balances[at] = reading.pool_balances
    evidence.pool_liquidity[at] = reading.pool_liquidity
    return state


def _merge_tick(
    evidence: Evidence,
    market: MarketLedger,
    state: MarketState,
    tick: int,
    outside: TickGrowth | Unreadable,
) -> None:
    """One entry of the growth-outside map."""
    comparison = evidence.comparison("growth outside a tick")
    known = market.outside.get(tick, TickGrowth())
    if isinstance(outside, Unreadable):
        comparison.not_read += 1
        state.growth_outside[tick] = known
        return
    state.growth_outside[tick] = outside
    comparison.add(
        (known.tw_premium_x96, known.tw_premium_div_by_sqrt_price_x96),
        (outside.tw_premium_x96, outside.tw_premium_div_by_sqrt_price_x96),
        f"{market.base_token} tick {tick}",
    )


def fee_problem(reading: MarketReading, record: AccountMarket) -> Unreadable | None:
    """Why the maker fees of these orders are not known: a fee growth that was not read."""
    if not record.orders:
        return None
    if isinstance(reading.fee_growth, Unreadable):
        return reading.fee_growth
    for lower, upper in record.orders:
        for tick in (lower, upper):
            outside = reading.outside.get(tick)
            if isinstance(outside, Unreadable):
                return outside
    return None
