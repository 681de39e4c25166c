"""Findings as documents state them, and what somebody accepts of them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.documents.encode import Amount
from analyzer.model.finding import Severity


@dataclass(frozen=True, slots=True)
class FindingEntry:
    """One finding. amounts: name with unit -> exact integer. evidence: name -> text that leads back
    to a block, a log, a view or a formula. account_id, market: null where it is about the
    deployment as a whole."""

    fingerprint: str
    detector: str
    severity: Severity
    scan_id: str
    account_id: str | None
    market: str | None
    title: str
    amounts: Mapping[str, Amount]
    evidence: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The terms of one acceptance. expires: the last day, null = no end. severity, up_to: what was
    accepted; null and empty = whatever it becomes."""

    reason: str
    author: str
    date: datetime.date
    expires: datetime.date | None
    severity: Severity | None
    up_to: Mapping[str, Amount]


@dataclass(frozen=True, slots=True)
class WeighedFinding(FindingEntry):
    """One finding that may be accepted. cause: what it shares with others, null where it stands
    alone by its nature. accepted: on which terms somebody accepts it, null = nobody does."""

    cause: str | None
    accepted: Accepted | None


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one scan, detector and severity that one cause has, less accepted ones."""

    scan_id: str
    detector: str
    severity: Severity
    cause: str
    title: str
    count: int
    fingerprints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TriageEntry:
    """An acceptance by what it is about. null: written by hand, and not said."""

    fingerprint: str
    detector: str | None
    deployment: str | None
    about: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class LapsedEntry(TriageEntry):
    """An acceptance whose finding counts again, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Triage:
    """What the triage file came to. file: its name, null = there is none. accepted: how many
    findings it accepts. lapsed: those that count again. unmatched: those that match no finding."""

    file: str | None
    accepted: int
    lapsed: tuple[LapsedEntry, ...]
    unmatched: tuple[TriageEntry, ...]
