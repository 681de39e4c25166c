"""Borrowing of a side in many scenarios, float64: the rules of `borrowing`, shapes [scenario].

A liquidation brings the indexes up to the block at its own prices, however long ago they were last
written: the rate of all that time is the one of the scenario.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analyzer.protocols.gmx_v2.fixed_point import ONE
from analyzer.protocols.gmx_v2.value.pool import Pool

Floats = npt.NDArray[np.float64]
_USD = 1e30


def accrued(pool: Pool, is_long: bool, index: tuple[Floats, Floats], token: Floats) -> Floats:
    """What a side's index grows by from its last accrual to the block, a factor of size.

    index: both bounds of the index price, token: lower bound of what backs the side; USD for the
    smallest unit.
    """
    updated = pool.ledger.side(is_long).borrowing_updated_at
    since = pool.state.block_time - updated if updated else 0
    if since == 0:
        return np.zeros(len(token))
    low, high = index
    reserved = float(pool.in_tokens(True)) * high
    if not is_long:
        reserved = np.full(len(token), pool.open_interest(False) / _USD)
    usd = pool.pool_amount(is_long) * token
    rate = _rate(pool, is_long, reserved, usd)
    return since * np.where(_is_free(pool, is_long, (low + high) / 2), 0.0, rate)


def _is_free(pool: Pool, is_long: bool, middle: Floats) -> npt.NDArray[np.bool_]:
    """Where the smaller side pays nothing."""
    if not pool.flag("SKIP_BORROWING_FEE_FOR_SMALLER_SIDE"):
        return np.zeros(len(middle), dtype=np.bool_)
    # The middle of the price stands on both sides, so that it decides nothing.
    smaller = pool.balance_interest(is_long) < pool.balance_interest(not is_long)
    return np.full(len(middle), smaller, dtype=np.bool_)


def _rate(pool: Pool, is_long: bool, reserved: Floats, usd: Floats) -> Floats:
    """The rate per second; 0 where nothing is reserved."""
    part = np.divide(reserved, usd, out=np.zeros_like(reserved), where=usd > 0)
    optimal = pool.setting("OPTIMAL_USAGE_FACTOR", is_long) / ONE
    if not optimal:
        exponent = pool.setting("BORROWING_EXPONENT_FACTOR", is_long) / ONE
        scaled = np.where(reserved < 1, 0.0, np.power(np.maximum(reserved, 1.0), exponent))
        part = np.divide(scaled, usd, out=np.zeros_like(reserved), where=usd > 0)
        return part * (pool.setting("BORROWING_FACTOR", is_long) / ONE)
    usage = part / (pool.setting("OPEN_INTEREST_RESERVE_FACTOR", is_long) / ONE)
    base = pool.setting("BASE_BORROWING_FACTOR", is_long) / ONE
    above = pool.setting("ABOVE_OPTIMAL_USAGE_BORROWING_FACTOR", is_long) / ONE
    beyond = np.zeros_like(usage)
    if optimal < 1:
        beyond = np.maximum(above - base, 0.0) * np.maximum(usage - optimal, 0.0) / (1 - optimal)
    rate: Floats = usage * base + beyond
    return rate
