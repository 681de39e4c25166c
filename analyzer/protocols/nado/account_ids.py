"""What the 32 bytes of a sub-account say: its owner, and whose it is.

A sub-account is an address (20 bytes) and a name (12 bytes); its id here is the 32 bytes as 0x and
64 lower-case hex digits. Source: `Endpoint.sol`, `OffchainExchange.sol`; spec section 3.
"""

from __future__ import annotations

from enum import StrEnum

from analyzer.abi.keccak import checksum

FEES = f"0x{0:064x}"
"""Gets the protocol's part of interest."""
X = f"0x{1:064x}"
"""The protocol's treasury."""
N = f"0x{2:064x}"
"""The NLP's main account: it owes the NLP tokens, and may liquidate without a test."""
SYSTEM = (FEES, X, N)
"""Accounts that the Endpoint's list leaves out."""
NOBODY = f"0x{0:064x}"
"""As a parent: none."""
_ISOLATED = "69736f"
"""`iso`, the last three bytes."""
_ADDRESS_DIGITS = 40


class Kind(StrEnum):
    """Whose a sub-account is."""

    TRADER = "trader"
    ISOLATED = "isolated"
    """Of a trader, for one perp; its parent is not liable for it."""
    SYSTEM = "system"
    POOL = "pool"
    """Of the NLP."""


def account_id(word: int) -> str:
    """The id of a 32-byte word."""
    return f"0x{word:064x}"


def key(account: str) -> bytes:
    """The 32 bytes, as a mapping's key and as an argument of a view."""
    return bytes.fromhex(account[2:])


def owner_of(account: str) -> str:
    """The address that owns it, checksummed."""
    return checksum(bytes.fromhex(account[2 : 2 + _ADDRESS_DIGITS]))


def is_role(account: str) -> bool:
    """Whether a party stands in the place of an account: a liquidator who is nobody in the book."""
    return not account.startswith("0x")


def kind_of(account: str) -> Kind:
    """Whose it is. Nobody owns the address 0: its accounts are the protocol's, and all of them but
    the three that have names are pools of the NLP. A role in the place of an account (a liquidator
    who is nobody in the book) is a trader's."""
    if is_role(account):
        return Kind.TRADER
    if account in SYSTEM:
        return Kind.SYSTEM
    if not int(account[2 : 2 + _ADDRESS_DIGITS], 16):
        return Kind.POOL
    return Kind.ISOLATED if account.endswith(_ISOLATED) else Kind.TRADER


def isolated_product(account: str) -> int:
    """The perp product of an isolated sub-account: the two bytes before its number."""
    return int(account[-12:-8], 16)
