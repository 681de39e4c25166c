"""Products and quotients of 18-decimal numbers, each with the contracts' rounding.

Source: derivexyz/lyra-utils `DecimalMath`, `SignedDecimalMath`.
"""

from __future__ import annotations

from analyzer.model.integers import WAD, trunc_div


def mul(x: int, y: int) -> int:
    """`x * y / 1e18`, truncated toward zero (multiplyDecimal, signed and unsigned)."""
    product = x * y
    return product // WAD if product >= 0 else -(-product // WAD)


def div(x: int, y: int) -> int:
    """`x * 1e18 / y`, truncated toward zero (divideDecimal).

    Raises: ZeroDivisionError when `y` is 0, where the contract panics.
    """
    return trunc_div(x * WAD, y)


def div_round(x: int, y: int) -> int:
    """`x * 1e18 / y` to the nearest, halves away from zero (divideDecimalRound).

    One more digit is kept by truncation and then rounded, so a quotient just below a half is
    never rounded up twice. Raises: ZeroDivisionError when `y` is 0.
    """
    tenths = trunc_div(x * WAD * 10, y)
    last = abs(tenths) % 10
    if last >= 5:
        tenths += 10 if tenths > 0 else -10
    return trunc_div(tenths, 10)
