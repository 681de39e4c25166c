"""What `analyzer.open` gives: snapshots and histories for Python."""

from __future__ import annotations

from analyzer.api.database import Database, open_database
from analyzer.api.history import HistoryDatabase, open_history

__all__ = ["Database", "HistoryDatabase", "open_database", "open_history"]
