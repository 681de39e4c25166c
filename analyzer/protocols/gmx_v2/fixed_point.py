"""GMX V2's fixed-point numbers: factors of 30 decimals, and the power that scales impact.

Source: gmx-synthetics `Precision.sol`, `Calc.sol`; PRB Math 2.4 `PRBMathUD60x18` (pow, log2, exp2),
whose sixty halvings and 64.64 factors are ported as they are: a float power differs from about the
17th digit.
"""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

from analyzer.model.integers import WAD, ceil_div, mul_div

ONE = 10**30
"""1 (100 %) as a factor, and one US dollar."""
PER_SIZE = 10**45
"""Unit of funding amounts per size."""
_WEI = 10**12
"""Between a 30-decimal factor and an 18-decimal one."""
_HALF = WAD // 2


def apply_factor(value: int, factor: int) -> int:
    """value x factor / 1e30, truncated toward zero (factor >= 0)."""
    return mul_div(value, factor, ONE)


def to_factor(value: int, divisor: int) -> int:
    """value / divisor as a factor of 30 decimals, truncated toward zero. Raises:
    ZeroDivisionError."""
    return mul_div(value, ONE, divisor)


def mul_div_away(value: int, numerator: int, divisor: int) -> int:
    """value x numerator / divisor, its magnitude rounded up (numerator, divisor >= 0)."""
    magnitude = ceil_div(abs(value) * numerator, divisor)
    return magnitude if value >= 0 else -magnitude


def bound_magnitude(value: int, low: int, high: int) -> int:
    """`value` with its magnitude held inside `[low, high]`; 0 counts as positive."""
    magnitude = min(max(abs(value), low), high)
    return -magnitude if value < 0 else magnitude


@lru_cache(maxsize=4096)
def apply_exponent(value: int, exponent: int) -> int:
    """value ^ exponent, both of 30 decimals: 0 below 1; itself where the exponent is 1; else the
    power of what 18 decimals hold of both (value >= 0)."""
    if value < ONE:
        return 0
    if exponent == ONE:
        return value
    return power(value // _WEI, exponent // _WEI) * _WEI


def power(x: int, y: int) -> int:
    """x ^ y in 18 decimals, as PRBMathUD60x18.pow: exp2(log2(x) y), the product rounded half up.

    Raises: ValueError where the library refuses (0 < x < 1, or a result beyond 2^192).
    """
    if x == 0:
        return WAD if y == 0 else 0
    return exp2((log2(x) * y + _HALF) // WAD)


def log2(x: int) -> int:
    """The binary logarithm in 18 decimals, rounded down bit by bit. Raises: ValueError below 1."""
    if x < WAD:
        raise ValueError("PRBMathUD60x18__LogInputTooSmall")
    whole = (x // WAD).bit_length() - 1
    result = whole * WAD
    y = x >> whole
    if y == WAD:
        return result
    delta = _HALF
    while delta:
        y = y * y // WAD
        if y >= 2 * WAD:
            result += delta
            y >>= 1
        delta >>= 1
    return result


def exp2(x: int) -> int:
    """2 ^ x in 18 decimals, by the factors of the fraction's set bits. Raises: ValueError from
    192 on."""
    if x >= 192 * WAD:
        raise ValueError("PRBMathUD60x18__Exp2InputTooBig")
    fixed = (x << 64) // WAD
    result = 1 << 191
    for bit, factor in enumerate(_root_factors()):
        if fixed & (1 << (63 - bit)):
            result = result * factor >> 64
    return result * WAD >> (191 - (fixed >> 64))


@lru_cache(maxsize=1)
def _root_factors() -> tuple[int, ...]:
    """2^(1/2), 2^(1/4), ... 2^(2^-64) in 64.64, rounded to nearest: the library's constants."""
    precision = 320
    root = 2 << precision
    factors = []
    for _ in range(64):
        root = isqrt(root << precision)
        factors.append((root + (1 << (precision - 65))) >> (precision - 64))
    return tuple(factors)
