"""What an account's maker ranges hold at the pool's price, and the size that comes of it.

Source: `OrderBook.getTotalTokenAmountInPoolAndPendingFee`, `AccountBalance.getTotalPositionSize`
of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from analyzer.protocols.kit.ticks import amounts_in_range
from analyzer.protocols.perp_v2.records import AccountMarket

DUST = 10
"""Sizes below this many wei read as 0."""


def without_dust(size: int) -> int:
    """`size`, or 0 when it is below the contract's dust of 10 wei."""
    return 0 if abs(size) < DUST else size


def amounts_in_ranges(held: AccountMarket, sqrt_price_x96: int) -> tuple[int, int]:
    """(base, quote) that the orders hold at the pool's price, 18 decimals, each order floored."""
    base = quote = 0
    for order in held.orders.values():
        add_base, add_quote = amounts_in_range(
            sqrt_price_x96, order.lower_tick, order.upper_tick, order.liquidity
        )
        base, quote = base + add_base, quote + add_quote
    return base, quote


def total_size(held: AccountMarket, base_in_ranges: int) -> int:
    """Taker size and what the ranges hold more or less than they owe, 18 decimals, no dust."""
    base_debt = sum(order.base_debt for order in held.orders.values())
    return without_dust(base_in_ranges - base_debt + held.taker_position_size)
