"""Growing a position, and taking collateral out of it: what the contract writes, exactly.

    tokens      a long's delta / index high, a short's / index low, so that whole tokens are whole
    collateral  less the position fee of the delta, pending borrowing and funding
    impact      not in the entry price: index tokens that wait for the close (paid / high down,
                charged / low up)

Source: gmx-synthetics v2.2 `IncreasePositionUtils.sol` (increasePosition, getExecutionPrice),
`DecreasePositionUtils.sol` (an order of size 0), `PositionPricingUtils.sol`.
"""

from __future__ import annotations

from dataclasses import replace

from analyzer.model.integers import ceil_div
from analyzer.protocols.gmx_v2.fixed_point import apply_factor
from analyzer.protocols.gmx_v2.records import Position, Trader
from analyzer.protocols.gmx_v2.state.state import GmxState
from analyzer.protocols.gmx_v2.value.borrowing import reserved_usd
from analyzer.protocols.gmx_v2.value.fees import position_fee
from analyzer.protocols.gmx_v2.value.impact import (
    Impact,
    capped_by_size,
    curves,
    impact_of,
    virtual_inventory,
)
from analyzer.protocols.gmx_v2.value.market_prices import high, low
from analyzer.protocols.gmx_v2.value.pool import Pool
from analyzer.protocols.gmx_v2.value.prices import middle
from analyzer.protocols.gmx_v2.value.valuation import Valuation


def opening_impact(pool: Pool, is_long: bool, usd: int, tokens: int) -> Impact:
    """The impact of a side that grows, the worse of the market's own and the shared one; what is
    paid within its bound. Raises: UnreadableNumberError."""
    delta = usd
    if pool.flag("USE_OPEN_INTEREST_IN_TOKENS_FOR_BALANCE"):
        delta = tokens * middle(pool.prices.index)
    found = _impact(
        pool, (pool.balance_interest(True), pool.balance_interest(False)), delta, is_long
    )
    if found.usd < 0:
        inventory = virtual_inventory(pool, middle(pool.prices.index))
        if inventory is not None:
            shared = max(-inventory, 0), max(inventory, 0)
            other = _impact(pool, shared, delta, is_long)
            found = other if other.usd < found.usd else found
    return Impact(capped_by_size(pool, found.usd, usd), found.improved)


def _impact(pool: Pool, sides: tuple[int, int], delta: int, is_long: bool) -> Impact:
    """The impact of (longs, shorts) of which one grows."""
    longs, shorts = sides
    after = (longs + delta, shorts) if is_long else (longs, shorts + delta)
    return impact_of(sides, after, curves(pool))


def settled(valuation: Valuation, position: Position) -> Position:
    """The position after its borrowing and funding were taken out of its collateral, which every
    order does first. The collateral may be below zero: then the contract refuses. Raises:
    UnreadableNumberError."""
    costs, ledger = (
        valuation.pending_costs(position), valuation.state.markets[position.market].ledger,
    )  # fmt: skip
    return replace(
        position,
        collateral_amount=position.collateral_amount - costs.borrowing - costs.funding,
        borrowing_factor=valuation.cumulative(position.market, position.is_long),
        funding_fee_per_size=costs.latest_fee,
        claimable_long_per_size=valuation.latest_claimable(position, True),
        claimable_short_per_size=valuation.latest_claimable(
            position, ledger.is_single_token
        ),
    )  # fmt: skip


def increase(valuation: Valuation, state: GmxState, position: Position, tokens: int) -> Position:
    """The position with so many index tokens more, written into `state`: a copy whose market is at
    the block already (`motion.accrue`), and which `valuation` does not look at any more.

    Raises: UnreadableNumberError.
    """
    pool = valuation.pool(position.market)
    is_long, index = position.is_long, pool.prices.index
    usd = tokens * (high(index) if is_long else low(index))
    impact = opening_impact(pool, is_long, usd, tokens)
    trader = state.traders.get(position.account, Trader())
    price = valuation.collateral_price(position)
    fee = position_fee(pool, trader, usd, impact.improved, price)
    waiting = impact.usd // high(index) if impact.usd > 0 else -ceil_div(-impact.usd, low(index))
    before, costs = settled(valuation, position), valuation.pending_costs(position)
    after = replace(
        before,
        size_in_usd=position.size_in_usd + usd,
        size_in_tokens=position.size_in_tokens + tokens,
        collateral_amount=before.collateral_amount - fee.net,
        pending_impact_amount=position.pending_impact_amount + waiting,
    )
    ledger, token = state.markets[position.market].ledger, position.collateral_token
    side = ledger.side(is_long)
    paid = fee.for_pool + costs.borrowing - costs.borrowing_for_receiver
    for amounts, change in (
        (side.open_interest, usd),
        (side.in_tokens, tokens),
        (side.collateral_sum, after.collateral_amount - position.collateral_amount),
        (ledger.pool, paid),
    ):
        amounts[token] = amounts.get(token, 0) + change
    ledger.total_pending_impact += waiting
    _inventory(state, position, usd, tokens)
    state.positions[position.key] = after
    return after


def _inventory(state: GmxState, position: Position, usd: int, tokens: int) -> None:
    """A long that opens is bought from the pools that share an inventory, a short sold to them."""
    virtual_id = state.markets[position.market].virtual_id
    if not isinstance(virtual_id, str):
        return
    sign = -1 if position.is_long else 1
    in_tokens = state.settings["USE_OPEN_INTEREST_IN_TOKENS_FOR_BALANCE"] == 1
    change = sign * (tokens if in_tokens else usd)
    state.virtual[virtual_id] = state.virtual.get(virtual_id, 0) + change
    held = state.virtual_in_tokens.get(virtual_id)
    if in_tokens and isinstance(held, int):
        state.virtual_in_tokens[virtual_id] = held + change


def reserve_left(pool: Pool, is_long: bool) -> int:
    """Index tokens that a side may still grow by before it reserves more of its pool than
    OPEN_INTEREST_RESERVE_FACTOR lets it. Raises: UnreadableNumberError."""
    factor = pool.setting("OPEN_INTEREST_RESERVE_FACTOR", is_long)
    left = apply_factor(pool.pool_usd(is_long), factor) - reserved_usd(pool, is_long)
    price = high(pool.prices.index) if is_long else low(pool.prices.index)
    # A market of one token counts half of what is added.
    return max(left, 0) * pool.divisor // price


def withdrawable_without_profit(valuation: Valuation, position: Position) -> int:
    """The most collateral, raw, that may go by the order's own check: what stays has to be worth
    MIN_COLLATERAL_FACTOR of the size without any profit. Raises: UnreadableNumberError."""
    pool = valuation.pool(position.market)
    wanted = apply_factor(position.size_in_usd, pool.setting("MIN_COLLATERAL_FACTOR"))
    stays = ceil_div(wanted, valuation.collateral_price(position))
    return max(position.collateral_amount - stays, 0)
