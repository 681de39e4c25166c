"""Coders of what holds nothing else: an integer, a text, bytes, a fraction, a flag, an enum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

import orjson

_LEAST, _BEYOND = -(2**63), 2**64
"""The integers that JSON holds here as they are: _LEAST <= value < _BEYOND."""

Code = Callable[[Any], Any]


class CodecError(ValueError):
    """Something that cannot be written or read back. `path` leads to it from the root."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = ""

    def under(self, step: str) -> CodecError:
        """The same error, seen from one step further out."""
        self.path = step + self.path
        return self

    def __str__(self) -> str:
        return f"{self.path or 'value'}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Coder:
    """One hint. shape: its structure as text. runtime: the exact classes of its values. pieces:
    what `encode` gives as JSON, in pieces, where a value may be too large to be made at once."""

    shape: str
    runtime: tuple[type, ...]
    encode: Code
    decode: Code
    pieces: Callable[[Any], Iterator[bytes]] | None = None

    def json(self, value: Any) -> Iterator[bytes]:
        """The JSON of a value, in pieces. Raises: CodecError."""
        if self.pieces is not None:
            yield from self.pieces(value)
        else:
            yield dumped(self.encode(value))


def dumped(made: Any) -> bytes:
    """What an encoder made, as JSON. Raises: CodecError for what JSON does not hold."""
    try:
        return orjson.dumps(made)
    except orjson.JSONEncodeError as error:
        raise CodecError(f"cannot be written: {error}") from error


def not_a(value: object, wanted: str) -> CodecError:
    """What is raised for a value of another type than its hint says."""
    return CodecError(f"{type(value).__name__} where {wanted} belongs")


def _plain(kind: type) -> Coder:
    """A bool or None, as JSON has it."""

    def same(value: Any) -> Any:
        if type(value) is not kind:
            raise not_a(value, kind.__name__)
        return value

    return Coder(kind.__name__, (kind,), same, same)


def _encode_int(value: Any) -> int | str:
    if type(value) is not int:
        raise not_a(value, "int")
    return value if _LEAST <= value < _BEYOND else format(value, "x")


def _decode_int(found: Any) -> int:
    if type(found) is int:
        return found
    if type(found) is str:
        try:
            value = int(found, 16)
        except ValueError:
            raise CodecError("no integer") from None
        if _encode_int(value) == found:
            return value
    raise CodecError("no integer")


def _encode_text(value: Any) -> str:
    if type(value) is not str:
        raise not_a(value, "str")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise CodecError("a text that is no Unicode") from None
    return value


def _decode_text(found: Any) -> str:
    if type(found) is not str:
        raise CodecError("no text")
    return found


def _encode_bytes(value: Any) -> str:
    if type(value) is not bytes:
        raise not_a(value, "bytes")
    return value.hex()


def _decode_bytes(found: Any) -> bytes:
    try:
        value = bytes.fromhex(found)
    except (TypeError, ValueError):
        raise CodecError("no bytes") from None
    if value.hex() != found:
        raise CodecError("no bytes")
    return value


def _encode_fraction(value: Any) -> list[int | str]:
    if type(value) is not Fraction:
        raise not_a(value, "Fraction")
    return [_encode_int(value.numerator), _encode_int(value.denominator)]


def _decode_fraction(found: Any) -> Fraction:
    if type(found) is not list or len(found) != 2:
        raise CodecError("no fraction")
    above, below = map(_decode_int, found)
    if below <= 0 or Fraction(above, below).denominator != below:
        raise CodecError("no fraction in lowest terms")
    return Fraction(above, below)


LEAVES: Mapping[Any, Coder] = {
    int: Coder("int", (int,), _encode_int, _decode_int),
    str: Coder("str", (str,), _encode_text, _decode_text),
    bytes: Coder("bytes", (bytes,), _encode_bytes, _decode_bytes),
    Fraction: Coder("Fraction", (Fraction,), _encode_fraction, _decode_fraction),
    bool: _plain(bool),
    type(None): _plain(type(None)),
    None: _plain(type(None)),
}


def enum_coder(cls: type[Enum]) -> Coder:
    """An enum by its members' names."""
    by_name = {member.name: member for member in cls}

    def encode(value: Any) -> str:
        if type(value) is not cls:
            raise not_a(value, cls.__name__)
        return str(value.name)

    def decode(found: Any) -> Enum:
        member = by_name.get(found) if type(found) is str else None
        if member is None:
            raise CodecError(f"no {cls.__name__}")
        return member

    return Coder(f"{cls.__qualname__}{{{', '.join(by_name)}}}", (cls,), encode, decode)
