"""What `triage list` says: acceptances and what they come to, or the findings that count."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.envelope import Document
from analyzer.model.finding import Severity


@dataclass(frozen=True, slots=True)
class ListedAcceptance:
    """One acceptance. state: `accepted`, or why it does not hold. Texts that are not said are
    empty; expires: the last day, null = no end."""

    fingerprint: str
    state: str
    detector: str
    deployment: str
    about: str
    reason: str
    author: str
    date: datetime.date
    expires: datetime.date | None


@dataclass(frozen=True, slots=True)
class TriageDocument(Document):
    """What `analyzer triage list` says."""

    KIND: ClassVar[str] = "triage"

    acceptances: tuple[ListedAcceptance, ...]


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """A finding that nobody has accepted."""

    fingerprint: str
    severity: Severity
    detector: str
    deployment: str
    account_id: str | None
    market: str | None
    title: str


@dataclass(frozen=True, slots=True)
class OpenFindingsDocument(Document):
    """What `analyzer triage list --open` says."""

    KIND: ClassVar[str] = "open_findings"

    findings: tuple[OpenFinding, ...]
