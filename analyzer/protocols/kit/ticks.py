"""Uniswap V3's tick and range arithmetic, exact.

For the protocols that are built on its pools, and for pools as markets.

Source: `TickMath.sol` of `@uniswap/v3-core` and `LiquidityAmounts.sol` of `@uniswap/v3-periphery`:
their constants and rounding; the code is ours.
"""

from __future__ import annotations

import math
from functools import lru_cache

from analyzer.model.integers import ceil_div

Q96 = 2**96
Q128 = 2**128
MIN_TICK = -887_272
MAX_TICK = 887_272
MIN_SQRT_RATIO = 4_295_128_739
MAX_SQRT_RATIO = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342

_INVERSE_SQRT_POWERS_X128 = (
    0xFFFCB933BD6FAD37AA2D162D1A594001,
    0xFFF97272373D413259A46990580E213A,
    0xFFF2E50F5F656932EF12357CF3C7FDCC,
    0xFFE5CACA7E10E4E61C3624EAA0941CD0,
    0xFFCB9843D60F6159C9DB58835C926644,
    0xFF973B41FA98C081472E6896DFB254C0,
    0xFF2EA16466C96A3843EC78B326B52861,
    0xFE5DEE046A99A2A811C461F1969C3053,
    0xFCBE86C7900A88AEDCFFC83B479AA3A4,
    0xF987A7253AC413176F2B074CF7815E54,
    0xF3392B0822B70005940C7A398E4B70F3,
    0xE7159475A2C29B7443B29C7FA6E889D9,
    0xD097F3BDFD2022B8845AD8F792AA5825,
    0xA9F746462D870FDF8A65DC1F90E061E5,
    0x70D869A156D2A1B890BB3DF62BAF32F7,
    0x31BE135F97D08FD981231505542FCFA6,
    0x9AA508B5B7A84E1C677DE54F3E99BC9,
    0x5D6AF8DEDB81196699C329225EE604,
    0x2216E584F5FA1EA926041BEDFE98,
    0x48A170391F7DC42444E8FA2,
)
"""sqrt(1.0001) ** -(2 ** i) as X128, bit by bit of |tick|."""


@lru_cache(maxsize=65_536)
def sqrt_ratio_at_tick(tick: int) -> int:
    """sqrt(1.0001 ** tick) as X96, rounded up in its last step as TickMath does.

    Raises: ValueError when |tick| > 887272 (the contract reverts `T`).
    """
    if not MIN_TICK <= tick <= MAX_TICK:
        raise ValueError(f"tick {tick} is outside [{MIN_TICK}, {MAX_TICK}]")
    ratio_x128 = Q128
    for bit, power in enumerate(_INVERSE_SQRT_POWERS_X128):
        if abs(tick) >> bit & 1:
            ratio_x128 = ratio_x128 * power >> 128
    if tick > 0:
        ratio_x128 = (2**256 - 1) // ratio_x128
    return ceil_div(ratio_x128, 2**32)


def tick_at_sqrt_ratio(sqrt_price_x96: int) -> int:
    """The greatest tick whose sqrt ratio is not above `sqrt_price_x96`.

    A float logarithm gives the neighbourhood, the exact ratios decide.
    Raises: ValueError outside [MIN_SQRT_RATIO, MAX_SQRT_RATIO) (the contract reverts `R`).
    """
    if not MIN_SQRT_RATIO <= sqrt_price_x96 < MAX_SQRT_RATIO:
        raise ValueError(f"sqrt price {sqrt_price_x96} is outside Uniswap's range")
    guess = 2 * (math.log(sqrt_price_x96) - math.log(Q96)) / math.log(1.0001)
    tick = max(MIN_TICK, min(MAX_TICK - 1, math.floor(guess)))
    while sqrt_ratio_at_tick(tick) > sqrt_price_x96:
        tick -= 1
    while sqrt_ratio_at_tick(tick + 1) <= sqrt_price_x96:
        tick += 1
    return tick


def amount0(sqrt_a_x96: int, sqrt_b_x96: int, liquidity: int) -> int:
    """Base that `liquidity` holds between two sqrt prices (a <= b): two floors."""
    return liquidity * Q96 * (sqrt_b_x96 - sqrt_a_x96) // sqrt_b_x96 // sqrt_a_x96


def amount1(sqrt_a_x96: int, sqrt_b_x96: int, liquidity: int) -> int:
    """Quote that `liquidity` holds between two sqrt prices (a <= b), rounded down."""
    return liquidity * (sqrt_b_x96 - sqrt_a_x96) // Q96


def amounts_in_range(
    sqrt_price_x96: int, lower_tick: int, upper_tick: int, liquidity: int
) -> tuple[int, int]:
    """(base, quote) that `liquidity` in [lower, upper) holds at the pool's sqrt price."""
    low, high = sqrt_ratio_at_tick(lower_tick), sqrt_ratio_at_tick(upper_tick)
    price = max(low, min(high, sqrt_price_x96))
    return amount0(price, high, liquidity), amount1(low, price, liquidity)
