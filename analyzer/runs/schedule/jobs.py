"""`run`: every job of a file is tried, whatever the others do; one digest at the end.

Each job is a process of its own, so that one that hangs or dies takes nobody with it.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer import __version__
from analyzer.documents.envelope import Run
from analyzer.documents.jobs import JobEnding, JobListDocument, JobsDocument, ListedJob
from analyzer.model.errors import ExitCode, InputError, worst_exit
from analyzer.runs.schedule.jobs_file import Job

TIMED_OUT = -1
"""Stands for the exit code of a job that ran out of time."""
TAIL_LINES = 5
"""How many of a failed job's last lines the digest shows."""
GRACE_S = 10
"""How long a job that is stopped may take to end by itself."""

_ENV_LINE = re.compile(r"(?:export +)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")

WORDS = {
    ExitCode.CLEAN: "clean",
    ExitCode.FINDINGS: "findings",
    ExitCode.BAD_INPUT: "input is wrong",
    ExitCode.NOT_FULLY_READ: "not fully read",
    ExitCode.DIVERGENCE: "contradicted by the contract",
}
"""What each exit code means, in a digest."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a job ended. code: its exit code (negative: a signal, or `TIMED_OUT`). tail: the last
    lines of its standard error. skipped: why it was not run at all; empty = it was."""

    job: Job
    code: int
    seconds: float
    tail: tuple[str, ...]
    timed_out: bool = False
    skipped: str = ""

    @property
    def failed(self) -> bool:
        """Whether it counts as failed. One that was not run did not fail: what it needs did."""
        if self.skipped:
            return False
        if self.timed_out or self.code not in ExitCode.__members__.values():
            return True
        return ExitCode(self.code) in self.job.failure

    @property
    def words(self) -> str:
        """The ending in words."""
        if self.skipped:
            return f"skipped: {self.skipped}"
        if self.timed_out:
            return f"stopped after {self.job.timeout_s} s"
        if self.code in ExitCode.__members__.values():
            return WORDS[ExitCode(self.code)]
        if self.code < 0:
            return f"killed by {signal.Signals(-self.code).name}"
        return f"ended with {self.code}"


@dataclass(frozen=True, slots=True)
class Digest:
    """All jobs of a run, in order. exit_code: 0 when none failed, else the failed ones' worst."""

    done: tuple[Done, ...]

    @property
    def exit_code(self) -> ExitCode:
        """What the run says to the shell; a job that was killed or ran out of time is 3."""
        return worst_exit(*(_code(one) for one in self.done if one.failed))

    def document(self) -> JobsDocument:
        """What is said of them."""
        return JobsDocument(
            run=Run(__version__, int(self.exit_code)),
            failed=tuple(one.job.name for one in self.done if one.failed),
            skipped=tuple(one.job.name for one in self.done if one.skipped),
            jobs=tuple(
                JobEnding(
                    name=one.job.name,
                    exit_code=None if one.timed_out or one.skipped else int(one.code),
                    ending=one.words,
                    failed=one.failed,
                    skipped=bool(one.skipped),
                    seconds=round(one.seconds, 1),
                    tail=one.tail if one.failed else (),
                )
                for one in self.done
            ),
        )


def list_document(jobs: Sequence[Job], mask: Callable[[str], str]) -> JobListDocument:
    """The jobs as their file has them; `mask` hides keys of endpoints in their commands."""
    return JobListDocument(
        run=Run(__version__, 0),
        jobs=tuple(
            ListedJob(
                name=job.name,
                command=mask(shlex.join(["analyzer", *job.words])),
                needs=job.needs,
                schedule=job.schedule,
                cron=job.cron,
                timeout_seconds=job.timeout_s,
                description=job.description,
            )
            for job in jobs
        ),
    )


def _code(done: Done) -> ExitCode:
    """The house's exit code of a failed job."""
    if not done.timed_out and done.code in ExitCode.__members__.values():
        return ExitCode(done.code)
    return ExitCode.NOT_FULLY_READ


def run_jobs(
    jobs: Sequence[Job],
    mask: Callable[[str], str],
    started: Callable[[Job], None] = lambda job: None,
    ended: Callable[[Done], None] = lambda done: None,
) -> Digest:
    """Runs the jobs one after the other and says how each ended. A job is skipped when one that it
    needs failed or was skipped; one that is not among `jobs` counts as well. `mask` hides keys of
    endpoints in the lines that the digest shows; `started` is told of each job before it runs, and
    `ended` after it."""
    done: list[Done] = []
    bad: dict[str, str] = {}
    for job in jobs:
        needed = next((name for name in job.needs if name in bad), None)
        if needed is None:
            started(job)
            one = run_job(job, mask)
        else:
            one = Done(job, 0, 0.0, (), skipped=f"it needs {needed}, which {bad[needed]}")
        if one.failed or one.skipped:
            bad[job.name] = "was skipped" if one.skipped else "failed"
        ended(one)
        done.append(one)
    return Digest(tuple(done))


def run_job(job: Job, mask: Callable[[str], str]) -> Done:
    """Runs one job in a process group of its own, and stops the whole group when time is up."""
    begun = time.monotonic()
    try:
        environment = {**os.environ, **_env_of(job)}
    except InputError as error:
        return Done(job, ExitCode.BAD_INPUT, 0.0, (str(error),))
    with subprocess.Popen(
        [sys.executable, "-m", "analyzer", *job.words],
        cwd=job.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        timed_out = False
        try:
            _, errors = process.communicate(timeout=job.timeout_s)
        except subprocess.TimeoutExpired:
            timed_out, errors = True, _stop(process)
    tail = [mask(line.rstrip()) for line in errors.splitlines() if line.strip()]
    seconds = time.monotonic() - begun
    return Done(job, process.returncode, seconds, tuple(tail[-TAIL_LINES:]), timed_out)


def _stop(process: subprocess.Popen[str]) -> str:
    """Ends a job and everything that it started, gently first. What it said on standard error."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        return process.communicate(timeout=GRACE_S)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[1]


def _env_of(job: Job) -> dict[str, str]:
    """The variables of a job's env file. Raises: InputError that shows no value."""
    if job.env_file is None:
        return {}
    try:
        lines = Path(job.env_file).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no text"
        raise InputError(f"env_file {job.env_file.name} cannot be read: {reason}") from error
    out = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _ENV_LINE.fullmatch(line.strip())
        if found is None or "\0" in line:
            raise InputError(f"env_file {job.env_file.name}, line {number}, is not NAME=value")
        out[found[1]] = found[2].strip().strip("\"'")
    return out
