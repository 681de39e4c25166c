"""Findings and acceptances as documents state them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from analyzer.documents.findings import (
    Accepted,
    FindingEntry,
    Group,
    LapsedEntry,
    Triage,
    TriageEntry,
    WeighedFinding,
)
from analyzer.findings.acceptance import Acceptance, Weighed
from analyzer.findings.groups import Group as Grouped
from analyzer.findings.groups import cause_of
from analyzer.model.finding import Finding


def finding_entry(finding: Finding) -> FindingEntry:
    """One finding that is not weighed. The scenario, if any, is in its evidence."""
    return FindingEntry(
        fingerprint=finding.fingerprint,
        detector=finding.detector,
        severity=finding.severity,
        scan_id=finding.scan_id,
        account_id=finding.account_id,
        market=finding.market,
        title=finding.title,
        amounts=dict(finding.amounts),
        evidence=dict(finding.evidence),
    )


def weighed_finding(finding: Finding, acceptance: Acceptance | None) -> WeighedFinding:
    """One finding, with the acceptance that holds for it (None = nobody accepts it)."""
    entry = finding_entry(finding)
    return WeighedFinding(
        **{field.name: getattr(entry, field.name) for field in fields(entry)},
        cause=cause_of(finding),
        accepted=None if acceptance is None else accepted(acceptance),
    )


def weighed_findings(findings: Sequence[Finding], weighed: Weighed) -> list[WeighedFinding]:
    """The findings in their order, each with the acceptance that holds for it."""
    return [weighed_finding(f, weighed.accepted.get(f.fingerprint)) for f in findings]


def accepted(acceptance: Acceptance) -> Accepted:
    """The terms of one acceptance."""
    return Accepted(
        reason=acceptance.reason,
        author=acceptance.author,
        date=acceptance.day,
        expires=acceptance.expires,
        severity=acceptance.severity,
        up_to=dict(acceptance.up_to),
    )


def triage(weighed: Weighed) -> Triage:
    """What the triage file came to: how many findings it accepts, what of it holds no longer."""
    return Triage(
        file=weighed.file or None,
        accepted=len(weighed.accepted),
        lapsed=tuple(_lapsed(lapsed.acceptance, lapsed.why) for lapsed in weighed.lapsed),
        unmatched=tuple(_entry(acceptance) for acceptance in weighed.unmatched),
    )


def group(found: Grouped) -> Group:
    """Findings that one cause has."""
    return Group(
        scan_id=found.scan_id,
        detector=found.detector,
        severity=found.severity,
        cause=found.cause,
        title=found.title,
        count=len(found.findings),
        fingerprints=tuple(finding.fingerprint for finding in found.findings),
    )


def _entry(acceptance: Acceptance) -> TriageEntry:
    return TriageEntry(
        fingerprint=acceptance.fingerprint,
        detector=acceptance.detector or None,
        deployment=acceptance.deployment or None,
        about=acceptance.about or None,
        reason=acceptance.reason,
    )


def _lapsed(acceptance: Acceptance, why: str) -> LapsedEntry:
    return LapsedEntry(
        fingerprint=acceptance.fingerprint,
        detector=acceptance.detector or None,
        deployment=acceptance.deployment or None,
        about=acceptance.about or None,
        reason=acceptance.reason,
        why=why,
    )
