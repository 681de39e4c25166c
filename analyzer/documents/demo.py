"""What `demo` says: a scan, and a cascade on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.contagion import ContagionDocument
from analyzer.documents.scan import ScanDocument


@dataclass(frozen=True, slots=True)
class DemoDocument(ScanDocument):
    """What `analyzer demo` says. contagion: null when no protocol of the recording has a
    simulation."""

    KIND: ClassVar[str] = "demo"

    contagion: ContagionDocument | None
