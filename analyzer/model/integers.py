"""Exact integer arithmetic with the rounding of Solidity, which is not the rounding of Python.

Solidity's signed division truncates toward zero; Python's `//` floors. Every division in the
house goes through one of these functions, so that its rounding direction is in its name.
"""

from __future__ import annotations

WAD = 10**18
"""One, in 18 decimals."""

INT256_MIN = -(2**255)
INT256_MAX = 2**255 - 1
UINT256_MOD = 2**256
HUGEINT_MAX = 2**127 - 1
"""Largest value that DuckDB's HUGEINT holds; the smallest is -(2**127 - 1) on our side."""


def trunc_div(numerator: int, denominator: int) -> int:
    """`numerator / denominator` truncated toward zero, as Solidity divides.

    Raises: ZeroDivisionError when `denominator` is 0.
    """
    quotient = abs(numerator) // abs(denominator)
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def floor_div(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded toward minus infinity (`denominator` > 0)."""
    return numerator // denominator


def ceil_div(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded toward plus infinity (`denominator` > 0)."""
    return -(-numerator // denominator)


def mul_div(a: int, b: int, denominator: int) -> int:
    """`a * b / denominator` with a full-width product, truncated toward zero."""
    return trunc_div(a * b, denominator)


def mul_div_up(a: int, b: int, denominator: int) -> int:
    """`a * b / denominator` for non-negative operands, rounded up."""
    return ceil_div(a * b, denominator)


def to_int256(word: int) -> int:
    """The signed reading of an unsigned 256-bit word (two's complement)."""
    word %= UINT256_MOD
    return word - UINT256_MOD if word > INT256_MAX else word


def wrap_uint256(value: int) -> int:
    """`value` modulo 2**256: what an unchecked uint256 holds."""
    return value % UINT256_MOD


def clamp(value: int, low: int, high: int) -> int:
    """`value` held inside `[low, high]`."""
    return max(low, min(high, value))
