"""The columns that tables of a snapshot begin with."""

from __future__ import annotations

from analyzer.store.schema import text

SCAN = text(
    "scan_id",
    "The scan: one deployment at one block. 16 hex digits, the same on every machine.",
    key=True,
)
ACCOUNT = text(
    "account_id", "The account: a checksummed address or a decimal number, as text.", key=True
)
