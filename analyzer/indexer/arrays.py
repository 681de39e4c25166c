"""Bytes of many logs as Arrow arrays, without an object per value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.abi.batch import Bytes, Mask, distinct
from analyzer.abi.columns import above_differs
from analyzer.abi.keccak import checksum
from analyzer.abi.types import WORD

if TYPE_CHECKING:
    import pyarrow as pa

_HUGEINT_BYTES = 16
_SIGN = np.uint8(0x80)


def fixed_bytes(rows: Bytes, *, valid: Mask | None = None) -> pa.Array:
    """Rows of bytes as a column of one width; rows that are not valid are NULL."""
    import pyarrow as pa

    bitmap, nulls = None, 0
    if valid is not None and not valid.all():
        bitmap = pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
        nulls = int(len(valid) - valid.sum())
    data = pa.py_buffer(np.ascontiguousarray(rows))
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(rows.shape[1]), len(rows), [bitmap, data], null_count=nulls
    )


def joined_bytes(parts: Sequence[Bytes]) -> pa.Array:
    """Rows of bytes as one column, the rows of each part of another width."""
    import pyarrow as pa

    widths = np.concatenate([np.full(len(rows), rows.shape[1]) for rows in parts])
    offsets = np.append(0, np.cumsum(widths)).astype(np.int32)
    data = np.concatenate([np.ascontiguousarray(rows).ravel() for rows in parts])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.binary(), len(widths), buffers, null_count=0)


def hex_text(rows: Bytes) -> pa.Array:
    """Rows of bytes as 0x text."""
    import pyarrow as pa

    count, width = rows.shape
    text = np.empty((count, 2 + 2 * width), dtype=np.uint8)
    text[:, 0], text[:, 1] = ord("0"), ord("x")
    digits = np.ascontiguousarray(rows).tobytes().hex().encode()
    text[:, 2:] = np.frombuffer(digits, dtype=np.uint8).reshape(count, 2 * width)
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(text.shape[1])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.string(), count, buffers, null_count=0)


def addresses(rows: Bytes) -> pa.Array:
    """Checksummed addresses; each different one is hashed once."""
    import pyarrow as pa

    first, which = distinct(rows)
    texts = [checksum(rows[row].tobytes()) for row in first.tolist()]
    return pa.array(texts, pa.string()).take(pa.array(which))


def hugeints(words: Bytes, *, valid: Mask | None = None) -> pa.Array:
    """The low 128 bits of words, signed, as DuckDB's HUGEINT."""
    import pyarrow as pa

    kind = pa.opaque(pa.binary(_HUGEINT_BYTES), "hugeint", "DuckDB")
    low = fixed_bytes(words[:, : WORD - _HUGEINT_BYTES - 1 : -1], valid=valid)
    return pa.ExtensionArray.from_storage(kind, low)


def wide_integers(words: Bytes, *, signed: bool) -> tuple[pa.Array, pa.Array]:
    """Words as (HUGEINT, 32 bytes beside it where it is not within +-(2**127 - 1)), as
    `store.overflow256` splits them."""
    over = above_differs(words, WORD - _HUGEINT_BYTES, signed=signed)
    over |= _lowest(words) if signed else words[:, WORD - _HUGEINT_BYTES] >= _SIGN
    beside = words
    if signed:
        beside = words.copy()
        beside[:, 0] ^= _SIGN
    return hugeints(words, valid=~over), fixed_bytes(beside, valid=over)


def small_integers(words: Bytes) -> Any:
    """The low 64 bits of words, signed. Shape: [row]."""
    return np.ascontiguousarray(words[:, WORD - 8 :]).view(">i8").ravel().astype(np.int64)


def _lowest(words: Bytes) -> Mask:
    """Where the low 128 bits are -2**127, which has no positive twin."""
    low = words[:, WORD - _HUGEINT_BYTES :]
    return np.asarray((low[:, 0] == _SIGN) & ~low[:, 1:].any(axis=1))
