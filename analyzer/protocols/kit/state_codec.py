"""A protocol's state as bytes and back, by the type hints of its dataclasses.

What is written is JSON: a dataclass is the list of its fields, a dict the list of its keys and
values in turn (their order is part of the state), a set a sorted list, an enum its member's name,
a union `[which, value]`, an integer beyond 64 bits its hexadecimal digits. Nothing is executed:
the hints say what may come, and anything else is refused with the path to it. Types are exact: a
bool is no int here, and neither is a numpy integer or an enum.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Generic, TypeVar

import orjson

from analyzer.protocols.kit.state_coders import Coders
from analyzer.protocols.kit.state_leaves import CodecError

T = TypeVar("T")


class StateCodec(Generic[T]):
    """Values of one type to bytes and back.

    Raises: CodecError for a hint that cannot be written, with its path.
    """

    def __init__(self, hint: type[T]) -> None:
        self._coders = coders = Coders()
        self._coder = coders.of(hint, str(getattr(hint, "__name__", hint)))
        text = "\n".join([self._coder.shape, *coders.shapes()])
        self.shape = hashlib.sha256(text.encode()).hexdigest()[:16]
        """A digest of every type, field and order that is written: 16 hex digits. Bytes are read
        back only by a codec of the same shape."""

    def encode(self, value: T) -> bytes:
        """The bytes of `value`: the same for equal values, on every machine.

        Raises: CodecError with the path to what is not of the type that its hint says.
        """
        return b"".join(self.pieces(value))

    def pieces(self, value: T) -> Iterator[bytes]:
        """The same bytes in pieces, of which none is large and each is made when it is asked for:
        a state may be larger as JSON than there is memory for.

        Raises: CodecError, at the piece where it is.
        """
        self._coders.written.clear()
        try:
            yield from self._coder.json(value)
        finally:
            self._coders.written.clear()

    def decode(self, data: bytes) -> T:
        """The value that `encode` wrote.

        Raises: CodecError with the path to what does not belong there; a value is never guessed.
        """
        try:
            found = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise CodecError(f"is no state: {error}") from error
        value: T = self._coder.decode(found)
        return value
