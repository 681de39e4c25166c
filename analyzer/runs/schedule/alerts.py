"""Alerts on what changed between two scans, never on what is merely there.

    scan ──compare──▶ new, worse ──severity, cool-down──▶ one message to every channel
    nothing for too long ──▶ stale        all is well ──▶ heartbeat, so that silence is noticed

The first scan is where alerts begin: what is there then is known and not told. What was sent is
kept in a small file beside the snapshot, so that a restart sends nothing twice. A channel that
fails is named and counted, and is tried again with the next message; it stops nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from pathlib import Path

from analyzer.findings.diff import Change, Difference
from analyzer.findings.incomplete_set import IncompleteSet
from analyzer.runs.schedule.alert_text import entries, entry_lines, state_lines
from analyzer.runs.schedule.alerts_file import AlertOptions
from analyzer.runs.schedule.channels import Send
from analyzer.runs.schedule.told import Seen, read_told, write_told
from analyzer.runs.snapshot.summaries import Summaries
from analyzer.runs.triage.diff import differences

ALERTS_SENT = ".alerts.json"
"""After the name of a snapshot: which alerts were sent about it."""


class Alerts:
    """Decides what to tell of one snapshot, tells it, and remembers."""

    def __init__(
        self, options: AlertOptions, db: Path, send: Send, now: Callable[[], float]
    ) -> None:
        self.options = options
        self.db = db
        self.file = db.with_name(db.name + ALERTS_SENT)
        self.send = send
        self.now = now
        self.undelivered = 0
        self.sent = read_told(self.file)

    def scanned(
        self, before: Summaries | None, after: Summaries, accepted: Container[str] = ()
    ) -> None:
        """After a scan: tells what is new or worse than `before`, and when nothing is known any
        more. before: None = there was no scan to compare with. accepted: fingerprints of findings
        that somebody accepts; they are not told."""
        moved = self._moved(before, after)
        due = [d for d in moved if self._is_due(d) and d.finding.fingerprint not in accepted]
        undelivered: list[Difference] = []
        if due and not self._tell_findings(due, moved, before, after):
            undelivered = due
        self._see(moved, undelivered, after, began=self.sent.begun or before is not None)
        self._tell_blind(after)
        if self.sent.stale:
            self.sent.stale = False
            self._deliver("scans are back", "\n".join(state_lines(after)), "success")
        self._keep()

    def idle(self, *, fresh: bool, text: str) -> None:
        """Between scans: says once that scans have stopped, and otherwise gives signs of life.

        text: what the watch knows of itself, one line.
        """
        now = self.now()
        if not fresh and not self.sent.stale:
            self.sent.stale = True
            self._deliver("no fresh scan", text, "failure")
            self._keep()
        beat = self.options.heartbeat_s
        if fresh and beat and now - self.sent.heartbeat_at >= beat:
            self.sent.heartbeat_at = now
            self._deliver("watching", text, "info")
            self._keep()

    def _moved(self, before: Summaries | None, after: Summaries) -> list[Difference]:
        """What became of every finding since the last scan that was told of: one that is in both
        snapshots, and was never seen here, came while nobody told it."""
        if before is None:
            moved = [Difference(Change.SAME, None, finding) for finding in after.findings]
        else:
            moved = differences(before, after)
        if not self.sent.begun:
            return moved
        return [
            replace(d, change=Change.NEW, before=None) if self._came_unseen(d) else d for d in moved
        ]

    def _came_unseen(self, difference: Difference) -> bool:
        """Whether a finding that is not new to the snapshots is new to those who are told."""
        if difference.after is None or difference.change is Change.UNDECIDED:
            return False
        return difference.finding.fingerprint not in self.sent.seen

    def _is_due(self, difference: Difference) -> bool:
        """Whether a change is to be told: new or worse, severe enough, and not told lately."""
        finding = difference.finding
        if difference.change not in (Change.NEW, Change.WORSE):
            return False
        if finding.severity < self.options.min_severity:
            return False
        at, severity = self.sent.told.get(finding.fingerprint, (None, 0))
        if at is None or int(finding.severity) > severity:
            return True
        return self.now() - at >= self.options.cooldown_s

    def _tell_findings(
        self,
        due: Sequence[Difference],
        moved: Sequence[Difference],
        before: Summaries | None,
        after: Summaries,
    ) -> bool:
        """One message for everything that is due; whether every channel took it."""
        grouped = entries(due, after)
        listed = grouped[: self.options.max_findings]
        lines: list[str] = []
        for entry in listed:
            lines += entry_lines(entry, before=before, seen=self.sent.seen, db=self.db)
        left = sum(len(entry.members) for entry in grouped[len(listed) :])
        if left:
            lines.append(f"and {left} more: analyzer triage list --open --db {self.db}")
        resolved = sum(1 for d in moved if d.change is Change.RESOLVED)
        if resolved:
            lines.append(f"resolved since: {resolved}")
        lines += ["", *state_lines(after)]
        severest = max(d.finding.severity for d in due)
        title = f"{len(due)} new or worse, {severest.label}"
        if not self._deliver(title, "\n".join(lines), "failure"):
            return False
        for difference in due:
            finding = difference.finding
            self.sent.told[finding.fingerprint] = (self.now(), int(finding.severity))
        return True

    def _see(
        self,
        moved: Sequence[Difference],
        undelivered: Sequence[Difference],
        after: Summaries,
        *,
        began: bool,
    ) -> None:
        """Remembers since when each finding is there, and forgets those that are gone. began:
        something was known before this scan, so that what is new is of this block."""
        blocks = {scan.scan_id: scan.block for scan in after.scans}
        again = {difference.finding.fingerprint for difference in undelivered}
        for difference in moved:
            finding = difference.finding
            if difference.change is Change.RESOLVED:
                self.sent.seen.pop(finding.fingerprint, None)
            elif difference.after is not None and finding.fingerprint not in again:
                block = blocks[finding.scan_id]
                new = began and difference.change is Change.NEW
                first = Seen(block.number, block.time, not new)
                self.sent.seen.setdefault(finding.fingerprint, first)
        self.sent.begun = True

    def _tell_blind(self, after: Summaries) -> None:
        """Says once that a scan knows nothing of anybody, or not that it knows of everybody: it
        looks calm and is not."""
        what = _not_whole(after)
        accounts = sum(scan.accounts for scan in after.scans)
        if accounts and accounts == sum(scan.verdicts["unknown"] for scan in after.scans):
            what = "every account is unknown"
        if what and not self.sent.blind:
            text = "\n".join([what, "", *state_lines(after)])
            self._deliver("nothing is known", text, "failure")
        self.sent.blind = bool(what)

    def _deliver(self, title: str, text: str, kind: str) -> bool:
        """Sends a message; whether every channel took it. One that did not is counted."""
        taken = self.send(f"analyzer: {title}", text, kind)
        self.undelivered += not taken
        return taken

    def _keep(self) -> None:
        """Writes what was sent, leaving out what no cool-down needs any more."""
        horizon = self.now() - max(self.options.cooldown_s, 0)
        self.sent.told = {k: v for k, v in self.sent.told.items() if v[0] > horizon}
        write_told(self.file, self.sent)


def _not_whole(after: Summaries) -> str:
    """Why the accounts of some deployment are not proven to be all; empty = they are."""
    scans = {scan.scan_id: scan for scan in after.scans}
    return "; ".join(
        f"{scans[finding.scan_id].deployment}: {finding.evidence.get('because', finding.title)}"
        for finding in after.findings
        if finding.detector == IncompleteSet.id
    )
