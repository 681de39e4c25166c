"""What stress and contagion left in a snapshot, as the report takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Record = Mapping[str, Any]
"""A row by the names of its columns; JSON columns decoded; `scan` = number of its scan, from 0."""


@dataclass(frozen=True, slots=True)
class Stressed:
    """Rows of the tables of the same names. edges: how many a cascade has, by its id."""

    results: Sequence[Record] = ()
    wall: Sequence[Record] = ()
    runs: Sequence[Record] = ()
    rounds: Sequence[Record] = ()
    markets: Sequence[Record] = ()
    victims: Sequence[Record] = ()
    paths: Sequence[Record] = ()
    edges: Mapping[str, int] = field(default_factory=dict)

    def of(self, rows: Sequence[Record], cascade: str) -> list[Record]:
        """The rows of one cascade."""
        return [row for row in rows if row["cascade_id"] == cascade]
