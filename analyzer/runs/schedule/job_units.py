"""Jobs as the system's own schedulers want them: systemd units, or lines of a crontab."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from analyzer.model.errors import InputError
from analyzer.model.toml_file import is_line, shown
from analyzer.runs.schedule.jobs_file import Job


def systemd_units(jobs: Sequence[Job], file: Path, program: Sequence[str] = ()) -> dict[str, str]:
    """file name -> text: one service and one timer a job that has a `schedule`.

    A service runs `analyzer run FILE --only NAME`, so that what counts as failed is the file's
    word. It may write in the file's folder and nowhere else. program: the words that start the
    analyzer; by default this Python's. Raises: InputError when no job has a schedule, or when a
    path holds what a unit cannot quote.
    """
    _check_paths(file, program or _program())
    units: dict[str, str] = {}
    for job in jobs:
        if job.schedule is None:
            continue
        name = f"analyzer-{job.name}"
        units[f"{name}.service"] = _service(job, file, program or _program())
        units[f"{name}.timer"] = _timer(job)
    if not units:
        raise InputError(f'{file}: no job has a schedule: add e.g. schedule = "hourly"')
    return units


def crontab(jobs: Sequence[Job], file: Path, program: Sequence[str] = ()) -> str:
    """One line a job that has a `cron`. Raises: InputError when none has, or when a path holds what
    a crontab cannot quote."""
    _check_paths(file, program or _program())
    lines = []
    for job in jobs:
        if job.cron is None:
            continue
        words = [*(program or _program()), "run", str(file.resolve()), "--only", job.name]
        command = shlex.join(words).replace("%", r"\%")
        lines.append(f"{job.cron} {command}")
    if not lines:
        raise InputError(f'{file}: no job has a cron line: add e.g. cron = "0 * * * *"')
    return "\n".join(lines) + "\n"


def _program() -> list[str]:
    """The words that start this program, as it was started now."""
    return [sys.executable, "-m", "analyzer"]


def _service(job: Job, file: Path, program: Sequence[str]) -> str:
    """A unit that runs once and may touch nothing but its folder."""
    words = [*program, "run", str(file.resolve()), "--only", job.name]
    folder = _quoted(str(job.folder), variables=False)
    return "\n".join(
        [
            "[Unit]",
            f"Description=analyzer: {_unquoted(job.description or job.name)}",
            "Wants=network-online.target",
            "After=network-online.target",
            "",
            "[Service]",
            "Type=oneshot",
            f"WorkingDirectory={_unquoted(str(job.folder))}",
            f"ExecStart={_command(words)}",
            f"TimeoutStartSec={job.timeout_s + 60}",
            "NoNewPrivileges=yes",
            "PrivateTmp=yes",
            "ProtectSystem=strict",
            f"ReadWritePaths={folder}",
            "",
        ]
    )


def _timer(job: Job) -> str:
    """A timer that catches up on what it missed."""
    return "\n".join(
        [
            "[Unit]",
            f"Description=analyzer: when {job.name} runs",
            "",
            "[Timer]",
            f"OnCalendar={_unquoted(job.schedule or '')}",
            "Persistent=true",
            "",
            "[Install]",
            "WantedBy=timers.target",
            "",
        ]
    )


def _check_paths(file: Path, program: Sequence[str]) -> None:
    """Sees that the paths that go into a unit or a crontab stay within their line: a line break
    ends it, a backslash at the end joins the next one to it, cron knows no escape of a backslash
    before a `%`, and systemd drops blanks at the ends.

    Raises: InputError naming the path.
    """
    folder = str(file.resolve().parent)
    for text in (folder, str(file.resolve()), *program):
        if not is_line(text) or text.endswith("\\") or "\\%" in text or text != text.strip():
            raise InputError(
                f"the schedule of {file} cannot be written: cron and systemd cannot quote the path"
                f" {shown(text)}; move it to one without line breaks and backslashes"
            )


def _command(words: Sequence[str]) -> str:
    """A command line of a unit; in the program's own path no variable is looked for."""
    program, *rest = words
    return " ".join([_quoted(program, variables=False), *map(_quoted, rest)])


def _unquoted(text: str) -> str:
    """Text of a unit file: `%` begins a specifier there."""
    return text.replace("%", "%%")


def _quoted(word: str, *, variables: bool = True) -> str:
    """A word of a unit file: quoted where it has to be, `%` doubled; variables: `$` too, as in the
    words of a command line."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    text = text.replace("$", "$$") if variables else text
    plain = all(c.isalnum() or c in "/._-+=:,@%$" for c in text)
    return text if plain and text else f'"{text}"'
