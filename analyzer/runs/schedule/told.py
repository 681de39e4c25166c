"""What alerts have told and seen, kept in a small file, so that a restart tells nothing twice."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from analyzer.model.errors import InputError
from analyzer.runs.snapshot.artifact import write_texts


@dataclass(frozen=True, slots=True)
class Seen:
    """Since when a finding is there. block, time: of the first scan that had it, by the chain.
    earlier: it was there when alerts began, so that it may be older."""

    block: int
    time: int
    earlier: bool


@dataclass(slots=True)
class Told:
    """What was told, and when. told: fingerprint -> (time, severity). seen: fingerprint -> since
    when it is there; of a finding that no channel took nothing, so that it is new again. begun:
    whether a scan was seen at all: before the first one nothing is new."""

    told: dict[str, tuple[float, int]] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    begun: bool = False
    heartbeat_at: float = 0.0
    stale: bool = False
    blind: bool = False


def read_told(file: Path) -> Told:
    """What an earlier process told. Raises: InputError for a file that is not ours."""
    if not file.exists():
        return Told()
    try:
        # Not `json`: the stack of its C code ends in a crash where brackets are nested too deep.
        found: dict[str, Any] = orjson.loads(file.read_bytes())
        told = {str(key): (_finite(at), int(level)) for key, (at, level) in found["told"].items()}
        seen = {
            str(key): Seen(int(block), int(time), bool(earlier))
            for key, (block, time, earlier) in found.get("seen", {}).items()
        }
        return Told(
            told,
            seen,
            bool(found.get("begun", False)),
            _finite(found["heartbeat_at"]),
            bool(found["stale"]),
            bool(found["blind"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise InputError(f"{file} does not hold the alerts that were sent: remove it") from error


def write_told(file: Path, told: Told) -> None:
    """Keeps what was told. Raises: InputError when it cannot be written."""
    document: Mapping[str, object] = {
        "told": {key: list(value) for key, value in sorted(told.told.items())},
        "seen": {
            key: [seen.block, seen.time, seen.earlier] for key, seen in sorted(told.seen.items())
        },
        "begun": told.begun,
        "heartbeat_at": told.heartbeat_at,
        "stale": told.stale,
        "blind": told.blind,
    }
    write_texts({file: json.dumps(document, indent=1) + "\n"})


def _finite(value: Any) -> float:
    """A number of seconds. Raises: ValueError for one that is no time."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("no time")
    return number
