"""Borrowing: what a side pays per second for what it reserves, and its index at the block.

Source: gmx-synthetics `MarketUtils.sol` (getBorrowingFactorPerSecond, getKinkBorrowingFactor,
getNextCumulativeBorrowingFactor, getTotalPendingBorrowingFees).
"""

from __future__ import annotations

from analyzer.protocols.gmx_v2.fixed_point import ONE, apply_exponent, apply_factor, to_factor
from analyzer.protocols.gmx_v2.records import Position
from analyzer.protocols.gmx_v2.value.market_prices import high
from analyzer.protocols.gmx_v2.value.pool import Pool
from analyzer.protocols.kit.unreadable import UnreadableNumberError, reverts


def reserved_usd(pool: Pool, is_long: bool) -> int:
    """What a side could still take out of the pool: longs their tokens at the upper bound, shorts
    their open interest."""
    if is_long:
        return pool.in_tokens(True) * high(pool.prices.index)
    return pool.open_interest(False)


def rate_per_second(pool: Pool, is_long: bool) -> int:
    """What a side pays per second, a factor of its size, 1e30. Raises: UnreadableNumberError."""
    reserved = reserved_usd(pool, is_long)
    if reserved == 0:
        return 0
    smaller = pool.balance_interest(is_long) < pool.balance_interest(not is_long)
    if smaller and pool.flag("SKIP_BORROWING_FEE_FOR_SMALLER_SIDE"):
        return 0
    usd = pool.pool_usd(is_long)
    if usd == 0:
        what = f"borrowing of market {pool.ledger.market_token}"
        raise UnreadableNumberError(reverts(what, "UnableToGetBorrowingFactorEmptyPoolUsd"))
    if pool.setting("OPTIMAL_USAGE_FACTOR", is_long):
        return _kink_rate(pool, is_long, reserved, usd)
    scaled = apply_exponent(reserved, pool.setting("BORROWING_EXPONENT_FACTOR", is_long))
    return apply_factor(to_factor(scaled, usd), pool.setting("BORROWING_FACTOR", is_long))


def _kink_rate(pool: Pool, is_long: bool, reserved: int, usd: int) -> int:
    """The rate of a line that turns at the optimal usage."""
    optimal = pool.setting("OPTIMAL_USAGE_FACTOR", is_long)
    most = apply_factor(usd, pool.setting("OPEN_INTEREST_RESERVE_FACTOR", is_long))
    usage = to_factor(reserved, most)
    base = pool.setting("BASE_BORROWING_FACTOR", is_long)
    rate = apply_factor(usage, base)
    if usage > optimal and optimal < ONE:
        above = pool.setting("ABOVE_OPTIMAL_USAGE_BORROWING_FACTOR", is_long) - base
        rate += max(above, 0) * (usage - optimal) // (ONE - optimal)
    return rate


def next_cumulative(pool: Pool, is_long: bool) -> int:
    """A side's borrowing index at the block's time, 1e30. Raises: UnreadableNumberError."""
    side = pool.ledger.side(is_long)
    since = pool.state.block_time - side.borrowing_updated_at if side.borrowing_updated_at else 0
    return side.cumulative_borrowing + since * rate_per_second(pool, is_long)


def fee_usd(position: Position, cumulative: int) -> int:
    """What a position owes at an index, USD."""
    return apply_factor(position.size_in_usd, cumulative - position.borrowing_factor)


def total_borrowing(pool: Pool, is_long: bool) -> int:
    """What the open positions of a side owed by index when each was last touched, USD: the
    DataStore's TOTAL_BORROWING."""
    return sum(
        apply_factor(position.size_in_usd, position.borrowing_factor)
        for position in pool.state.positions.values()
        if position.market == pool.ledger.market_token and position.is_long == is_long
    )


def pending_fees(pool: Pool, is_long: bool, cumulative: int) -> int:
    """Fees of a side that are not yet in the pool, USD."""
    interest = pool.open_interest(is_long)
    return apply_factor(interest, cumulative) - total_borrowing(pool, is_long)
