"""The local chain's time: explicit, never the wall clock."""

from __future__ import annotations

from dataclasses import dataclass

GENESIS_TIME = 1_700_000_000
"""Seconds since 1970; the first block of every local chain."""
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass
class Clock:
    """The time of the last mined block, which only goes forward (or stands still)."""

    now: int = GENESIS_TIME

    def forward(self, seconds: int) -> int:
        """Moves the clock and returns the new time. Raises ValueError for a negative step."""
        if seconds < 0:
            raise ValueError(f"time does not run backwards ({seconds} s)")
        self.now += seconds
        return self.now
