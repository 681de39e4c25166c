"""`alerts.toml`: whom to tell what."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from analyzer.model.errors import InputError
from analyzer.model.finding import Severity
from analyzer.model.toml_file import is_whole, read_toml, shown

ENV = "env:"
_KEYS = frozenset(
    {"channels", "min_severity", "cooldown_seconds", "heartbeat_seconds", "max_findings"}
)
LONGEST_S = 10_000_000_000
"""No time of an alerts file is longer: three hundred years."""
MOST_LISTED = 1_000_000
"""No message lists more findings."""
_SEVERITIES = {severity.label: severity for severity in Severity}


@dataclass(frozen=True, slots=True)
class AlertOptions:
    """Whom to tell what. channels: URLs of `apprise`; secrets.

    min_severity: of findings that are told. cooldown_s: a finding that was told is not told again
    for so long, unless it has become severer. heartbeat_s: time between two signs of life; 0 =
    none. max_findings: how many groups of findings a message lists; the others are counted.
    """

    channels: tuple[str, ...]
    min_severity: Severity = Severity.HIGH
    cooldown_s: float = 6 * 3600.0
    heartbeat_s: float = 24 * 3600.0
    max_findings: int = 20


def read_alerts(path: Path, environment: Mapping[str, str] = os.environ) -> AlertOptions:
    """The alerts file: `channels` (URLs, or `env:NAME` for one that is kept in the environment),
    and optionally `min_severity`, `cooldown_seconds`, `heartbeat_seconds`, `max_findings`.

    Raises: InputError naming the file and the key, and no channel.
    """
    values = read_toml(path, "alerts file")
    unknown = sorted(set(values) - _KEYS)
    if unknown:
        raise InputError(
            f"{path} has a key {shown(unknown[0])}: there are only {', '.join(sorted(_KEYS))}"
        )
    severity = values.get("min_severity", Severity.HIGH.label)
    if not isinstance(severity, str) or severity not in _SEVERITIES:
        raise InputError(f"{path}: min_severity is one of {', '.join(_SEVERITIES)}")
    most = values.get("max_findings", 20)
    if not isinstance(most, int) or not is_whole(most, most=MOST_LISTED):
        raise InputError(
            f"{path}: max_findings has to be a whole number up to {MOST_LISTED:,},"
            f" it is {shown(most)}"
        )
    return AlertOptions(
        channels=_channels(path, values.get("channels"), environment),
        min_severity=_SEVERITIES[severity],
        cooldown_s=_seconds(path, values, "cooldown_seconds", 6 * 3600),
        heartbeat_s=_seconds(path, values, "heartbeat_seconds", 24 * 3600),
        max_findings=most,
    )


def _channels(path: Path, value: object, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The channels with what the environment holds put in. Raises: InputError."""
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise InputError(f"{path}: channels has to be a list of URLs or env:NAME")
    out = []
    for channel in value:
        if channel.startswith(ENV):
            name = channel.removeprefix(ENV)
            if not environment.get(name):
                raise InputError(f"{path}: the environment has no {name}, which channels names")
            channel = environment[name]
        out.append(channel)
    return tuple(out)


def _seconds(path: Path, values: Mapping[str, object], key: str, default: int) -> float:
    """A number that is not negative. Raises: InputError."""
    value = values.get(key, default)
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not 0 <= value <= LONGEST_S
        or math.isnan(value)
    ):
        raise InputError(
            f"{path}: {key} has to be a number from 0 to {LONGEST_S:,}, it is {shown(value)}"
        )
    return float(value)
