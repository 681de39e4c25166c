"""What `doctor` says: what works here, what a node can do, what a file is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.envelope import Document


@dataclass(frozen=True, slots=True)
class LookedAt:
    """One thing that was looked at. text: what was found, or what is wrong with it."""

    name: str
    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class DoctorDocument(Document):
    """What `analyzer doctor` says."""

    KIND: ClassVar[str] = "doctor"

    checks: tuple[LookedAt, ...]
