"""Uniswap V3's swap on integers: the contract's own rounding, step by step and tick by tick.

    step    as far as the next initialised tick, the end of the bitmap's word, or the limit price
    sold    amount in rounded up, amount out rounded down, price rounded in the pool's favour
    fee     on the input of each step; what is left of the input where a step ends inside

A swap that would leave the ticks that are known is refused: what is there decides the rest.

Source: `SwapMath.sol`, `SqrtPriceMath.sol` and `UniswapV3Pool.swap` of `@uniswap/v3-core`: their
formulas and rounding; the code is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from analyzer.market.depth.pool_state import PIPS, PoolState
from analyzer.model.errors import UnreadError
from analyzer.model.integers import UINT256_MOD, ceil_div, mul_div_up
from analyzer.protocols.kit.ticks import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    Q96,
    sqrt_ratio_at_tick,
    tick_at_sqrt_ratio,
)


@dataclass(frozen=True, slots=True)
class SwapStep:
    """One step. amounts in raw units; fee in the token that goes in, beside amount_in."""

    sqrt_price_x96: int
    amount_in: int
    amount_out: int
    fee: int


@dataclass(frozen=True, slots=True)
class Swapped:
    """A whole swap. amount_in: fee included, raw units; fee: that part of it; pool: the state
    afterwards."""

    amount_in: int
    amount_out: int
    fee: int
    pool: PoolState


def swap(
    pool: PoolState, amount: int, *, zero_for_one: bool, limit_x96: int | None = None
) -> Swapped:
    """What the pool does with `amount`: > 0 is exact input, < 0 exact output, raw units.

    zero_for_one: token0 goes in, the price falls. limit_x96: the price at which it stops (None =
    the end of Uniswap's range).

    Raises: ValueError for an amount of 0 and a limit on the wrong side (the contract reverts `AS`
    and `SPL`); UnreadError when the swap leaves the ticks that are known.
    """
    if amount == 0:
        raise ValueError("a swap of nothing is refused by the contract")
    limit = _limit(pool, limit_x96, zero_for_one=zero_for_one)
    price, tick, liquidity, left = pool.sqrt_price_x96, pool.tick, pool.liquidity, amount
    taken_in = given_out = fees = 0
    while left != 0 and price != limit:
        target_tick, initialised = _next_tick(pool, tick, down=zero_for_one)
        at_tick = sqrt_ratio_at_tick(target_tick)
        target = max(at_tick, limit) if zero_for_one else min(at_tick, limit)
        step = swap_step(price, target, liquidity, left, pool.fee_pips)
        before, price = price, step.sqrt_price_x96
        left += step.amount_out if amount < 0 else -(step.amount_in + step.fee)
        taken_in += step.amount_in + step.fee
        given_out += step.amount_out
        fees += step.fee
        if price == at_tick:
            if initialised:
                liquidity += pool.net_at(target_tick) * (-1 if zero_for_one else 1)
            tick = target_tick - 1 if zero_for_one else target_tick
        elif price != before:
            tick = tick_at_sqrt_ratio(price)
    after = replace(pool, sqrt_price_x96=price, tick=tick, liquidity=liquidity)
    return Swapped(taken_in, given_out, fees, after)


def swap_step(price: int, target: int, liquidity: int, left: int, fee_pips: int) -> SwapStep:
    """One step from `price` towards `target` (both sqrt X96) at constant liquidity.

    left: what remains of the swap, > 0 input, < 0 output.
    """
    zero_for_one, exact_in = price >= target, left >= 0
    if exact_in:
        useful = left * (PIPS - fee_pips) // PIPS
        whole = _amount_in(price, target, liquidity, zero_for_one=zero_for_one)
        enough = useful >= whole
        after = target if enough else _after_input(price, liquidity, useful, zero_for_one)
    else:
        whole = _amount_out(price, target, liquidity, zero_for_one=zero_for_one)
        enough = -left >= whole
        after = target if enough else _after_output(price, liquidity, -left, zero_for_one)
    amount_in = _amount_in(price, after, liquidity, zero_for_one=zero_for_one)
    amount_out = _amount_out(price, after, liquidity, zero_for_one=zero_for_one)
    if not exact_in:
        amount_out = min(amount_out, -left)
    if exact_in and after != target:
        return SwapStep(after, amount_in, amount_out, left - amount_in)
    return SwapStep(after, amount_in, amount_out, mul_div_up(amount_in, fee_pips, PIPS - fee_pips))


def _limit(pool: PoolState, limit: int | None, *, zero_for_one: bool) -> int:
    """The limit price, checked as the contract does."""
    low, now, high = MIN_SQRT_RATIO, pool.sqrt_price_x96, MAX_SQRT_RATIO
    if limit is None:
        return low + 1 if zero_for_one else high - 1
    if not (low < limit < now if zero_for_one else now < limit < high):
        raise ValueError(f"the limit price {limit} is on the wrong side of {now}")
    return limit


def _next_tick(pool: PoolState, tick: int, *, down: bool) -> tuple[int, bool]:
    """The end of the next step. Raises: UnreadError when it is outside what is known."""
    target, initialised = pool.next_tick(tick, down=down)
    target = min(max(target, MIN_TICK), MAX_TICK)
    if not pool.low_tick <= target <= pool.high_tick:
        raise UnreadError(
            f"pool {pool.address}: the swap goes past tick {target}, and only [{pool.low_tick}, "
            f"{pool.high_tick}] was read: read a wider band"
        )
    return target, initialised


def _amount_in(price: int, to: int, liquidity: int, *, zero_for_one: bool) -> int:
    """What goes in between two prices, rounded up: token0 when the price falls."""
    low, high = min(price, to), max(price, to)
    if zero_for_one:
        return ceil_div(ceil_div(liquidity * Q96 * (high - low), high), low)
    return ceil_div(liquidity * (high - low), Q96)


def _amount_out(price: int, to: int, liquidity: int, *, zero_for_one: bool) -> int:
    """What comes out between two prices, rounded down: token1 when the price falls."""
    low, high = min(price, to), max(price, to)
    if zero_for_one:
        return liquidity * (high - low) // Q96
    return liquidity * Q96 * (high - low) // high // low


def _after_input(price: int, liquidity: int, amount: int, zero_for_one: bool) -> int:
    """The price after `amount` went in, rounded so that the pool gives no more than it should."""
    if not zero_for_one:
        return price + amount * Q96 // liquidity
    if amount == 0:
        return price
    scaled, product = liquidity * Q96, amount * price
    if product < UINT256_MOD and scaled + product < UINT256_MOD:
        return mul_div_up(scaled, price, scaled + product)
    # Where the product overflows the contract takes the form that rounds once more.
    return ceil_div(scaled, scaled // price + amount)


def _after_output(price: int, liquidity: int, amount: int, zero_for_one: bool) -> int:
    """The price after `amount` came out, less than the liquidity holds as far as the target: so
    neither form can run out of it or overflow."""
    if zero_for_one:
        return price - ceil_div(amount * Q96, liquidity)
    scaled = liquidity * Q96
    return mul_div_up(scaled, price, scaled - amount * price)
