"""Findings: what a scan says is wrong, with a name that stays from run to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Severity(IntEnum):
    """How bad; ordered, so that `--fail-on` is a comparison."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        """The lower-case name that outputs use."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    amounts: name with unit (`shortfall_e18`) -> exact integer. evidence: name -> text that leads
    back to a block, a log, a view or a formula. account_id and market are None where the finding
    is about the deployment as a whole.
    """

    fingerprint: str
    detector: str
    severity: Severity
    scan_id: str
    account_id: str | None
    market: str | None
    title: str
    amounts: Mapping[str, int] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)
