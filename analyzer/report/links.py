"""Addresses as links to the explorer of their chain. Only an address alone becomes one: whatever
else a stranger's name or text holds stays text."""

from __future__ import annotations

import re

ADDRESS_LENGTH = 42
"""Characters of an address: 0x and 40 hex digits."""
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def link_of(explorer: str | None, text: str) -> str:
    """Where the address `text` can be looked up; empty for anything else, and where no explorer of
    the chain is known. explorer: what stands before the address."""
    return f"{explorer}{text}" if explorer and _ADDRESS.fullmatch(text) else ""
