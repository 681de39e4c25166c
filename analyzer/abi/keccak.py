"""Keccak-256, and the two texts that are made from it: topics and checksummed addresses."""

from __future__ import annotations

from functools import lru_cache

from analyzer.abi.errors import DecodeError

ADDRESS_BYTES = 20
_DIGITS = 2 * ADDRESS_BYTES
_REMEMBERED = 1 << 20
"""Results kept: an address costs about 10 us to hash, and the same ones come back in every log."""


@lru_cache(maxsize=1 << 16)
def keccak(data: bytes) -> bytes:
    """The 32-byte Keccak-256 (the original padding, as Ethereum has it) of `data`."""
    from eth_hash.auto import keccak as digest

    return digest(data)


def topic(signature: str) -> str:
    """The first topic of the event with this canonical signature: 0x and 64 hex digits."""
    return "0x" + keccak(signature.encode()).hex()


def selector(signature: str) -> str:
    """The 4-byte selector of the function with this canonical signature, as 0x text."""
    return "0x" + keccak(signature.encode())[:4].hex()


def address_bytes(address: str | bytes) -> bytes:
    """The 20 bytes of an address given as 0x text (any case) or as bytes.

    Raises DecodeError when it is no address. A checksum in the text is not checked.
    """
    raw = address
    if isinstance(raw, str):
        try:
            raw = bytes.fromhex(raw[2:] if raw[:2] in ("0x", "0X") else raw)
        except ValueError:
            raise DecodeError("address", f"{address!r} is not hexadecimal") from None
    if len(raw) != ADDRESS_BYTES:
        raise DecodeError("address", f"{address!r} has {len(raw)} bytes, not {ADDRESS_BYTES}")
    return raw


@lru_cache(maxsize=_REMEMBERED)
def checksum(address: str | bytes) -> str:
    """The checksummed text (EIP-55) of an address given as text or as 20 bytes.

    Raises DecodeError when it is no address.
    """
    digits = address_bytes(address).hex()
    # A digit is a capital where the first bit of the hash's digit of the same place is set.
    marks = int.from_bytes(keccak(digits.encode())[:ADDRESS_BYTES], "big")
    upper = digits.upper()
    return "0x" + "".join(
        [upper[i] if marks >> (4 * (_DIGITS - i) - 1) & 1 else digits[i] for i in range(_DIGITS)]
    )
