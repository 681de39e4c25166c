"""What a run looks for: every kind of finding, unless a user said otherwise.

What was not looked for, or was too small to be told, is no sign of health: the selection is kept
with the scan, so that whoever compares two scans knows which of them could have found a thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Selection:
    """off: detectors that do not look. least: detector -> the least main measure of a finding that
    is told, in that measure's own unit (`_e18`: 18 decimals)."""

    off: frozenset[str] = frozenset()
    # Options that hold it are keys of a worker's cache; a mapping has no hash of its own.
    least: Mapping[str, int] = field(default_factory=dict, hash=False)


EVERYTHING = Selection()
"""Every detector looks, and everything that is found is told."""
