"""What `run` says: the digest of its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.envelope import Document


@dataclass(frozen=True, slots=True)
class JobEnding:
    """How a job ended. exit_code: negative = a signal, null = it ran out of time. tail: the last
    lines of its standard error, where it failed."""

    name: str
    exit_code: int | None
    ending: str
    failed: bool
    seconds: float
    tail: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobsDocument(Document):
    """The digest of `analyzer run`. failed: names of the jobs that failed."""

    KIND: ClassVar[str] = "jobs"
    SCHEMA: ClassVar[int] = 2

    failed: tuple[str, ...]
    jobs: tuple[JobEnding, ...]
