"""Jobs and their digest, for people and for programs."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Protocol

from analyzer.documents.jobs import JobsDocument
from analyzer.model.visible import visible
from analyzer.report.markdown import escape


class _Job(Protocol):
    """What is shown of a job."""

    @property
    def name(self) -> str: ...
    @property
    def words(self) -> Sequence[str]: ...
    @property
    def timeout_s(self) -> int: ...
    @property
    def schedule(self) -> str | None: ...
    @property
    def cron(self) -> str | None: ...
    @property
    def description(self) -> str: ...


def job_lines(jobs: Sequence[_Job], *, commands: bool) -> str:
    """One line a job: name and schedule, or (commands) the command line that would be run."""
    width = max((len(job.name) for job in jobs), default=0)
    lines = []
    for job in jobs:
        if commands:
            text = f"analyzer {shlex.join(job.words)}  (at most {job.timeout_s} s)"
        else:
            when = [w for w in (job.schedule, job.cron and f"cron {job.cron}") if w]
            text = ", ".join(when) or "no schedule"
            text += f": {job.description}" if job.description else ""
        lines.append(f"{job.name:<{width}}  {text}\n")
    return "".join(lines)


def digest_text(document: JobsDocument) -> str:
    """The digest for a terminal: a line a job, and the last words of those that failed."""
    jobs = document.jobs
    width = max((len(job.name) for job in jobs), default=0)
    lines = [_headline(document)]
    for job in jobs:
        mark = "FAILED" if job.failed else "-" if job.skipped else "ok"
        lines.append(f"{job.name:<{width}}  {mark:<6}  {job.ending}, {job.seconds} s")
        lines += [f"{'':<{width}}    {visible(line)}" for line in job.tail]
    return "\n".join(lines) + "\n"


def digest_markdown(document: JobsDocument) -> str:
    """The digest as Markdown; the last lines of a failed job in a code fence."""
    lines = [f"# {_headline(document)}", "", "| job | | ending | seconds |", "|---|---|---|---|"]
    for job in document.jobs:
        mark = "**failed**" if job.failed else "skipped" if job.skipped else "ok"
        name, ending = escape(job.name), escape(job.ending)
        lines.append(f"| {name} | {mark} | {ending} | {job.seconds} |")
    for job in document.jobs:
        if job.tail:
            body = [visible(line).replace("```", "'''") for line in job.tail]
            lines += ["", f"`{job.name}`:", "", "```text", *body, "```"]
    return "\n".join(lines) + "\n"


def _headline(document: JobsDocument) -> str:
    """How many failed, and which."""
    failed, jobs = document.failed, document.jobs
    rest = f"; not run: {', '.join(document.skipped)}" if document.skipped else ""
    if not failed:
        return f"{len(jobs)} jobs, none failed" if len(jobs) != 1 else "1 job, it did not fail"
    return f"{len(failed)} of {len(jobs)} jobs failed: {', '.join(failed)}{rest}"
