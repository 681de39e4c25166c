"""Findings that one cause has: one stale feed makes a hundred accounts unknown.

Each finding keeps its identity; a group is how they are told to people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.findings.registry import detector_of
from analyzer.model.finding import Finding, Severity

SMALLEST = 3
"""Findings from which on those with one cause are a group."""


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one scan, detector and severity with the same cause, in their order.

    title: theirs where they all have the same one, else the detector's.
    """

    scan_id: str
    detector: str
    severity: Severity
    cause: str
    title: str
    findings: Sequence[Finding]


def cause_of(finding: Finding) -> str | None:
    """The cause that a finding may share with others; None where its detector names none."""
    detector = detector_of(finding.detector)
    names = () if detector is None else detector.cause_in
    return next((finding.evidence[name] for name in names if finding.evidence.get(name)), None)


def grouped(findings: Sequence[Finding]) -> list[Group]:
    """The groups there are, the severest first, then the largest; what stands alone is in none."""
    members: dict[tuple[str, str, Severity, str], list[Finding]] = {}
    for finding in findings:
        cause = cause_of(finding)
        if cause:
            key = (finding.scan_id, finding.detector, finding.severity, cause)
            members.setdefault(key, []).append(finding)
    groups = [
        Group(*key, _title(found), found)
        for key, found in members.items()
        if len(found) >= SMALLEST
    ]
    return sorted(groups, key=lambda g: (-g.severity, -len(g.findings), g.detector, g.cause))


def _title(findings: Sequence[Finding]) -> str:
    """What the findings say alike."""
    titles = {finding.title for finding in findings}
    detector = detector_of(findings[0].detector)
    return titles.pop() if len(titles) == 1 or detector is None else detector.title
