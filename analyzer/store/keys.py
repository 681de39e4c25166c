"""The columns that tables of a snapshot begin with, and words that their comments share."""

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
CASCADE = text(
    "cascade_id",
    "The cascade: 16 hex digits over its scans, the scenario's content, the depth curves and the"
    " options.",
    key=True,
)
E18 = "18 decimals of the settlement currency; NULL = unknown."
"""The unit of most amounts."""
