"""Columns of decimal text as exact integers, without a Python object a cell until the last step."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.model.integers import WAD
from analyzer.model.toml_file import shown
from analyzer.runs.tables.frames import Cells

MOST_DIGITS = 76
"""Of an amount, before and after its point together: what 256 bits hold for certain."""
PLAIN = r"^-?([0-9]+(\.[0-9]*)?|\.[0-9]+)$"
_EXPONENT = r"^-?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]{1,3}$"
_EXACT = Context(prec=4 * MOST_DIGITS)
_WORDS = 4
"""64-bit words of a 256-bit decimal."""

Complain = Callable[[int, str], Exception]
"""(row from 0, what is wrong) -> the error to raise."""


def plain(cells: Cells, name: str) -> tuple[Any, int]:
    """(a column as plain decimal text, how many cells had an exponent and were written out).

    Raises: InputError with row and column for an empty cell, and for what is no number.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = cells.column(name)
    odd = np.flatnonzero(~pc.match_substring_regex(column, PLAIN).to_numpy(zero_copy_only=False))
    if not len(odd):
        return column, 0
    short = pc.match_substring_regex(column.take(pa.array(odd)), _EXPONENT)
    texts = column.to_pylist()
    for row, has_exponent in zip(odd.tolist(), short.to_pylist(), strict=True):
        text = texts[row]
        if not has_exponent:
            raise cells.wrong(row, name, _no_number(text))
        written = format(_EXACT.create_decimal(text), "f")
        if len(written) > MOST_DIGITS + 2:
            raise cells.wrong(row, name, f"{shown(text)} has more than {MOST_DIGITS} digits")
        texts[row] = written
    return pa.array(texts, pa.string()), len(odd)


def _no_number(text: str) -> str:
    """Why a cell is no plain number."""
    if not text:
        return "is empty: write an amount (0 for none)"
    if text.lower().lstrip("+-") in ("nan", "inf", "infinity", "null", "none", "na", "n/a"):
        return f"{shown(text)} is no amount: leave the row out, or write what is known"
    if any(sign in text for sign in ",_' \u00a0"):
        return f"{shown(text)} has signs between its digits: write it without, like 1234567.89"
    return f"{shown(text)} is no decimal number"


def fraction_digits(column: Any) -> npt.NDArray[np.int64]:
    """[cell]: digits behind the point, trailing zeros aside."""
    import pyarrow.compute as pc

    bare = pc.replace_substring_regex(column, r"^[^.]*\.?", "")
    found = pc.utf8_length(pc.utf8_rtrim(bare, "0")).to_numpy(zero_copy_only=False)
    return np.asarray(found, dtype=np.int64)


def integers(column: Any, decimals: int, wrong: Complain) -> list[int]:
    """Plain decimal texts, shifted by `decimals`, exact.

    Raises: `wrong(row, why)` for one of more digits than 256 bits hold; that none has more
    decimals is the caller's to see.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = pc.replace_substring_regex(column, r"^-?0*|\..*$", "")
    lengths = pc.utf8_length(whole).to_numpy(zero_copy_only=False)
    long = np.flatnonzero(np.asarray(lengths) + decimals > MOST_DIGITS)
    if len(long):
        raise wrong(int(long[0]), f"has more than {MOST_DIGITS} digits")
    # Arrow refuses a scale that cuts even zeros: those behind the last digit go first.
    trimmed = pc.if_else(pc.match_substring(column, "."), pc.utf8_rtrim(column, "0"), column)
    array = pc.cast(trimmed, pa.decimal256(MOST_DIGITS, decimals))
    return _words_to_ints(array)


def _words_to_ints(array: Any) -> list[int]:
    """A decimal256 array as Python integers."""
    size, offset = len(array), array.offset
    if not size:
        return []
    words = np.frombuffer(array.buffers()[1], dtype="<u8")
    words = words[offset * _WORDS : (offset + size) * _WORDS].reshape(size, _WORDS)
    low, second = words[:, 0], words[:, 1].astype(np.int64)
    sign = (second >> 63).astype(np.uint64)
    if not ((words[:, 2] == sign) & (words[:, 3] == sign)).all():
        data = words.tobytes()
        return [
            int.from_bytes(data[at : at + 32], "little", signed=True)
            for at in range(0, len(data), 32)
        ]
    return [(high << 64) | rest for high, rest in zip(second.tolist(), low.tolist(), strict=True)]


def e18(text: str) -> tuple[int, bool] | None:
    """(a decimal text in 18 decimals, cut toward zero; whether digits were cut); None when it is no
    number, or one of more digits than 256 bits hold."""
    try:
        value = _EXACT.create_decimal(text)
    except ArithmeticError:
        return None
    if not value.is_finite() or "_" in text or abs(value.adjusted()) > MOST_DIGITS:
        return None
    scaled = value.scaleb(18, _EXACT)
    return int(scaled), scaled != int(scaled)


def decimal_text(amount: int, decimals: int) -> str:
    """An integer amount as plain decimal text, without trailing zeros."""
    text = format(Decimal(amount).scaleb(-decimals, _EXACT), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def share_text(share_e18: int) -> str:
    """A share of 18 decimals as plain decimal text."""
    return "1" if share_e18 == WAD else decimal_text(share_e18, 18)
