"""`jobs.toml`: which commands are run, how often, and for how long at most.

    [defaults]
    timeout_seconds = 1800
    env_file = "rpc.env"              # ANALYZER_RPC=... : keys stay out of this file

    [[job]]
    name = "perp"
    run = "scan --deployment perp-v2-optimism --db perp.duckdb"
    schedule = "*-*-* *:00/15:00"     # systemd's calendar
    cron = "*/15 * * * *"
    failure = ["input", "unread", "divergence"]

    [[job]]
    name = "perp-report"
    needs = ["perp"]                  # not run when perp failed, or was not run itself
    run = "report --db perp.duckdb --out perp.html"

`run` is a command of this program without its name, as text or as a list of words. Paths are
relative to the file's folder. `failure` says which endings make the job failed; by default all
but findings do not, because a finding is a result.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.model.closest import did_you_mean
from analyzer.model.errors import ExitCode, InputError
from analyzer.model.toml_file import is_line, is_whole, read_toml, shown

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_KEYS = frozenset(
    {
        *("name", "run", "schedule", "cron", "timeout_seconds", "env_file", "failure"),
        *("description", "needs"),
    }
)
_DEFAULT_KEYS = frozenset({"timeout_seconds", "env_file", "failure", "schedule", "cron"})
_FILE_KEYS = frozenset({"defaults", "job", "alerts"})
DEFAULT_TIMEOUT_S = 3_600
LONGEST_TIMEOUT_S = 2_000_000
"""23 days: what a process can be waited for counts milliseconds in 32 bits."""

_CRON_FIELD = re.compile(r"[0-9A-Za-z*~][0-9A-Za-z*/,~-]*")
_CRON_WORDS = frozenset(
    {"@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
)
_CALENDAR = re.compile(r"[0-9A-Za-z*][0-9A-Za-z*/,.:~+_ -]*")

ENDINGS: Mapping[str, ExitCode] = {
    "findings": ExitCode.FINDINGS,
    "input": ExitCode.BAD_INPUT,
    "unread": ExitCode.NOT_FULLY_READ,
    "divergence": ExitCode.DIVERGENCE,
}
"""The names that `failure` takes, with the exit code that each stands for."""

_DEFAULT_FAILURE = frozenset(ENDINGS.values()) - {ExitCode.FINDINGS}


@dataclass(frozen=True, slots=True)
class Job:
    """One command to run. words: its arguments, without the program. folder: where it is run.

    schedule, cron: when, for systemd and for cron; None = not said. env_file: a file of
    `NAME=value` lines for its environment. failure: the exit codes that make it failed (a
    time-out, a signal or any other code always does). needs: jobs that have to go well before it.
    """

    name: str
    words: tuple[str, ...]
    folder: Path
    timeout_s: int
    schedule: str | None = None
    cron: str | None = None
    env_file: Path | None = None
    failure: frozenset[ExitCode] = _DEFAULT_FAILURE
    description: str = ""
    needs: tuple[str, ...] = ()

    @property
    def scanned(self) -> Path | None:
        """The snapshot that it writes, where it is a `scan` that names one."""
        if self.words[0] != "scan":
            return None
        for number, word in enumerate(self.words):
            name, equals, value = word.partition("=")
            if name == "--db" and equals:
                return self.folder / value
            if word == "--db" and number + 1 < len(self.words):
                return self.folder / self.words[number + 1]
        return None


def read_jobs(path: Path) -> list[Job]:
    """The jobs of a file: in its order, each after those that it needs.

    Raises: InputError naming the file, the job, the key, and what is wrong.
    """
    values = read_toml(path, "jobs file")
    _known(path, "the file", values, _FILE_KEYS)
    defaults, jobs = values.get("defaults", {}), values.get("job", [])
    if not isinstance(defaults, dict) or not isinstance(jobs, list) or not jobs:
        raise InputError(f"{path}: a jobs file has [[job]] tables, and at most one [defaults]")
    _known(path, "[defaults]", defaults, _DEFAULT_KEYS)
    for number, job in enumerate(jobs, 1):
        if not isinstance(job, dict):
            raise InputError(f"{path}: job {number} has to be a [[job]] table, not {shown(job)}")
    read = [_job(path, number, {**defaults, **job}) for number, job in enumerate(jobs, 1)]
    names = [job.name for job in read]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path}: two jobs are named {name!r}")
    return _in_order(path, read)


def alerts_of(path: Path) -> Path | None:
    """The alerts file that a jobs file names, relative to its folder; None = none.

    Raises: InputError."""
    named = _text(path, "the file", read_toml(path, "jobs file"), "alerts")
    return None if named is None else path.resolve().parent / named


def choose(jobs: list[Job], only: tuple[str, ...], path: Path) -> list[Job]:
    """The jobs with these names, in the file's order; all without names. Raises: InputError."""
    known = [job.name for job in jobs]
    for name in only:
        if name not in known:
            close = did_you_mean(name, known)
            raise InputError(f"{path} has no job {name!r}{close} (it has: {', '.join(known)})")
    return [job for job in jobs if not only or job.name in only]


def _known(path: Path, where: str, values: Mapping[str, object], keys: frozenset[str]) -> None:
    """Raises: InputError for a key that is none of `keys`."""
    for key in values:
        if key not in keys:
            raise InputError(
                f"{path}: {where} has a key {shown(key)}: there are only {', '.join(sorted(keys))}"
            )


def _job(path: Path, number: int, values: Mapping[str, object]) -> Job:
    """One job. Raises: InputError."""
    name = values.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(
            f"{path}: job {number} needs a name of lower-case letters, digits and dashes,"
            f" not {shown(name)}"
        )
    where = f"job {name}"
    _known(path, where, values, _KEYS)
    timeout = values.get("timeout_seconds", DEFAULT_TIMEOUT_S)
    if not isinstance(timeout, int) or not is_whole(timeout, 1, LONGEST_TIMEOUT_S):
        raise InputError(
            f"{path}: {where}: timeout_seconds has to be a whole number above 0 and up to"
            f" {LONGEST_TIMEOUT_S:,}, it is {shown(timeout)}"
        )
    env = _text(path, where, values, "env_file")
    return Job(
        name=name,
        words=_words(path, where, values.get("run")),
        folder=path.resolve().parent,
        timeout_s=timeout,
        schedule=_schedule(path, where, _text(path, where, values, "schedule")),
        cron=_cron(path, where, _text(path, where, values, "cron")),
        env_file=None if env is None else (path.resolve().parent / env),
        failure=_failure(path, where, values.get("failure")),
        description=_text(path, where, values, "description") or "",
        needs=_needs(path, where, values.get("needs", [])),
    )


def _needs(path: Path, where: str, value: object) -> tuple[str, ...]:
    """Names of other jobs. Raises: InputError."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise InputError(f"{path}: {where}: needs is a list of jobs, it is {shown(value)}")
    return tuple(dict.fromkeys(value))


def _in_order(path: Path, jobs: Sequence[Job]) -> list[Job]:
    """The jobs in their order, each after those that it needs.

    Raises: InputError for a job that needs one that there is not, or needs itself in the end."""
    names = [job.name for job in jobs]
    for job in jobs:
        for name in job.needs:
            if name not in names:
                close = did_you_mean(name, names)
                raise InputError(
                    f"{path}: job {job.name} needs {shown(name)}, which is no job{close}"
                )
    ordered: list[Job] = []
    waiting = list(jobs)
    while waiting:
        placed = {job.name for job in ordered}
        ready = next((job for job in waiting if placed.issuperset(job.needs)), None)
        if ready is None:
            circle = ", ".join(job.name for job in waiting)
            raise InputError(f"{path}: jobs need each other in a circle: {circle}")
        ordered.append(ready)
        waiting.remove(ready)
    return ordered


def _text(path: Path, where: str, values: Mapping[str, object], key: str) -> str | None:
    """A line of text that may be missing, without a control sign and without a backslash at its
    end, which would join it to the next line of a unit. Raises: InputError."""
    value = values.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not is_line(value.strip()):
        raise InputError(f"{path}: {where}: {key} has to be one line of text, it is {shown(value)}")
    if value.strip().endswith("\\"):
        raise InputError(f"{path}: {where}: {key} may not end with a backslash: {shown(value)}")
    return value.strip()


def _words(path: Path, where: str, value: object) -> tuple[str, ...]:
    """The arguments of a command. Raises: InputError."""
    try:
        words = shlex.split(value) if isinstance(value, str) else value
    except ValueError as error:
        raise InputError(f"{path}: {where}: run cannot be split into words: {error}") from error
    texts = isinstance(words, list) and all(isinstance(w, str) and "\0" not in w for w in words)
    if not isinstance(words, list) or not words or not texts:
        raise InputError(f"{path}: {where}: run has to be a command, such as 'scan --db x.duckdb'")
    if words[0] in ("run", "watch", "devnet"):
        raise InputError(f"{path}: {where}: '{words[0]}' does not end by itself and is no job")
    return tuple(words)


def _cron(path: Path, where: str, value: str | None) -> str | None:
    """Five fields, or a word such as @hourly, and nothing that cron would take for a command, a
    comment or a variable. Raises: InputError."""
    if value is None or value in _CRON_WORDS:
        return value
    if value.startswith("@"):
        known = ", ".join(sorted(_CRON_WORDS))
        raise InputError(f"{path}: {where}: cron {shown(value)} is none of {known}")
    fields = value.split()
    if len(fields) != 5:
        raise InputError(f"{path}: {where}: cron needs five fields, it has {shown(value)}")
    for field in fields:
        if not _CRON_FIELD.fullmatch(field):
            raise InputError(
                f"{path}: {where}: cron {shown(field)} is no field: digits, names, * / , - ~"
            )
    return " ".join(fields)


def _schedule(path: Path, where: str, value: str | None) -> str | None:
    """A calendar expression of systemd, as far as its letters go. Raises: InputError."""
    if value is not None and not _CALENDAR.fullmatch(value):
        raise InputError(
            f"{path}: {where}: schedule {shown(value)} is no calendar of systemd: only letters,"
            " digits, blanks and * / , . : ~ + _ -"
        )
    return value


def _failure(path: Path, where: str, value: object) -> frozenset[ExitCode]:
    """The exit codes that make a job failed. Raises: InputError."""
    if value is None:
        return _DEFAULT_FAILURE
    if not isinstance(value, list) or not all(
        isinstance(name, str) and name in ENDINGS for name in value
    ):
        raise InputError(f"{path}: {where}: failure is a list of {', '.join(ENDINGS)}")
    return frozenset(ENDINGS[name] for name in value)
