"""Accepted findings: which acceptances hold for the findings of a run, and which no longer do.

An acceptance names a finding by its fingerprint, so it survives later blocks and later versions.
It is for what was known when it was given: it ends on its date, and it does not cover a finding
that has become more severe, or larger than the amount up to which it was accepted.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from analyzer.findings.registry import detector_of
from analyzer.model.finding import Finding, Severity

JOINED = "+"
"""Between the names of the deployments of a finding across several of them."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One entry of the triage file.

    expires: the last day on which it holds, None = no end. severity, up_to: what was accepted, the
    severity and name -> largest amount; None and empty = whatever it becomes. chain_id,
    deployment: where the finding was, None and empty = not said (written by hand). about: the
    account or market, for people. scenario: under which it was found; empty = at the block itself.
    """

    fingerprint: str
    reason: str
    author: str
    day: date
    expires: date | None = None
    severity: Severity | None = None
    up_to: Mapping[str, int] = field(default_factory=dict)
    detector: str = ""
    chain_id: int | None = None
    deployment: str = ""
    about: str = ""
    scenario: str = ""


@dataclass(frozen=True, slots=True)
class Lapsed:
    """An acceptance whose finding counts again, and why."""

    acceptance: Acceptance
    why: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the acceptances come to for some findings.

    file: name of the triage file, empty = there is none. accepted: fingerprint -> the acceptance
    that holds. lapsed: those whose finding counts again. unmatched: those about a scanned
    deployment (or about none that is named) in which there is no such finding.
    """

    file: str = ""
    accepted: Mapping[str, Acceptance] = field(default_factory=dict)
    lapsed: Sequence[Lapsed] = ()
    unmatched: Sequence[Acceptance] = ()


NOTHING_ACCEPTED = Weighed()
"""No triage file."""


def weigh(
    acceptances: Sequence[Acceptance],
    findings: Iterable[Finding],
    *,
    today: date,
    scanned: Iterable[tuple[int, str]],
    scenarios: Container[str] = (),
    file: str = "",
) -> Weighed:
    """Which acceptances hold today for these findings.

    scanned: (chain id, deployment) of every scan that the findings come from. scenarios: names of
    those that were run; what was accepted under another one is missed by nobody.
    """
    found = {finding.fingerprint: finding for finding in findings}
    places = set(scanned)
    accepted: dict[str, Acceptance] = {}
    lapsed, unmatched = [], []
    for acceptance in acceptances:
        finding = found.get(acceptance.fingerprint)
        if finding is None:
            if _is_about(acceptance, places, scenarios):
                unmatched.append(acceptance)
            continue
        why = why_lapsed(acceptance, finding, today=today)
        if why:
            lapsed.append(Lapsed(acceptance, why))
        else:
            accepted[finding.fingerprint] = acceptance
    return Weighed(file, accepted, tuple(lapsed), tuple(unmatched))


def why_lapsed(acceptance: Acceptance, finding: Finding, *, today: date) -> str:
    """Why an acceptance no longer covers its finding; empty = it does."""
    if acceptance.expires is not None and today > acceptance.expires:
        return f"expired on {acceptance.expires.isoformat()}"
    if acceptance.severity is not None and finding.severity > acceptance.severity:
        return f"is {finding.severity.label} now, was accepted as {acceptance.severity.label}"
    for name, limit in acceptance.up_to.items():
        value = measure(finding).get(name)
        if value is not None and value > limit:
            return f"{name} is {value} now, was accepted up to {limit}"
    return ""


def measure(finding: Finding) -> dict[str, int]:
    """How bad a finding is by its detector's own measures, the weightiest first; empty where it
    has no size, or this version has no such detector."""
    detector = detector_of(finding.detector)
    return {} if detector is None else detector.measure(finding.amounts)


def _is_about(
    acceptance: Acceptance, places: set[tuple[int, str]], scenarios: Container[str]
) -> bool:
    """Whether the scans could have found what was accepted."""
    if acceptance.scenario and acceptance.scenario not in scenarios:
        return False
    if acceptance.chain_id is None or not acceptance.deployment:
        return True
    # A deployment's name may hold the joining sign itself, so the whole name is tried first.
    whole = (acceptance.chain_id, acceptance.deployment)
    parts = {(acceptance.chain_id, name) for name in acceptance.deployment.split(JOINED)}
    return whole in places or parts <= places
