"""The keys of the DataStore: keccak of the name's hash and its arguments.

Source: gmx-synthetics `Keys.sol`: hash of a name = keccak(abi.encode(name)); a key with arguments
= keccak(abi.encode(hash, arguments...)).
"""

from __future__ import annotations

from functools import lru_cache

from analyzer.abi.codec import encode_values
from analyzer.abi.keccak import keccak


@lru_cache(maxsize=1024)
def name_hash(name: str) -> bytes:
    """The hash of a key's name; also the key itself where it has no arguments."""
    return keccak(encode_values(["string"], [name]))


@lru_cache(maxsize=1 << 16)
def key(name: str, *args: str | bool | int | bytes) -> bytes:
    """The key of that name and its arguments in the contract's order: an address as text, a bool,
    a number (uint256), or 32 bytes. A tuple of arguments has to be of exact types."""
    if not args:
        return name_hash(name)
    types = ["bytes32", *(_TYPES[type(arg)] for arg in args)]
    return keccak(encode_values(types, [name_hash(name), *args]))


_TYPES: dict[type, str] = {str: "address", bool: "bool", int: "uint256", bytes: "bytes32"}


def position_key(account: str, market: str, collateral_token: str, is_long: bool) -> str:
    """The key of a position: 0x and 64 hex digits."""
    types = ["address", "address", "address", "bool"]
    return "0x" + keccak(encode_values(types, [account, market, collateral_token, is_long])).hex()
