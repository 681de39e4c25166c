"""A book as bytes that a snapshot keeps: header, legs and the protocol's own state, compressed.

    zlib( JSON line: header \n JSON line: legs \n JSON line: state )

The digest is over the bytes before compression, so it does not depend on the compressor.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from analyzer.model.book import Asset, Book
from analyzer.model.limits import MB, UNPACKED_MB
from analyzer.protocols.kit.state_codec import StateCodec
from analyzer.protocols.kit.state_leaves import CodecError

FORMAT = 1
"""Version of the frame below; what is inside is versioned by methodology and by shape."""

_LEVEL = 1
"""Three times as fast as the usual 6, for a seventh more."""
_PIECE = 1 << 20
"""Bytes that are taken at once."""


@dataclass(frozen=True, slots=True)
class _Header:
    """What has to be equal before anything else is read. shape: of the state's types."""

    format: int
    protocol: str
    methodology: str
    shape: str


@dataclass(frozen=True, slots=True)
class _Legs:
    """The protocol-free part of a book. owners: None = every account owns itself."""

    account_ids: list[str]
    owners: list[str] | None
    assets: list[Asset]
    indptr: list[int]
    asset: list[int]
    amount: list[int]


_HEADERS = StateCodec(_Header)
_LEGS = StateCodec(_Legs)


class BookCodec:
    """Books of one protocol to bytes and back.

    state_type: what `Book.state` is. Raises: CodecError when the type of the state cannot be
    written.
    """

    def __init__(self, protocol: str, methodology: str, state_type: type[Any]) -> None:
        self._state = StateCodec(state_type)
        self._header = _Header(FORMAT, protocol, methodology, self._state.shape)

    def pack(self, book: Book) -> bytes:
        """The book as bytes: the same for the same book. Raises: CodecError with the path to what
        cannot be written."""
        ids, owners = list(book.account_ids), list(book.owners)
        legs = _Legs(
            account_ids=ids,
            owners=None if owners == ids else owners,
            assets=list(book.assets),
            indptr=book.indptr.tolist(),
            asset=book.asset.tolist(),
            amount=list(book.amount),
        )
        return packed(
            _HEADERS.pieces(self._header), _LEGS.pieces(legs), self._state.pieces(book.state)
        )

    def unpack(self, data: bytes) -> Book:
        """The book that `pack` wrote.

        Raises: CodecError for bytes of another protocol, methodology or program, or damaged ones.
        """
        parts = b"".join(_inflated(data)).split(b"\n")
        if len(parts) != 3:
            raise CodecError("is no book")
        header = _HEADERS.decode(parts[0])
        if header != self._header:
            raise CodecError(_other(header, self._header))
        legs = _LEGS.decode(parts[1])
        _check(legs)
        return Book(
            account_ids=legs.account_ids,
            owners=legs.account_ids if legs.owners is None else legs.owners,
            assets=legs.assets,
            indptr=np.array(legs.indptr, dtype=np.int64),
            asset=np.array(legs.asset, dtype=np.int32),
            amount=legs.amount,
            state=self._state.decode(parts[2]),
        )


def packed(*lines: Iterable[bytes]) -> bytes:
    """Lines, each given in pieces, compressed: never all of them in memory as they are."""
    press = zlib.compressobj(_LEVEL)
    out = []
    for number, line in enumerate(lines):
        out += [press.compress(b"\n")] if number else []
        out += map(press.compress, line)
    return b"".join([*out, press.flush()])


def book_digest(data: bytes) -> str:
    """sha256, in hex, of what a packed book holds before compression. Raises: CodecError."""
    digest = hashlib.sha256()
    for piece in _inflated(data):
        digest.update(piece)
    return digest.hexdigest()


def _inflated(data: bytes) -> Iterator[bytes]:
    """What a book holds before compression, in pieces. Raises: CodecError for no such bytes, and
    for more than is taken in: a few bytes can stand for gigabytes."""
    most, size = UNPACKED_MB.value, 0
    inflate = zlib.decompressobj()
    # The last, empty piece asks for what was taken in and not yet given out.
    starts = (*range(0, len(data), _PIECE), len(data))
    for start in starts:
        some = data[start : start + _PIECE]
        while not inflate.eof:
            try:
                piece = inflate.decompress(some, _PIECE)
            except zlib.error as error:
                raise CodecError(f"is no book: {error}") from error
            size += len(piece)
            if size > most * MB:
                raise CodecError(f"holds more than {most:,} MB unpacked ({UNPACKED_MB.remedy})")
            yield piece
            some = inflate.unconsumed_tail
            if not some and len(piece) < _PIECE:
                break
    if not inflate.eof:
        raise CodecError("is no book: it is cut")


def _other(found: _Header, wanted: _Header) -> str:
    """What differs between two headers, in words."""
    for name in ("format", "protocol", "methodology"):
        if getattr(found, name) != getattr(wanted, name):
            return f"is of {name} {getattr(found, name)!r}, not {getattr(wanted, name)!r}"
    return "was written by a program whose state has other fields"


def _check(legs: _Legs) -> None:
    """Sees that the legs fit together. Raises: CodecError."""
    marks, rows = legs.indptr, len(legs.amount)
    fits = (
        len(marks) == len(legs.account_ids) + 1
        and (legs.owners is None or len(legs.owners) == len(legs.account_ids))
        and marks[0] == 0
        and marks[-1] == rows
        and all(low <= high for low, high in pairwise(marks))
        and len(legs.asset) == rows
        and all(0 <= number < len(legs.assets) for number in legs.asset)
    )
    if not fits:
        raise CodecError("legs that do not fit together")
