"""What `analyzer.open` gives: snapshots and histories for Python; and what a sale costs."""

from __future__ import annotations

from analyzer.api.book import BookDatabase
from analyzer.api.database import Database, open_database
from analyzer.api.history import HistoryDatabase, open_history
from analyzer.api.many import Databases, open_all
from analyzer.market.depth.quote import quote
from analyzer.runs.tables.frames import Frame

__all__ = [
    "BookDatabase",
    "Database",
    "Databases",
    "Frame",
    "HistoryDatabase",
    "open_all",
    "open_database",
    "open_history",
    "quote",
]
