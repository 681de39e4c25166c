"""Values to ABI bytes and back, exact and strict.

    head                                  tail
    | word | offset -> --------------+    |
    0      32                        +--> | length | bytes, padded to words |

Every word is checked to be what its type allows (no dirty padding, no bool of 2); what is short,
points outside, or is dirty raises DecodeError with the field named. Bytes after the values are
allowed in the answer of a view, as Solidity allows them: a newer struct may have grown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from analyzer.abi.errors import DecodeError
from analyzer.abi.keccak import address_bytes, checksum, keccak
from analyzer.abi.types import (
    WORD,
    AbiType,
    BlobType,
    TupleType,
    WordType,
    parse_type,
)
from analyzer.model.errors import InputError
from analyzer.model.reads import ReadRequest

Reader: TypeAlias = Callable[[bytes], object]
"""Reads and checks one word; the DecodeError that it raises has no field yet."""

_ERROR = bytes.fromhex("08c379a0")
"""Selector of Error(string)."""
_ADDRESSES = 1 << 16
"""Addresses whose words are kept: judges ask the same ones many times."""


def decode_values(
    types: Sequence[str], data: bytes, *, names: Sequence[str] = ()
) -> tuple[object, ...]:
    """The values of `types` at the start of `data`.

    Ints are int, bool bool, addresses checksummed text, bytesN and bytes are bytes, strings str,
    structs and arrays are tuples. `names` name the fields in errors.
    Raises DecodeError for short data, bad offsets, dirty padding and strings that are not UTF-8.
    """
    tree, readers = _plan(tuple(types))
    if readers is None:
        return _decode_tuple(tree, data, 0, [_name(types, names, i) for i in range(len(types))])
    if len(data) < WORD * len(readers):
        missing = len(data) // WORD
        raise DecodeError(_name(types, names, missing), _short(len(data), WORD * (missing + 1)))
    values: list[object] = []
    try:
        for at, reader in zip(range(0, len(data), WORD), readers, strict=False):
            values.append(reader(data[at : at + WORD]))
    except DecodeError as error:
        raise DecodeError(_name(types, names, len(values)), error.problem) from None
    return tuple(values)


def encode_values(types: Sequence[str], values: Sequence[object]) -> bytes:
    """The ABI encoding of `values` as an argument list of `types` (no selector).

    Raises InputError naming the argument that does not fit its type.
    """
    tree, readers = _plan(tuple(types))
    if len(values) != len(types):
        raise InputError(f"{len(types)} values are wanted ({', '.join(types)}), got {len(values)}")
    if readers is not None:
        return b"".join(
            _encode_word(item, value)
            for item, value in zip(tree.items, values, strict=True)
            if isinstance(item, WordType)
        )
    return _encode_sequence(tree.items, values)


def decode_revert(data: bytes) -> str:
    """What a revert says: the text of Error(string), the code of Panic(uint256), else its 0x
    selector, or '' when there is no data. An Error whose text is an encoded Error, as a contract
    makes it that passes another one's revert on, says what that one says."""
    if not data:
        return ""
    try:
        if data[:4] == _ERROR:
            (inner,) = decode_values(["bytes"], data[4:])
            if isinstance(inner, bytes) and inner[:4] == _ERROR:
                return decode_revert(inner)
            return str(decode_values(["string"], data[4:])[0])
        if data[:4] == bytes.fromhex("4e487b71"):
            return f"Panic(0x{decode_values(['uint256'], data[4:])[0]:02x})"
    except DecodeError:
        # A contract may revert with anything; what is not well formed is shown as it is.
        return "0x" + data.hex()
    return "0x" + data[:4].hex()


def mapping_slot(key: int | str | bytes, slot: int) -> int:
    """The storage slot of `mapping[key]` for a mapping at `slot`: keccak256(key word . slot word).

    `key`: an int (signed as two's complement), an address as text or 20 bytes, a bytesN (left
    aligned). The keys of `mapping(string/bytes => ...)` are not padded and are not for this.
    """
    if isinstance(key, int):
        word = (key % (1 << 256)).to_bytes(WORD, "big")
    elif isinstance(key, str) or len(key) == 20:
        word = address_bytes(key).rjust(WORD, b"\0")
    else:
        word = key.ljust(WORD, b"\0")
    return int.from_bytes(keccak(word + slot.to_bytes(WORD, "big")), "big")


def slot_request(address: str, slot: int, label: str = "") -> ReadRequest:
    """The read of one storage slot of `address`."""
    return ReadRequest("slot", address, f"0x{slot:064x}", label)


@lru_cache(maxsize=4096)
def _plan(types: tuple[str, ...]) -> tuple[TupleType, tuple[Reader, ...] | None]:
    """The tree of an argument list and, where all of it are single words, their readers."""
    items = tuple(parse_type(text) for text in types)
    if all(isinstance(item, WordType) for item in items):
        return TupleType(items), tuple(
            word_reader(item) for item in items if isinstance(item, WordType)
        )
    return TupleType(items), None


def _name(types: Sequence[str], names: Sequence[str], i: int) -> str:
    """How an error names field `i`."""
    name = names[i] if i < len(names) else ""
    return f"{name or i} ({types[i]})"


def _short(have: int, wanted: int) -> str:
    return f"the answer ends after {have} bytes, {wanted} are needed"


@lru_cache(maxsize=256)
def word_reader(kind: WordType) -> Reader:
    """The function that reads and checks one word of this type."""
    if kind.kind == "uint":
        return _uint_reader(kind.size)
    if kind.kind == "int":
        return _int_reader(kind.size)
    return {"address": _read_address, "bool": _read_bool}.get(
        kind.kind, _bytes_reader(min(kind.size, WORD))
    )


def _uint_reader(bits: int) -> Reader:
    def read(word: bytes) -> int:
        value = int.from_bytes(word, "big")
        if value >> bits:
            raise DecodeError("", f"0x{word.hex()} does not fit uint{bits}")
        return value

    return read


def _int_reader(bits: int) -> Reader:
    half = 1 << (bits - 1)

    def read(word: bytes) -> int:
        value = int.from_bytes(word, "big", signed=True)
        if not -half <= value < half:
            raise DecodeError("", f"0x{word.hex()} does not fit int{bits}")
        return value

    return read


def _bytes_reader(size: int) -> Reader:
    zeros = bytes(WORD - size)

    def read(word: bytes) -> bytes:
        if word[size:] != zeros:
            raise DecodeError("", f"0x{word.hex()} has dirty padding for bytes{size}")
        return word[:size]

    return read


def _read_address(word: bytes) -> str:
    if any(word[:12]):
        raise DecodeError("", f"0x{word.hex()} has dirty padding for an address")
    return checksum(word[12:])


def _read_bool(word: bytes) -> bool:
    value = int.from_bytes(word, "big")
    if value > 1:
        raise DecodeError("", f"0x{word.hex()} is no bool")
    return value == 1


def _decode_tuple(
    tree: TupleType, data: bytes, base: int, names: Sequence[str]
) -> tuple[object, ...]:
    """The items of a tuple whose head begins at `base`."""
    return tuple(_decode_heads(tree.items, data, base, names))


def _decode_heads(
    items: Sequence[AbiType], data: bytes, base: int, names: Sequence[str]
) -> list[object]:
    """Items laid out one after another from `base`; offsets count from `base`."""
    out: list[object] = []
    position = base
    for item, name in zip(items, names, strict=True):
        at = position
        if item.dynamic:
            at = base + int.from_bytes(_word(data, position, name), "big")
        out.append(_decode_at(item, data, at, name))
        position += item.head_bytes
    return out


def _decode_at(item: AbiType, data: bytes, at: int, name: str) -> object:
    """The value of one item that stands at `at`."""
    if isinstance(item, WordType):
        word = _word(data, at, name)
        try:
            return word_reader(item)(word)
        except DecodeError as error:
            raise DecodeError(name, error.problem) from None
    if isinstance(item, BlobType):
        return _decode_blob(item, data, at, name)
    if isinstance(item, TupleType):
        return _decode_tuple(item, data, at, [f"{name}.{i}" for i in range(len(item.items))])
    length = item.length
    if length is None:
        length = int.from_bytes(_word(data, at, name), "big")
        at += WORD
    # Every item takes at least its head, so an absurd length is refused before any work.
    if length * max(item.item.head_bytes, 1) > len(data) - at:
        raise DecodeError(name, _short(len(data), at + length * item.item.head_bytes))
    return tuple(
        _decode_heads([item.item] * length, data, at, [f"{name}[{i}]" for i in range(length)])
    )


def _decode_blob(item: BlobType, data: bytes, at: int, name: str) -> bytes | str:
    """A `bytes` or `string` whose length word is at `at`; its padding has to be zero."""
    length = int.from_bytes(_word(data, at, name), "big")
    start = at + WORD
    padded = -(-length // WORD) * WORD
    if length > len(data) - start or padded > len(data) - start:
        raise DecodeError(name, _short(len(data), start + padded))
    if any(data[start + length : start + padded]):
        raise DecodeError(name, f"dirty padding after {length} bytes of {item}")
    raw = data[start : start + length]
    if item.kind == "bytes":
        return raw
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise DecodeError(name, f"0x{raw.hex()} is no UTF-8 text") from None


def _word(data: bytes, at: int, name: str) -> bytes:
    """The 32 bytes at `at`; DecodeError when the data ends before."""
    if at + WORD > len(data):
        raise DecodeError(name, _short(len(data), at + WORD))
    return data[at : at + WORD]


def _encode_sequence(items: Sequence[AbiType], values: Sequence[object]) -> bytes:
    """Heads, then tails; offsets count from the first head."""
    heads: list[bytes] = []
    tails: list[bytes] = []
    offset = sum(item.head_bytes for item in items)
    for item, value in zip(items, values, strict=True):
        body = _encode(item, value)
        if item.dynamic:
            heads.append(offset.to_bytes(WORD, "big"))
            tails.append(body)
            offset += len(body)
        else:
            heads.append(body)
    return b"".join(heads + tails)


def _encode(item: AbiType, value: object) -> bytes:
    """One value of one type."""
    if isinstance(item, WordType):
        return _encode_word(item, value)
    if isinstance(item, BlobType):
        if not isinstance(value, str if item.kind == "string" else bytes):
            raise _unfit(item, value)
        raw = value.encode() if isinstance(value, str) else value
        return len(raw).to_bytes(WORD, "big") + raw + bytes(-len(raw) % WORD)
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise _unfit(item, value)
    if isinstance(item, TupleType):
        if len(value) != len(item.items):
            raise _unfit(item, value)
        return _encode_sequence(item.items, value)
    if item.length is not None and len(value) != item.length:
        raise _unfit(item, value)
    body = _encode_sequence([item.item] * len(value), value)
    return body if item.length is not None else len(value).to_bytes(WORD, "big") + body


@lru_cache(maxsize=_ADDRESSES)
def _address_word(address: str | bytes) -> bytes:
    """An address as a word. Raises: DecodeError when it is none."""
    return address_bytes(address).rjust(WORD, b"\0")


def _encode_word(item: WordType, value: object) -> bytes:
    """One word; nothing is clipped or wrapped."""
    if item.kind in ("uint", "int"):
        if not isinstance(value, int) or isinstance(value, bool):
            raise _unfit(item, value)
        low = -(1 << (item.size - 1)) if item.kind == "int" else 0
        if not low <= value < low + (1 << item.size):
            raise _unfit(item, value)
        return value.to_bytes(WORD, "big", signed=item.kind == "int")
    if item.kind == "bool":
        if not isinstance(value, bool):
            raise _unfit(item, value)
        return int(value).to_bytes(WORD, "big")
    if item.kind == "address":
        if not isinstance(value, str | bytes):
            raise _unfit(item, value)
        return _address_word(value)
    if not isinstance(value, bytes) or len(value) != item.size:
        raise _unfit(item, value)
    return value.ljust(WORD, b"\0")


def _unfit(item: AbiType, value: object) -> InputError:
    return InputError(f"{value!r} is no {item}")
