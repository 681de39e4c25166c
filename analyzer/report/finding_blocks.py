"""Findings on a page: what shares a cause in one row, what is accepted below, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from analyzer.documents.findings import (
    Accepted,
    FindingEntry,
    Triage,
    TriageEntry,
    WeighedFinding,
)
from analyzer.findings import detector_of
from analyzer.findings.groups import SMALLEST
from analyzer.report.blocks import Block, Grid, Line
from analyzer.report.money import amount

FINDING_ROWS = 5
"""How many findings of one detector a page lists; JSON and CSV hold all of them."""
GROUP_NAMES = 3
"""How many of a group are named."""
SHORT_NAME = 12
"""Up to this many characters a name is short enough for several of them in one row."""
LONGEST_WHOLE = 44
"""Up to this many characters a name is kept on one line."""
ACCEPTED_ROWS = 25
"""How many accepted findings a page lists; JSON and CSV hold all of them."""
COLUMNS = ("severity", "detector", "about", "what")

Found = TypeVar("Found", bound=WeighedFinding)


def finding_blocks(findings: Sequence[WeighedFinding]) -> list[Block]:
    """The findings by detector: causes that several share first, then those with the largest
    amount; below them what somebody has accepted."""
    if not findings:
        return [Line("Findings", "none", "good")]
    by_detector: dict[str, list[WeighedFinding]] = {}
    for finding in findings:
        if not finding.accepted:
            by_detector.setdefault(finding.detector, []).append(finding)
    counted = Counter(f.severity.label for found in by_detector.values() for f in found)
    note = ", ".join(f"{count:,} {severity}" for severity, count in counted.items())
    if any(len(found) > FINDING_ROWS for found in by_detector.values()):
        note += "; --format json or csv lists all"
    rows = tuple(row for found in by_detector.values() for row in finding_rows(found))
    first: Block = Line("Findings", "none that is not accepted", "good")
    if rows:
        first = Grid("Findings", COLUMNS, rows, note=f"{note}.", whole=whole_columns(COLUMNS, rows))
    return [first, *_accepted([finding for finding in findings if finding.accepted])]


def triage_lines(triage: Triage) -> list[Line]:
    """What of the triage file holds no longer, one line each: it counts again, or can go."""
    lines = [
        Line("Triage", f"{_entry(entry)} counts again: {entry.why}", "doubt")
        for entry in triage.lapsed
    ]
    lines += [
        Line("Triage", f"{_entry(entry)} matches no finding: it may be withdrawn")
        for entry in triage.unmatched
    ]
    return lines


def about(finding: FindingEntry) -> str:
    """What a finding is about, in one word."""
    return finding.account_id or finding.market or "deployment"


def what(finding: FindingEntry) -> str:
    """A finding in few words: the amount for an account, title and amount for a deployment, the
    title where it says which of several causes it is."""
    name, value = first_amount(finding)
    first = amount(name, value) if name else ""
    title = finding.title
    if finding.market is not None or not first:
        return title
    return first if finding.account_id else f"{title} ({first})"


def first_amount(finding: FindingEntry) -> tuple[str, int]:
    """Name and value of the amount that says how bad a finding is: its detector's first measure,
    else its first amount; counts are none. ("", 0) when there is none."""
    detector = detector_of(finding.detector)
    measured = {} if detector is None else detector.measure(finding.amounts)
    for name, value in (*measured.items(), *finding.amounts.items()):
        if not name.endswith("_count"):
            return name, value
    return "", 0


def terms(accepted: Accepted) -> str:
    """Who accepted a finding, when, and until when."""
    text = f"{accepted.author}, {accepted.date}"
    return f"{text}, until {accepted.expires}" if accepted.expires else text


def whole_columns(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> frozenset[str]:
    """The columns but the last one that are kept on one line: all but those with very long ids."""
    return frozenset(
        name
        for place, name in enumerate(columns[:-1])
        if max((len(row[place]) for row in rows), default=0) <= LONGEST_WHOLE
    )


def count_of(number: int, noun: str) -> str:
    """`1 account`, `2 accounts`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def finding_rows(
    findings: Sequence[Found],
    say: Callable[[Found], str] = what,
    limit: int = FINDING_ROWS,
) -> list[tuple[str, ...]]:
    """The rows of one detector's findings: groups with one cause, then the largest of the others,
    at most `limit`, and how many are left out. say: what is said of one."""
    by_cause: dict[tuple[str, str], list[Found]] = {}
    for finding in findings:
        if finding.cause:
            by_cause.setdefault((finding.severity.label, finding.cause), []).append(finding)
    groups = [found for found in by_cause.values() if len(found) >= SMALLEST]
    told = {finding.fingerprint for found in groups for finding in found}
    rows = [_group_row(found) for found in sorted(groups, key=len, reverse=True)]
    alone = [finding for finding in findings if finding.fingerprint not in told]
    largest = sorted(alone, key=lambda finding: -first_amount(finding)[1])[:limit]
    rows += [(f.severity.label, f.detector, about(f), say(f)) for f in largest]
    left = len(alone) - len(largest)
    return [*rows, ("", "", f"and {left:,} more", "")] if left else rows


def _group_row(found: Sequence[WeighedFinding]) -> tuple[str, ...]:
    """One row for findings with one cause: how many, the cause, and where the first ones are."""
    first = found[0]
    alike = len({finding.title for finding in found}) == 1
    title = f"{first.title}: " if alike else ""
    noun = "account" if all(finding.account_id for finding in found) else "finding"
    names = [about(finding) for finding in found[:GROUP_NAMES]]
    if max(map(len, names)) <= SHORT_NAME:
        named = ", ".join(names) + (", ..." if len(found) > GROUP_NAMES else "")
    else:
        named = f"e.g. {names[0] if alike else first.title}"
    text = f"{title}{first.cause} ({named})"
    return first.severity.label, first.detector, count_of(len(found), noun), text


def _accepted(findings: Sequence[WeighedFinding]) -> list[Block]:
    """The findings that somebody accepts, with the reason: they are there, and do not count."""
    rows = tuple(
        (
            finding.severity.label,
            finding.detector,
            about(finding),
            f"{finding.accepted.reason} ({terms(finding.accepted)})",
        )
        for finding in findings[:ACCEPTED_ROWS]
        if finding.accepted is not None
    )
    if not rows:
        return []
    left = len(findings) - len(rows)
    note = f"{count_of(len(findings), 'finding')} accepted; not counted by --fail-on."
    note += f" {left:,} more in --format json or csv." if left else ""
    columns = (*COLUMNS[:3], "accepted because")
    return [Grid("Accepted findings", columns, rows, note=note, whole=whole_columns(columns, rows))]


def _entry(entry: TriageEntry) -> str:
    """An acceptance in few words."""
    words = (entry.detector, entry.deployment, entry.about)
    place = " ".join(word for word in words if word)
    return entry.fingerprint + (f" ({place})" if place else "")
