"""Stress of the demo: what its tests ask, and the rows of a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analyzer.store.snapshot import open_snapshot

SHOCK = "ETH=-30%"
SHALLOW = "[ETH]\nkind = 'exponential'\ndepth_usd = 2e6\nsource = 'a test'\n"


def silent(what: str, done: int, total: int) -> None:
    """No progress."""


def rows(db: Path, sql: str) -> list[tuple[Any, ...]]:
    with open_snapshot(db) as snapshot:
        return snapshot.query(sql)[1]
