"""What `analyzer.open` gives: snapshots and histories for Python."""

from __future__ import annotations

from analyzer.api.database import Database, open_database
from analyzer.api.history import HistoryDatabase, open_history
from analyzer.api.many import Databases, open_all

__all__ = [
    "Database",
    "Databases",
    "HistoryDatabase",
    "open_all",
    "open_database",
    "open_history",
]
