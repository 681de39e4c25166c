"""Keys that are the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def scan_id(
    protocol: str, chain_id: int, contracts: Mapping[str, str], block_hash: str, methodology: str
) -> str:
    """The key of one deployment at one block: 16 hex digits, independent of names and of time."""
    parts = [protocol, str(chain_id)]
    parts += [f"{role}={address.lower()}" for role, address in sorted(contracts.items())]
    parts += [block_hash.lower(), methodology]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
