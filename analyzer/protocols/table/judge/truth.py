"""Nothing of a table can be compared with a contract: no view is asked, `verified` stays empty."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Judge
from analyzer.protocols.table.value.value import TableValued

JUDGE_SELECTORS: frozenset[str] = frozenset()
"""No view."""


def truth(
    valued: TableValued, margin: Sequence[MarginRow], account_ids: Sequence[str]
) -> list[Judge]:
    """No question."""
    return []
