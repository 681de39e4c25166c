"""Alerts in words: what, where, how much, since when, and the command to look further.

Findings that one cause has are one entry: a stale feed that makes a hundred accounts unknown is
told once, with the largest of them by name.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from analyzer.findings.acceptance import measure
from analyzer.findings.diff import Change, Difference
from analyzer.findings.groups import cause_of
from analyzer.model.finding import Finding, Severity
from analyzer.model.visible import visible
from analyzer.report.money import amount
from analyzer.runs.schedule.told import Seen
from analyzer.runs.snapshot.summaries import ScanSummary, Summaries

NAMED = 3
"""How many accounts an entry names."""
QUERIES = {
    "contract-divergence": "divergences",
    "control-total-off": "control_totals",
    "incomplete-set": "control_totals",
    "insurance-fund-shortfall": "loss_waterfall",
    "hidden-bad-debt": "loss_waterfall",
    "liquidation-blocked": "blocked_liquidations",
    "bad-oracle": "price_ages",
    "unknown-price-age": "price_ages",
    "unknown-account": "unknown_accounts",
    "unknown-implementation": "code_behind_contracts",
    "unproven-rules": "code_behind_contracts",
}
"""Detector -> the stored query that shows what its findings rest on."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Changes of one kind, deployment, detector, severity and cause, the largest first."""

    change: Change
    scan: ScanSummary
    detector: str
    severity: Severity
    cause: str
    members: Sequence[Difference]


def entries(due: Sequence[Difference], after: Summaries) -> list[Entry]:
    """What is to be told, grouped: the severest first, then what is new, then the largest group."""
    scans = {scan.scan_id: scan for scan in after.scans}
    parts: dict[tuple[Change, str, str, Severity, str], list[Difference]] = {}
    for difference in due:
        finding = difference.finding
        key = (
            *(difference.change, finding.scan_id, finding.detector, finding.severity),
            cause_of(finding) or finding.title,
        )
        parts.setdefault(key, []).append(difference)
    made = [
        Entry(change, scans[scan], detector, severity, cause, sorted(members, key=_largest))
        for (change, scan, detector, severity, cause), members in parts.items()
    ]
    order = list(Change)
    return sorted(
        made,
        key=lambda e: (-e.severity, order.index(e.change), -len(e.members), e.detector, e.cause),
    )


def entry_lines(
    entry: Entry, *, before: Summaries | None, seen: Mapping[str, Seen], db: Path
) -> list[str]:
    """One entry: what it is, then where, how much, since when, and where to look."""
    first = entry.members[0].finding
    many = f" x {len(entry.members)}" if len(entry.members) > 1 else ""
    what = f"{entry.change.value}: {entry.severity.label} {entry.detector}{many}: {first.title}"
    if entry.cause != first.title:
        what += f" ({entry.cause})"
    scan = entry.scan
    where = f"{scan.protocol} {scan.deployment}, chain {scan.chain_id}, block {scan.block.number}"
    lines = [what, f"  where: {where}{_about(entry.members)}"]
    size = _how_much(entry)
    lines += [f"  how much: {size}"] if size else []
    lines.append(f"  since: {_since(entry, before, seen)}")
    lines.append(f"  look: {command(first, db)}")
    return [visible(line) for line in lines]


def command(finding: Finding, db: Path) -> str:
    """The command that shows more of a finding."""
    file = shlex.quote(str(db))
    if finding.detector in QUERIES:
        return f"analyzer query run {QUERIES[finding.detector]} --db {file}"
    if finding.account_id is not None:
        return f"analyzer account {shlex.quote(finding.account_id)} --db {file}"
    return f"analyzer triage list --open --db {file}"


def state_lines(summaries: Summaries) -> list[str]:
    """Where each deployment stands, a line each."""
    lines = []
    for scan in summaries.scans:
        counts = ", ".join(f"{count} {name}" for name, count in scan.verdicts.items() if count)
        text = f"{scan.deployment}, block {scan.block.number}: {counts or 'empty'}"
        lines.append(visible(text + ("; not proven" if scan.caveats else "")))
    return lines


def _about(members: Sequence[Difference]) -> str:
    """The accounts or markets that an entry is about, the largest first."""
    names = [d.finding.account_id or d.finding.market for d in members]
    named = [name for name in names if name]
    if not named:
        return ""
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return f": {', '.join(named[:NAMED])}{more}"


def _how_much(entry: Entry) -> str:
    """The largest main measure, for people; of a worse one what it was."""
    difference = entry.members[0]
    sizes = measure(difference.finding)
    if not sizes:
        return ""
    name, value = next(iter(sizes.items()))
    text = amount(name, value)
    if difference.before is not None and difference.change is Change.WORSE:
        was = measure(difference.before).get(name)
        if was is not None and was != value:
            text += f", it was {amount(name, was)}"
    if len(entry.members) == 1:
        return text
    values = [measure(d.finding).get(name) for d in entry.members]
    known = [value for value in values if value is not None]
    missing = f", {len(values) - len(known)} of unknown size" if len(known) < len(values) else ""
    return f"{amount(name, sum(known))} in all, the largest {text}{missing}"


def _since(entry: Entry, before: Summaries | None, seen: Mapping[str, Seen]) -> str:
    """Since when the first of an entry is there."""
    known = [seen[d.finding.fingerprint] for d in entry.members if d.finding.fingerprint in seen]
    if known:
        first = min(known, key=lambda one: one.block)
        earlier = " or earlier, when alerts began" if first.earlier else ""
        return f"block {first.block} ({_time(first.time)}){earlier}"
    block = entry.scan.block
    text = f"block {block.number} ({_time(block.time)})"
    scans = {scan.place: scan for scan in before.scans} if before is not None else {}
    last = scans.get(entry.scan.place)
    if last is None:
        return f"{text}, the first that was scanned"
    return f"{text}; not yet there at block {last.block.number}"


def _time(seconds: int) -> str:
    """A time of the chain, UTC; as it is where no calendar has it."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"time {seconds}"


def _largest(difference: Difference) -> tuple[int, str]:
    """Order of members: the largest main measure first."""
    finding = difference.finding
    return -next(iter(measure(finding).values()), 0), finding.fingerprint
