"""Integers that may not fit DuckDB's HUGEINT: a value, or 32 bytes beside it, never a clip.

fits 127 bits     column = value    column_overflow = NULL
does not fit      column = NULL     column_overflow = 32 bytes, big-endian
unknown           column = NULL     column_overflow = NULL
"""

from __future__ import annotations

from analyzer.model.integers import HUGEINT_MAX, INT256_MAX, INT256_MIN, UINT256_MOD
from analyzer.store.schema import OVERFLOW_BYTES

_SIGN_BIT = 1 << 255


def split(value: int | None, *, signed: bool = True) -> tuple[int | None, bytes | None]:
    """`value` as (HUGEINT, overflow bytes).

    Raises: OverflowError when it does not fit a 256-bit word either; nothing is ever clipped.
    """
    if value is None or -HUGEINT_MAX <= value <= HUGEINT_MAX:
        return value, None
    return None, as_word(value, signed=signed)


def as_word(value: int, *, signed: bool = True) -> bytes:
    """`value` as the 32 bytes of an overflow column.

    Raises: OverflowError when it does not fit a 256-bit word.
    """
    low, high = (INT256_MIN, INT256_MAX) if signed else (0, UINT256_MOD - 1)
    if not low <= value <= high:
        word = "int256" if signed else "uint256"
        raise OverflowError(f"{value} does not fit {word}: it cannot be stored exactly")
    word_value = value + _SIGN_BIT if signed else value
    return word_value.to_bytes(OVERFLOW_BYTES, "big")


def join(value: int | None, overflow: bytes | None, *, signed: bool = True) -> int | None:
    """The integer that `split` took apart; None when it was unknown."""
    if overflow is None:
        return value
    word = int.from_bytes(overflow, "big")
    return word - _SIGN_BIT if signed else word
