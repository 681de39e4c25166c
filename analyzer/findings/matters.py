"""The findings that matter: of a scan's many, the few that say what is wrong, one a cause.

    findings ──matter, cause──▶ groups ──severity, amount at stake, number──▶ the first three

Detectors look at one thing from several sides (an insolvent account is bad debt, is a shortfall of
the fund): what is one matter is told once, by the severest side that adds up to most. What would be
under a scenario is no matter of the block.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from analyzer.findings.bad_debt import HiddenBadDebtFound
from analyzer.findings.fund_shortfall import InsuranceFundShortfall
from analyzer.findings.groups import cause_of
from analyzer.findings.insolvent import InsolventAccount
from analyzer.findings.registry import SCENARIO_DETECTORS, detector_of
from analyzer.model.finding import Finding, Severity

MOST = 3
"""How many matters a scan has at most."""
_BAD_DEBT = "bad debt"
_MATTERS: Mapping[str, str] = {
    InsolventAccount.id: _BAD_DEBT,
    InsuranceFundShortfall.id: _BAD_DEBT,
    HiddenBadDebtFound.id: _BAD_DEBT,
}
"""Detector -> the matter that it is a side of; any other detector is a matter of its own."""
_E18 = "_e18"
_SCENARIOS = frozenset(detector.id for detector in SCENARIO_DETECTORS)


@dataclass(frozen=True, slots=True)
class Matter:
    """Findings of one detector that one matter and cause have. severity: the severest of them.
    cause: empty where they name none. measure: name of the amount that says how bad they are,
    empty = they have none. total_e18: its sum, None where it is no amount of 18 decimals.
    largest: the finding with most of it, which is `most`."""

    detector: str
    severity: Severity
    cause: str
    measure: str
    total_e18: int | None
    largest: Finding
    most: int
    findings: Sequence[Finding]


def matters(findings: Sequence[Finding], accepted: Container[str] = ()) -> list[Matter]:
    """The matters of one scan, the first one first, at most `MOST`. accepted: fingerprints of
    findings that do not count."""
    sides: dict[tuple[str, str], dict[str, list[Finding]]] = {}
    for finding in findings:
        if finding.fingerprint not in accepted and finding.detector not in _SCENARIOS:
            matter = _MATTERS.get(finding.detector, finding.detector), cause_of(finding) or ""
            sides.setdefault(matter, {}).setdefault(finding.detector, []).append(finding)
    told = [
        min((_matter(found, cause) for found in by_detector.values()), key=_rank)
        for (_, cause), by_detector in sides.items()
    ]
    return sorted(told, key=_rank)[:MOST]


def _matter(found: Sequence[Finding], cause: str) -> Matter:
    """The findings of one detector as one matter."""
    sizes = [_size(finding) for finding in found]
    largest = max(range(len(found)), key=lambda place: sizes[place][1])
    measure, most = sizes[largest]
    alike = [value for name, value in sizes if name == measure]
    total = sum(alike) if measure.endswith(_E18) else None
    severity = max(finding.severity for finding in found)
    return Matter(found[0].detector, severity, cause, measure, total, found[largest], most, found)


def _size(finding: Finding) -> tuple[str, int]:
    """(name, value) of the detector's weightiest measure that the finding has; ("", 0) = none."""
    detector = detector_of(finding.detector)
    measured = {} if detector is None else detector.measure(finding.amounts)
    return next(iter(measured.items()), ("", 0))


def _rank(matter: Matter) -> tuple[int, int, int, bool]:
    """The order: severity, amount at stake, number of findings, whether an account is named;
    equals stay as they come."""
    unnamed = matter.largest.account_id is None
    return -matter.severity, -(matter.total_e18 or 0), -len(matter.findings), unnamed
