"""Control totals: sums over all rebuilt accounts against what the chain holds.

Each states its identity, what may be left over, and why. The derivations are in the README of
this folder, which also says what they prove together: that no market and no trade is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.model.rows import Proves, TotalRow
from analyzer.protocols.kit.ticks import amounts_in_range
from analyzer.protocols.perp_v2.logs.fold.ledger import MarketLedger, PerpLedger
from analyzer.protocols.perp_v2.state.evidence import Evidence
from analyzer.protocols.perp_v2.state.state import MarketState, PerpState
from analyzer.protocols.perp_v2.value.value import PerpValued

EXACT = "every operation moves both sides by the same integer"
ORDER_FLOORS = 2
"""Floors in the amount of base that an order holds at a price."""


def totals(valued: PerpValued) -> list[TotalRow]:
    """Every control total of the book: tokens, markets, and the fold against storage."""
    state = valued.state
    evidence = state.evidence
    if evidence is None:
        return []
    rows = [_markets_total(evidence), _settlement_total(state, evidence.ledger)]
    rows += _token_totals(state)
    for base, market in state.markets.items():
        rows += _market_totals(state, evidence, market, evidence.ledger.markets[base])
    rows.append(_thresholds(evidence, state.settlement_symbol, state.settlement_decimals))
    rows += _storage_totals(evidence)
    rows.append(_rules_total(evidence.ledger))
    return rows


def _markets_total(evidence: Evidence) -> TotalRow:
    """No market is missing: the registry has no list, but whatever pool there is holds quote."""
    held = [quote for _, quote in evidence.pool_balances.values()]
    known = [quote for quote in held if quote is not None]
    return TotalRow(
        name="quote in all pools",
        identity="virtual quote tokens in the pools of the known markets = quote tokens minted"
        " less those that the ClearingHouse holds",
        unit="e18",
        rebuilt=sum(known) if len(known) == len(held) else None,
        on_chain=evidence.quote_in_pools,
        allowed=0,
        why="the ClearingHouse is minted all of them, and they move between it and pools only",
        proves=Proves.LIST,
    )


def _settlement_total(state: PerpState, ledger: PerpLedger) -> TotalRow:
    """The settlement token, to the unit."""
    decimals, symbol = state.settlement_decimals, state.settlement_symbol
    balances = sum(a.balances.get(state.settlement_token, 0) for a in state.accounts.values())
    entries = ledger.accounts.values()
    folded = sum(entry.folded_owed(decimals) for entry in entries)
    count = sum(len(entry.folded_owed_e18) for entry in entries)
    dropped = sum(sum(e.folded_owed_e18) for e in entries) - folded * 10 ** (18 - decimals)
    return TotalRow(
        name=f"{symbol} in the Vault",
        identity=f"sum of {symbol} balances - owed PnL folded into them by withdrawals"
        f" = {symbol} held by the Vault",
        unit=f"raw {symbol}, {decimals} decimals",
        rebuilt=balances - folded,
        on_chain=state.vault_settlement_balance,
        allowed=0,
        why=f"{EXACT}; {count} withdrawals folded owed PnL in, each floored to {decimals} decimals"
        f" (in all {dropped} e18 of PnL below the last decimal was dropped, and is in no balance)",
        surplus_ok=True,
        proves=Proves.ACCOUNTS,
    )


def _token_totals(state: PerpState) -> Iterator[TotalRow]:
    """Every other token, to the unit."""
    for address, token in state.collateral.items():
        yield TotalRow(
            name=f"{token.symbol} in the Vault",
            identity=f"sum of {token.symbol} balances = {token.symbol} held by the Vault",
            unit=f"raw {token.symbol}, {token.decimals} decimals",
            rebuilt=sum(a.balances.get(address, 0) for a in state.accounts.values()),
            on_chain=token.vault_token_balance,
            allowed=0,
            why=EXACT,
            surplus_ok=True,
            proves=Proves.ACCOUNTS,
        )


def _market_totals(
    state: PerpState, evidence: Evidence, market: MarketState, ledger: MarketLedger
) -> list[TotalRow]:
    """The totals of one market."""
    return [
        _taker_base(state, market, ledger),
        _taker_quote(state, market, ledger),
        _open_interest(state, market, ledger),
        _liquidity(state, evidence, market),
        *_pool_tokens(evidence, market, ledger),
    ]


def _taker_base(state: PerpState, market: MarketState, ledger: MarketLedger) -> TotalRow:
    """Taker sizes against what the pool's swaps moved."""
    takers, swaps = ledger.takers, ledger.swaps
    sizes = sum(
        account.markets[market.base_token].taker_position_size
        for account in state.accounts.values()
        if market.base_token in account.markets
    )
    rebuilt = sizes - takers.released_base + takers.closed_base + takers.dust_base
    return TotalRow(
        name=f"taker size {market.symbol}",
        identity="sum of taker sizes - sizes that makers took over with removed ranges + sizes"
        " settled by quitMarket + dust of deleted records = base that swaps took from the pool"
        " (what came in counted less the pool's own fee, floored)",
        unit="e18",
        rebuilt=rebuilt,
        on_chain=-swaps.net_base,
        allowed=swaps.base_allowed,
        why=f"of {swaps.trades} trades {swaps.rounded_base} of exact output booked the request"
        " instead of the pool's own amount, which is less than 10 wei off (9 each); all others"
        " are exact; liquidations move sizes from one account to another",
    )


def _taker_quote(state: PerpState, market: MarketState, ledger: MarketLedger) -> TotalRow:
    """Taker notionals against what the pool's swaps moved."""
    takers, swaps = ledger.takers, ledger.swaps
    notionals = sum(
        account.markets[market.base_token].taker_open_notional
        for account in state.accounts.values()
        if market.base_token in account.markets
    )
    rebuilt = (
        notionals
        + takers.realized_pnl
        + takers.fees
        - takers.released_quote
        - takers.liquidation_quote
        + takers.closed_quote
        + takers.dust_quote
    )
    return TotalRow(
        name=f"taker notional {market.symbol}",
        identity="sum of taker notionals + PnL realized from them + taker fees - notionals that"
        " makers took over with removed ranges - liquidators' discounts + notionals settled by"
        " quitMarket + dust of deleted records = quote that swaps took from the pool (what came"
        " in counted less the pool's own fee, floored)",
        unit="e18",
        rebuilt=rebuilt,
        on_chain=-swaps.net_quote,
        allowed=swaps.quote_allowed,
        why=f"of {swaps.trades} trades {swaps.rounded_quote} were rounded: an exact output within"
        " 10 wei (9 each), or a long's input scaled by fee ratios, its fee summed over the pool's"
        " steps (2 and 1 a step); all others are exact",
    )


def _open_interest(state: PerpState, market: MarketState, ledger: MarketLedger) -> TotalRow:
    """Long sizes against short sizes, maker ranges included."""
    longs = shorts = orders = 0
    for account in state.accounts.values():
        held = account.markets.get(market.base_token)
        if held is None:
            continue
        size = held.taker_position_size
        for order in held.orders.values():
            base, _ = amounts_in_range(
                market.sqrt_price_x96, order.lower_tick, order.upper_tick, order.liquidity
            )
            size += base - order.base_debt
            orders += 1
        longs, shorts = longs + max(size, 0), shorts + max(-size, 0)
    closed = ledger.takers.closed_base + ledger.takers.dust_base
    pool = ledger.pool
    allowed = ledger.swaps.position_allowed + pool.mints + pool.burns + ORDER_FLOORS * orders
    return TotalRow(
        name=f"open interest {market.symbol}",
        identity="sum of long sizes = sum of short sizes - sizes settled by quitMarket - dust of"
        " deleted records, ranges valued at the pool's price",
        unit="e18",
        rebuilt=longs,
        on_chain=shorts - closed,
        allowed=allowed,
        why=f"amounts at a price against amounts moved: {orders} orders floor twice,"
        f" {pool.mints} mints and {pool.burns} burns round once, each step of"
        f" {ledger.swaps.trades} swaps rounds amount and fee, and its price to 1/2**96",
    )


def _liquidity(state: PerpState, evidence: Evidence, market: MarketState) -> TotalRow:
    """Makers' liquidity at the price against the pool's own."""
    active = sum(
        order.liquidity
        for account in state.accounts.values()
        if market.base_token in account.markets
        for order in account.markets[market.base_token].orders.values()
        if order.lower_tick <= market.tick < order.upper_tick
    )
    return TotalRow(
        name=f"liquidity {market.symbol}",
        identity="sum of the liquidity of all ranges around the price = liquidity of the pool",
        unit="liquidity",
        rebuilt=active,
        on_chain=evidence.pool_liquidity.get(market.base_token),
        allowed=0,
        why="the order book is the pool's only provider, and liquidity is not rounded",
        proves=Proves.ACCOUNTS,
    )


def _pool_tokens(
    evidence: Evidence, market: MarketState, ledger: MarketLedger
) -> Iterator[TotalRow]:
    """The pool's own tokens against its logs: no event of it is missing."""
    held = evidence.pool_balances.get(market.base_token, (None, None))
    pool = ledger.pool
    for side, name in enumerate(("base", "quote")):
        yield TotalRow(
            name=f"pool {name} {market.symbol}",
            identity=f"{name} minted into the pool + swapped in - collected"
            f" = virtual {name} tokens that the pool holds",
            unit="e18",
            rebuilt=pool.minted[side] + pool.swapped[side] - pool.collected[side],
            on_chain=held[side],
            allowed=0,
            why=EXACT,
            proves=Proves.ACCOUNTS,
        )


def _thresholds(evidence: Evidence, symbol: str, decimals: int) -> TotalRow:
    """Debt thresholds of single traders, which only logs tell one by one."""
    thresholds = evidence.ledger.config.whitelisted_debt_threshold
    return TotalRow(
        name="debt thresholds",
        identity="sum of the traders' own debt thresholds = getTotalWhitelistedDebtThreshold",
        unit=f"raw {symbol}, {decimals} decimals",
        rebuilt=sum(thresholds.values()),
        on_chain=evidence.whitelisted_debt,
        allowed=0,
        why=EXACT,
    )


def _storage_totals(evidence: Evidence) -> Iterator[TotalRow]:
    """The fold against storage: how many numbers were compared and how many agree."""
    for comparison in evidence.comparisons.values():
        notes = []
        if comparison.silent:
            notes.append(f"{comparison.silent} changed by settlements that emitted no event")
        if comparison.not_read:
            notes.append(f"{comparison.not_read} could not be read and are not counted")
        notes += comparison.examples
        yield TotalRow(
            name=f"fold against storage: {comparison.what}",
            identity=f"{comparison.what}: numbers rebuilt from logs = the same in storage",
            unit="count",
            rebuilt=comparison.compared if comparison.compared else None,
            on_chain=comparison.equal if comparison.compared else None,
            allowed=0,
            why="; ".join(notes) or "logs rebuild storage to the last bit",
        )


def _rules_total(ledger: PerpLedger) -> TotalRow:
    """Events that the fold's rules do not explain."""
    examples: Sequence[str] = [
        f"{note.kind} in block {note.block_number}, log {note.log_index}: {note.text}"
        for note in ledger.notes[:3]
    ]
    return TotalRow(
        name="events explained",
        identity="indexed events = events whose effect the rules explain",
        unit="count",
        rebuilt=ledger.events,
        on_chain=ledger.events - len(ledger.notes),
        allowed=0,
        why="; ".join(examples) or "every event agrees with the state it came upon",
    )
