"""What `run` says: the digest of its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.envelope import Document


@dataclass(frozen=True, slots=True)
class JobEnding:
    """How a job ended. exit_code: negative = a signal, null = it ran out of time. tail: the last
    lines of its standard error, where it failed. skipped: it was not run, because a job
    that it needs failed; then exit_code is null too."""

    name: str
    exit_code: int | None
    ending: str
    failed: bool
    skipped: bool
    seconds: float
    tail: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobsDocument(Document):
    """The digest of `analyzer run`. failed, skipped: names of the jobs that failed, or were not
    run."""

    KIND: ClassVar[str] = "jobs"
    SCHEMA: ClassVar[int] = 2

    failed: tuple[str, ...]
    skipped: tuple[str, ...]
    jobs: tuple[JobEnding, ...]


@dataclass(frozen=True, slots=True)
class ListedJob:
    """A job as its file has it. command: its words; keys of endpoints are masked. schedule, cron:
    null = not said."""

    name: str
    command: str
    needs: tuple[str, ...]
    schedule: str | None
    cron: str | None
    timeout_seconds: int
    description: str


@dataclass(frozen=True, slots=True)
class JobListDocument(Document):
    """What `analyzer run --list` and `--dry-run` say: the jobs, in the order in which they run."""

    KIND: ClassVar[str] = "job_list"

    jobs: tuple[ListedJob, ...]
