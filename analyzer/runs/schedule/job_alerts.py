"""Alerts of a run of jobs: what its scans found, and jobs that fail or are well again.

job `scan --db FILE`   snapshot before ──▶ run ──▶ snapshot after: as `watch` tells it
any job                failed ──▶ told once, with its last words; well again ──▶ told
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson

from analyzer.model.errors import InputError
from analyzer.model.visible import visible
from analyzer.runs.schedule.alerts import ALERTS_SENT, Alerts
from analyzer.runs.schedule.alerts_file import AlertOptions
from analyzer.runs.schedule.channels import Send
from analyzer.runs.schedule.jobs import Done
from analyzer.runs.schedule.jobs_file import Job
from analyzer.runs.snapshot.artifact import write_texts
from analyzer.runs.snapshot.reader import read_summaries
from analyzer.runs.snapshot.summaries import Summaries
from analyzer.runs.triage.triage import today, weigh_summaries


class JobAlerts:
    """Tells what the jobs of a file find, and how they go. Remembers the latter beside the file."""

    def __init__(
        self,
        options: AlertOptions,
        jobs_file: Path,
        send: Send,
        say: Callable[[str], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self.options = options
        self.jobs_file = jobs_file
        self.file = jobs_file.with_name(jobs_file.name + ALERTS_SENT)
        self.send = send
        self.say = say
        self.now = now
        self.failing = _read_failing(self.file)
        self.before: Summaries | None = None

    def started(self, job: Job) -> None:
        """Before a job: what its snapshot holds, if it has one."""
        self.before = None if job.scanned is None else self._summaries(job.scanned)

    def ended(self, done: Done) -> None:
        """After a job: tells what its scan found, and whether it failed or is well again."""
        db = done.job.scanned
        if db is not None and not done.skipped:
            self._tell_scan(db)
        name = done.job.name
        if done.failed and name not in self.failing:
            if self._deliver(f"job {name} failed: {done.words}", self._text(done), "failure"):
                self.failing[name] = self.now()
        elif not done.failed and not done.skipped and name in self.failing:
            since = _time(self.failing[name])
            if self._deliver(f"job {name} is well again", f"it failed since {since}", "success"):
                del self.failing[name]
        write_texts({self.file: json.dumps({"failing": self.failing}, indent=1) + "\n"})

    def _tell_scan(self, db: Path) -> None:
        """What a scan found, compared with the snapshot that was there."""
        after = self._summaries(db)
        if after is None:
            return
        try:
            weighed = weigh_summaries(after, db=db, named=None, today=today())
            Alerts(self.options, db, self.send, self.now).scanned(
                self.before, after, weighed.accepted
            )
        except InputError as error:
            self.say(f"no alert about {db.name}: {error}")

    def _summaries(self, db: Path) -> Summaries | None:
        """What a snapshot holds; None when there is none that can be read, which is said."""
        if not db.exists():
            return None
        try:
            return read_summaries(db)
        except InputError as error:
            self.say(f"no alert about {db.name}: {error}")
            return None

    def _text(self, done: Done) -> str:
        """What a failed job said last, since when, and how to run it alone."""
        lines = [visible(line) for line in done.tail] or ["it said nothing"]
        file = self.jobs_file.name
        return "\n".join(
            [
                *lines,
                f"since: {_time(self.now())}",
                f"look: analyzer run {file} --only {done.job.name} (in {self.jobs_file.parent})",
            ]
        )

    def _deliver(self, title: str, text: str, kind: str) -> bool:
        return self.send(f"analyzer: {title}", text, kind)


def _read_failing(file: Path) -> dict[str, float]:
    """Job -> since when it fails. Raises: InputError for a file that is not ours."""
    if not file.exists():
        return {}
    try:
        found = orjson.loads(file.read_bytes())["failing"]
        return {str(name): float(since) for name, since in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{file} does not hold the alerts that were sent: remove it") from error


def _time(seconds: float) -> str:
    """A time of the clock, UTC."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"time {seconds}"
