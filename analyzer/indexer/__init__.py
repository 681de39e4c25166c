"""Drives a chain into the index, whose tables are its own: checkpoints, reorgs, re-checks."""

from __future__ import annotations

from analyzer.indexer.index import Advance, Extent, Index, ahead_of_nothing
from analyzer.indexer.recheck import Recheck

__all__ = [
    "Advance",
    "Extent",
    "Index",
    "Recheck",
    "ahead_of_nothing",
]
