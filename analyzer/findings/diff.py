"""What became of findings between two scans: new, worse, better, the same, resolved, or undecided.

before ──fingerprint──▶ after
  there    there          same, worse or better: by severity, then by the detector's measures
  there    gone           resolved, if the later scan could have found it; else undecided
  -        there          new, unless nobody looked before: a scenario that was not run; undecided
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from analyzer.findings.acceptance import measure
from analyzer.model.finding import Finding


class Change(StrEnum):
    """What became of a finding, in the order in which they are told."""

    NEW = "new"
    WORSE = "worse"
    UNDECIDED = "undecided"
    """One side cannot tell: it was there, and the later scan could not have found it; or it is
    there, and the earlier scan did not look."""
    BETTER = "better"
    RESOLVED = "resolved"
    SAME = "same"


ALARMING = frozenset({Change.NEW, Change.WORSE})
"""Changes that `--fail-on` is about."""

_ORDER = {change: number for number, change in enumerate(Change)}


@dataclass(frozen=True, slots=True)
class Difference:
    """One finding of either scan; `before` or `after` is None where it is not there. why: what
    changed, or why nothing can be said."""

    change: Change
    before: Finding | None
    after: Finding | None
    why: str = ""

    @property
    def finding(self) -> Finding:
        """The later of the two. Raises: ValueError when there is neither."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a difference without a finding")
        return found


def compare(
    before: Iterable[Finding],
    after: Iterable[Finding],
    *,
    blind_before: Callable[[Finding], str] = lambda _: "",
    blind_after: Callable[[Finding], str] = lambda _: "",
    not_looked: Callable[[Finding], str] = lambda _: "",
    may_be: Callable[[Finding], str] = lambda _: "",
) -> list[Difference]:
    """Every finding of either side once, by fingerprint: by change, then the severest first.

    blind_before, blind_after: why that side could not have found a finding of the other; empty =
    it could. not_looked: why the earlier side was never asked, so that a finding of the later one
    is no news; an account that was unknown and is insolvent now is. may_be: what a finding that is
    gone may still be, in words.
    """
    old = {finding.fingerprint: finding for finding in before}
    new = {finding.fingerprint: finding for finding in after}
    out = [
        _both(old[finding.fingerprint], finding, blind_after)
        if finding.fingerprint in old
        else _later_only(finding, not_looked(finding), blind_before)
        for finding in new.values()
    ]
    for finding in old.values():
        if finding.fingerprint not in new:
            why = blind_after(finding)
            change = Change.UNDECIDED if why else Change.RESOLVED
            out.append(Difference(change, finding, None, why or may_be(finding)))
    # The sort is stable: within a change and a severity the order of the scans stays.
    return sorted(out, key=lambda d: (_ORDER[d.change], -d.finding.severity))


def _later_only(
    finding: Finding, not_looked: str, blind_before: Callable[[Finding], str]
) -> Difference:
    """A finding that only the later side has."""
    if not_looked:
        return Difference(Change.UNDECIDED, None, finding, f"before, {not_looked}")
    return Difference(Change.NEW, None, finding, blind_before(finding))


def _both(before: Finding, after: Finding, blind_after: Callable[[Finding], str]) -> Difference:
    """A finding that both sides have. Less of it is better only where the later side saw all."""
    change, why = _moved(before, after)
    blind = blind_after(before) if change is Change.BETTER else ""
    if blind:
        return Difference(Change.UNDECIDED, before, after, f"{why}, but {blind}")
    return Difference(change, before, after, why)


def _moved(before: Finding, after: Finding) -> tuple[Change, str]:
    """How a finding compares with what it was: severity first, then the detector's measures."""
    if before.severity != after.severity:
        change = Change.WORSE if after.severity > before.severity else Change.BETTER
        return change, f"{before.severity.label} -> {after.severity.label}"
    sizes = measure(before)
    for name, size in measure(after).items():
        was = sizes.get(name, size)
        if was != size:
            return (Change.WORSE if size > was else Change.BETTER), f"{name} {was} -> {size}"
    return Change.SAME, ""
