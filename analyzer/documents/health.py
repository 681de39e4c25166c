"""What a watch says at /health."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.envelope import Document


@dataclass(frozen=True, slots=True)
class HealthDocument(Document):
    """Whether a scan has ended within the limit, and if not why. Seconds are null where the thing
    has not happened yet."""

    KIND: ClassVar[str] = "health"

    healthy: bool
    reason: str
    because: str
    head_block: int | None
    seconds_since_look: float | None
    seconds_since_head_moved: float | None
    scanned_block: int | None
    seconds_since_scan: float | None
    failures_in_a_row: int
    last_error: str
