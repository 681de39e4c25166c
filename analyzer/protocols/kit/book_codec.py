"""A book as bytes that a snapshot keeps: header, legs and the protocol's own state, compressed.

    zlib( JSON line: header \n JSON line: legs \n JSON line: state )

The digest is over the bytes before compression, so it does not depend on the compressor.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from analyzer.model.book import Asset, Book
from analyzer.model.limits import MB, UNPACKED_MB
from analyzer.protocols.kit.state_codec import StateCodec
from analyzer.protocols.kit.state_coders import CodecError

FORMAT = 1
"""Version of the frame below; what is inside is versioned by methodology and by shape."""

_LEVEL = 1
"""Three times as fast as the usual 6, for a seventh more."""


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
        parts = (_HEADERS.encode(self._header), _LEGS.encode(legs), self._state.encode(book.state))
        return zlib.compress(b"\n".join(parts), _LEVEL)

    def unpack(self, data: bytes) -> Book:
        """The book that `pack` wrote.

        Raises: CodecError for bytes of another protocol, methodology or program, or damaged ones.
        """
        parts = _inflate(data).split(b"\n")
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


def book_digest(data: bytes) -> str:
    """sha256, in hex, of what a packed book holds before compression. Raises: CodecError."""
    return hashlib.sha256(_inflate(data)).hexdigest()


def _inflate(data: bytes) -> bytes:
    """What a book holds before compression. Raises: CodecError for no such bytes, and for more
    than is taken in: a few bytes can stand for gigabytes."""
    most = UNPACKED_MB.value * MB
    packed = zlib.decompressobj()
    try:
        text = packed.decompress(data, most + 1)
    except zlib.error as error:
        raise CodecError(f"is no book: {error}") from error
    if len(text) > most:
        raise CodecError(f"holds more than {most // MB:,} MB unpacked ({UNPACKED_MB.remedy})")
    if not packed.eof:
        raise CodecError("is no book: it is cut")
    return text


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
