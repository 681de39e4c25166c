"""What lies in the folder of a history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from analyzer.runs.many.backfill import BackfillOutcome

RunBackfill = Callable[..., BackfillOutcome]


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a history by its path."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
