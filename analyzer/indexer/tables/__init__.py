"""The tables of an index: one module each, and `events` for those of decoded events.

A module has `TABLE` (its columns with their comments), how its rows are made and read, and what is
asked of it.
"""

from __future__ import annotations

from analyzer.indexer.tables import (
    chain,
    checkpoints,
    headers,
    raw_logs,
    read_twice,
    sources,
    unsettled,
)
from analyzer.store.schema import Table

VERSION = 3
"""Version of the index's tables: a change of one, or of its meaning, raises it."""

TABLES: tuple[Table, ...] = tuple(
    module.TABLE
    for module in (chain, raw_logs, headers, sources, checkpoints, unsettled, read_twice)
)
"""Every table that an index always has."""
