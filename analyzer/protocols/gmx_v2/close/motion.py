"""A copy of the state that closures change, as the contracts would write them. Time stands still.

Before a market's first closure its indexes are written up to the block, at the prices in use, as
every order of the contract does first; from then on nothing accrues.
"""

from __future__ import annotations

from dataclasses import replace

from analyzer.protocols.gmx_v2.close.decrease import Decrease
from analyzer.protocols.gmx_v2.records import Market, MarketLedger, Position, Side
from analyzer.protocols.gmx_v2.settings import DISTRIBUTED_AT, SAVED_FUNDING
from analyzer.protocols.gmx_v2.state.state import GmxState
from analyzer.protocols.gmx_v2.value.valuation import Valuation


def in_motion(state: GmxState) -> GmxState:
    """A copy in which markets and positions may be changed or replaced."""
    return replace(
        state,
        markets={address: _copy(market) for address, market in state.markets.items()},
        positions=dict(state.positions),
        virtual=dict(state.virtual),
        virtual_in_tokens=dict(state.virtual_in_tokens),
        virtual_swaps={one: dict(both) for one, both in state.virtual_swaps.items()},
    )


def _copy(market: Market) -> Market:
    """A market with amounts of its own."""
    found = market.ledger
    ledger = replace(
        found,
        long=_copy_side(found.long),
        short=_copy_side(found.short),
        pool=dict(found.pool),
        swap_impact_pool=dict(found.swap_impact_pool),
    )
    return replace(market, ledger=ledger, settings=dict(market.settings))


def _copy_side(side: Side) -> Side:
    """A side with amounts of its own."""
    return replace(
        side,
        open_interest=dict(side.open_interest),
        in_tokens=dict(side.in_tokens),
        collateral_sum=dict(side.collateral_sum),
        fee_per_size=dict(side.fee_per_size),
        claimable_per_size=dict(side.claimable_per_size),
    )


def accrue(valuation: Valuation, market: str) -> None:
    """Writes a market's indexes and impact pool up to the block. Raises: UnreadableNumberError."""
    state, pool = valuation.state, valuation.pool(market)
    ledger, settings = pool.ledger, pool.market.settings
    funding = valuation.funding(market)
    indexes = {is_long: valuation.cumulative(market, is_long) for is_long in (True, False)}
    left = pool.distribution[1]
    for (is_long, by_long_token), change in funding.fee.items():
        _add(ledger.side(is_long).fee_per_size, ledger.token(by_long_token), change)
    for (is_long, by_long_token), change in funding.claimable.items():
        _add(ledger.side(is_long).claimable_per_size, ledger.token(by_long_token), change)
    if funding.fee:
        settings[SAVED_FUNDING] = funding.rate.saved
    ledger.funding_updated_at = state.block_time
    for is_long, index in indexes.items():
        ledger.side(is_long).cumulative_borrowing = index
        ledger.side(is_long).borrowing_updated_at = state.block_time
    ledger.impact_pool = left
    settings[DISTRIBUTED_AT] = state.block_time


def _add(amounts: dict[str, int], token: str, change: int) -> None:
    """A number by token grows."""
    amounts[token] = amounts.get(token, 0) + change


def apply(state: GmxState, found: Decrease) -> None:
    """Writes a closure into the state; its market's indexes are at the block already."""
    position, settlement = found.position, found.settlement
    ledger = state.markets[position.market].ledger
    side, token = ledger.side(position.is_long), position.collateral_token
    given = position.collateral_amount - found.collateral_left
    _add(side.open_interest, token, -found.usd)
    _add(side.in_tokens, token, -found.tokens)
    _add(side.collateral_sum, token, -given)
    for moved, amount in settlement.pool.items():
        _add(ledger.pool, moved, amount)
        _share(state, position.market, moved, amount)
    for moved, amount in settlement.swap_impact.items():
        _add(ledger.swap_impact_pool, moved, amount)
    ledger.impact_pool += settlement.impact_pool
    ledger.lent_impact_pool += settlement.lent
    ledger.total_pending_impact -= found.pending
    virtual_id = state.markets[position.market].virtual_id
    if isinstance(virtual_id, str):
        # A closed long is sold to the pools, a closed short bought from them.
        in_tokens = state.settings["USE_OPEN_INTEREST_IN_TOKENS_FOR_BALANCE"] == 1
        change = found.tokens if in_tokens else found.usd
        change = change if position.is_long else -change
        _add(state.virtual, virtual_id, change)
        held = state.virtual_in_tokens.get(virtual_id)
        if in_tokens and isinstance(held, int):
            state.virtual_in_tokens[virtual_id] = held + change
    if found.usd == position.size_in_usd:
        del state.positions[position.key]
    else:
        state.positions[position.key] = _rest(ledger, found)


def _share(state: GmxState, market: str, token: str, change: int) -> None:
    """What the pool of one market holds counts in the inventory that it shares."""
    found = state.markets[market]
    if not isinstance(found.virtual_market_id, str):
        return
    shared = state.virtual_swaps.setdefault(found.virtual_market_id, {})
    side = "long" if token == found.ledger.long_token else "short"
    shared[side] = max(0, shared.get(side, 0) + change)


def _rest(ledger: MarketLedger, found: Decrease) -> Position:
    """What is left of a position of which a part was closed: its indexes are the present ones."""
    position = found.position
    side = ledger.side(position.is_long)
    return replace(
        position,
        size_in_usd=position.size_in_usd - found.usd,
        size_in_tokens=position.size_in_tokens - found.tokens,
        collateral_amount=found.collateral_left,
        pending_impact_amount=position.pending_impact_amount - found.pending,
        borrowing_factor=side.cumulative_borrowing,
        funding_fee_per_size=side.fee_per_size.get(position.collateral_token, 0),
        claimable_long_per_size=side.claimable_per_size.get(ledger.long_token, 0),
        claimable_short_per_size=side.claimable_per_size.get(ledger.short_token, 0),
    )
