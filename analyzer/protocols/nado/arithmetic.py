"""Signed 128-bit numbers with 18 decimals, as the contracts compute with them.

Every product and quotient is taken over 256 bits and truncated toward zero; a result that does not
fit 128 bits reverts `OF`, a division by zero `DBZ`.
Source: `MathSD21x18.sol` of nadohq/nado-contracts 1.1.0; spec section 2.
"""

from __future__ import annotations

from analyzer.model.integers import WAD
from analyzer.protocols.kit.unreadable import UnreadableNumberError, reverts

LIMIT = 2**127
"""Numbers are at least -LIMIT and below LIMIT."""
INF = (LIMIT - 1) // 128
"""The health that a balance takes away which may not be borrowed. It is an addend: other balances
come on top, so that no test for equality finds it."""


def fits(value: int) -> int:
    """The value. Raises: UnreadableNumberError with `OF` when it is no signed 128-bit number."""
    if -LIMIT <= value < LIMIT:
        return value
    raise UnreadableNumberError(reverts("128-bit arithmetic", "OF"))


def mul(x: int, y: int) -> int:
    """x * y / 1e18, toward zero. Raises: UnreadableNumberError with `OF`."""
    product = x * y
    return fits(product // WAD if product >= 0 else -(-product // WAD))


def div(x: int, y: int) -> int:
    """x * 1e18 / y, toward zero. Raises: UnreadableNumberError with `OF` or `DBZ`."""
    if y == 0:
        raise UnreadableNumberError(reverts("128-bit arithmetic", "DBZ"))
    quotient = abs(x) * WAD // abs(y)
    return fits(quotient if (x < 0) == (y < 0) else -quotient)


def part(x: int, divisor: int) -> int:
    """x / divisor for a divisor above 0, toward zero, as `/` of int128 does."""
    return x // divisor if x >= 0 else -(-x // divisor)


def power(base: int, exponent: int) -> int:
    """base ** exponent by squaring from the lowest bit up; the order decides the truncations.

    Raises: UnreadableNumberError with `OF`.
    """
    result, factor = WAD, base
    while exponent:
        if exponent & 1:
            result = mul(result, factor)
        factor = mul(factor, factor)
        exponent >>= 1
    return result
