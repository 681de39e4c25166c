"""What decisions (`risk size --out` and the like) left in a snapshot, as the report takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analyzer.report.html.stressed import Record

QUERIES = (
    "account_sizes",
    "unwind_plans",
    "what_if_sides",
    "exits_by_reserve",
    "liquidation_economics",
    "fund_covers",
    "what_all_hangs_on",
    "who_would_be_deleveraged",
    "owner_importance",
)
"""The stored queries whose rows the report shows."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Rows of the stored queries `QUERIES`, by name; a name without rows is left out."""

    rows: Mapping[str, Sequence[Record]] = field(default_factory=dict)
