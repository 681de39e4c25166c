"""ABI types: the text of a type (`(uint256,address)[3]`) as a small tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from analyzer.model.errors import InputError

WORD = 32
"""Bytes of one ABI word."""


@dataclass(frozen=True, slots=True)
class WordType:
    """A value that is one word: `kind` is uint, int, address, bool or bytes; `size` is the width
    of an integer in bits, else the width in bytes."""

    kind: str
    size: int

    @property
    def head_bytes(self) -> int:
        """How many bytes it takes in the head: one word."""
        return WORD

    @property
    def dynamic(self) -> bool:
        """Never: a word stands where it is."""
        return False

    def __str__(self) -> str:
        return self.kind if self.kind in ("address", "bool") else f"{self.kind}{self.size}"


@dataclass(frozen=True, slots=True)
class BlobType:
    """`bytes` or `string`: a length and that many bytes, padded to words."""

    kind: str

    @property
    def head_bytes(self) -> int:
        """One word: the offset of the tail."""
        return WORD

    @property
    def dynamic(self) -> bool:
        """Always: it stands in the tail."""
        return True

    def __str__(self) -> str:
        return self.kind


@dataclass(frozen=True, slots=True)
class ArrayType:
    """`item[length]`, or `item[]` when `length` is None."""

    item: AbiType
    length: int | None

    @property
    def dynamic(self) -> bool:
        """Whether it stands in the tail: no fixed length, or dynamic items."""
        return self.length is None or self.item.dynamic

    @property
    def head_bytes(self) -> int:
        """One word (an offset) when dynamic, else all its items."""
        if self.length is None or self.item.dynamic:
            return WORD
        return self.length * self.item.head_bytes

    def __str__(self) -> str:
        return f"{self.item}[{'' if self.length is None else self.length}]"


@dataclass(frozen=True, slots=True)
class TupleType:
    """`(a,b,...)`: a struct, or the whole argument list of a function."""

    items: tuple[AbiType, ...]

    @property
    def dynamic(self) -> bool:
        """Whether any item is dynamic."""
        return any(item.dynamic for item in self.items)

    @property
    def head_bytes(self) -> int:
        """One word (an offset) when dynamic, else all its items."""
        return WORD if self.dynamic else self.inner_head_bytes

    @property
    def inner_head_bytes(self) -> int:
        """The length of its own head."""
        return sum(item.head_bytes for item in self.items)

    def __str__(self) -> str:
        return f"({','.join(map(str, self.items))})"


AbiType: TypeAlias = WordType | BlobType | ArrayType | TupleType

_ELEMENT = re.compile(r"(uint|int|bytes|address|bool|string|function)(\d*)")


@lru_cache(maxsize=4096)
def parse_type(text: str) -> AbiType:
    """The tree of a canonical or short (`uint`) type. Raises InputError naming a bad one."""
    kind, position = _parse(text, 0)
    if position != len(text):
        raise InputError(f"'{text}' is not an ABI type (stops making sense at '{text[position:]}')")
    return kind


def _parse(text: str, position: int) -> tuple[AbiType, int]:
    """One type from `position` on, and the position after it, array suffixes included."""
    base: AbiType
    if text.startswith("(", position):
        base, position = _parse_tuple(text, position + 1)
    else:
        match = _ELEMENT.match(text, position)
        if match is None:
            raise InputError(f"'{text}' is not an ABI type (at '{text[position:]}')")
        base, position = _element(text, match[1], match[2]), match.end()
    while match := re.compile(r"\[(\d*)\]").match(text, position):
        base, position = ArrayType(base, int(match[1]) if match[1] else None), match.end()
    return base, position


def _parse_tuple(text: str, position: int) -> tuple[TupleType, int]:
    """The items of a tuple whose opening parenthesis is just before `position`."""
    items: list[AbiType] = []
    if text.startswith(")", position):
        return TupleType(()), position + 1
    while True:
        item, position = _parse(text, position)
        items.append(item)
        after = text[position : position + 1]
        position += 1
        if after == ")":
            return TupleType(tuple(items)), position
        if after != ",":
            raise InputError(f"'{text}' is not an ABI type (a tuple is not closed)")


def _element(text: str, kind: str, digits: str) -> AbiType:
    """The elementary type `kind` + `digits`, with the widths that Solidity allows."""
    size = int(digits) if digits else 0
    if kind in ("uint", "int"):
        size = size if digits else 256
        if size % 8 == 0 and 8 <= size <= 256:
            return WordType(kind, size)
    elif kind == "bytes":
        if not digits:
            return BlobType("bytes")
        if 1 <= size <= WORD:
            return WordType("bytes", size)
    elif not digits:
        if kind == "string":
            return BlobType("string")
        return WordType(*{"address": ("address", 20), "bool": ("bool", 1)}.get(kind, ("bytes", 24)))
    raise InputError(f"'{text}' is not an ABI type (no such width: {kind}{digits})")
