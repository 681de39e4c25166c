"""A header as what its hash is made of: keccak(rlp(fields)) is computed again.

Which fields there are is decided by the fork, and each fork only adds some at the end (yellow
paper 4.3; EIP-1559, 4895, 4844, 4788, 7685). Whoever has a header whose hash he trusts may trust
every field of it, the hash of its parent included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from analyzer.abi.keccak import keccak
from analyzer.chain.proofs.outcome import ContradictionError, NotProvableError
from analyzer.model.block import BlockRef

_NUMBER, _ANY = -1, -2
"""Kinds of field: a quantity, bytes of any length. Else: bytes of that length."""
_FIRST_FIELDS: tuple[tuple[str, int], ...] = (
    ("parentHash", 32), ("sha3Uncles", 32), ("miner", 20), ("stateRoot", 32),
    ("transactionsRoot", 32), ("receiptsRoot", 32), ("logsBloom", 256), ("difficulty", _NUMBER),
    ("number", _NUMBER), ("gasLimit", _NUMBER), ("gasUsed", _NUMBER), ("timestamp", _NUMBER),
    ("extraData", _ANY), ("mixHash", 32), ("nonce", 8),
)  # fmt: skip
_LATER_FIELDS: tuple[tuple[str, int], ...] = (
    ("baseFeePerGas", _NUMBER), ("withdrawalsRoot", 32), ("blobGasUsed", _NUMBER),
    ("excessBlobGas", _NUMBER), ("parentBeaconBlockRoot", 32), ("requestsHash", 32),
)  # fmt: skip
"""Of London, Shanghai, Cancun (three) and Prague: each only where the ones before it are."""
_BESIDE = frozenset(
    {
        "hash", "size", "totalDifficulty", "transactions", "uncles", "withdrawals", "author",
        "sealFields", "l1BlockNumber", "sendCount", "sendRoot", "milliTimestamp",
    }
)  # fmt: skip
"""What nodes say beside a header's own fields; no part of what is hashed. (Arbitrum's three are,
but inside extraData and mixHash.)"""
_HASH = 32
EMPTY_ROOT = keccak(b"\x80")
"""The root of a trie without entries: keccak(rlp(b''))."""


@dataclass(frozen=True, slots=True)
class ProvedHeader:
    """A header whose hash was computed from its own fields. Roots and bloom are bytes; hash and
    parent_hash lower-case 0x text, as in `BlockRef`."""

    number: int
    hash: str
    parent_hash: str
    time: int
    state_root: bytes
    receipts_root: bytes
    bloom: bytes


def proved_header(block: BlockRef) -> ProvedHeader:
    """The header of a block that was read whole, its hash computed again.

    Raises: NotProvableError for a header of which only parts are there, or with fields that this
    program does not know (it names them); ContradictionError where its hash is another one.
    """
    if not block.whole:
        raise NotProvableError(f"of block {block.number} only hash, parent and time are there")
    raw = orjson.loads(block.whole)
    fields = _fields(block.number, raw)
    own_hash = _hash_of(list(fields.values()))
    if own_hash != block.hash:
        raise ContradictionError(
            block.number,
            "hash",
            f"the header of block {block.number} hashes to {own_hash}, not to its {block.hash}",
        )
    return ProvedHeader(
        number=block.number,
        hash=own_hash,
        parent_hash=block.parent_hash,
        time=block.time,
        state_root=fields["stateRoot"],
        receipts_root=fields["receiptsRoot"],
        bloom=fields["logsBloom"],
    )


def fits_with(block: BlockRef, field: str, value: bytes) -> bool:
    """Whether a header that does not hash to its name would, were one of its fields this: then it
    is that field that was changed."""
    fields = _fields(block.number, orjson.loads(block.whole)) | {field: value}
    return _hash_of(list(fields.values())) == block.hash


def check_parents(headers: Iterable[ProvedHeader], trusted: int, trusted_hash: str) -> int:
    """Sees that headers are one chain of parents that ends at a trusted hash; how many links that
    are. headers: every one from the lowest to `trusted`, in any order.

    Raises: ContradictionError naming the block whose hash is not what the block after it, or the
    user, says; NotProvableError where one is missing.
    """
    by_number = {header.number: header for header in headers}
    lowest = min(by_number, default=trusted)
    expected = trusted_hash.lower()
    for number in range(trusted, lowest - 1, -1):
        header = by_number.get(number)
        if header is None:
            raise NotProvableError(f"the header of block {number} is missing")
        if header.hash != expected:
            who = "you trust" if number == trusted else f"block {number + 1} names as its parent"
            raise ContradictionError(
                number, "hash", f"block {number} is {header.hash}, and {who} {expected}"
            )
        expected = header.parent_hash
    return trusted - lowest


def _fields(number: int, raw: Mapping[str, Any]) -> dict[str, bytes]:
    """What is hashed, in order, each as RLP takes it. Raises: NotProvableError."""
    known = {name for name, _ in (*_FIRST_FIELDS, *_LATER_FIELDS)} | _BESIDE
    strange = sorted(set(raw) - known)
    if strange:
        names = ", ".join(str(name)[:40] for name in strange[:5])
        raise NotProvableError(
            f"the header of block {number} has fields that are not known here ({names}): a newer"
            " fork, or a chain of its own kind; its hash cannot be computed"
        )
    # Some nodes send null for what is not there yet.
    later = [(name, kind) for name, kind in _LATER_FIELDS if raw.get(name) is not None]
    expected = _LATER_FIELDS[: len(later)]
    if tuple(later) != expected:
        lacks = next(name for name, _ in _LATER_FIELDS if raw.get(name) is None)
        raise NotProvableError(
            f"the header of block {number} has {later[-1][0]} but no {lacks}: of no fork"
        )
    return {
        name: _bytes(number, name, raw.get(name), kind) for name, kind in (*_FIRST_FIELDS, *later)
    }


def _bytes(number: int, name: str, value: object, kind: int) -> bytes:
    """One field. Raises: NotProvableError where it is missing or no such thing."""
    try:
        if not isinstance(value, str) or not value.startswith("0x"):
            raise ValueError
        if kind == _NUMBER:
            return quantity(value)
        data = bytes.fromhex(value[2:])
        if kind != _ANY and len(data) != kind:
            raise ValueError
    except ValueError:
        shown = "missing" if value is None else f"{str(value)[:40]!r}"
        raise NotProvableError(f"of the header of block {number}, {name} is {shown}") from None
    return data


def quantity(text: str) -> bytes:
    """A JSON-RPC quantity as RLP has numbers: big-endian, without leading zeros, 0 is empty.

    Raises: ValueError for what is none.
    """
    value = int(text, 16)
    if value < 0 or value >> 256:
        raise ValueError(f"{text[:80]} is no quantity")
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _hash_of(fields: list[bytes]) -> str:
    """The hash of a header's fields."""
    # Here, and where else it is used: a command that proves nothing starts without it.
    import rlp

    return "0x" + keccak(rlp.encode(fields)).hex()
