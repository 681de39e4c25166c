"""Jobs as the system's own schedulers want them: systemd units, or lines of a crontab."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from analyzer.model.errors import InputError
from analyzer.runs.jobs_file import Job


def systemd_units(jobs: Sequence[Job], file: Path, program: Sequence[str] = ()) -> dict[str, str]:
    """file name -> text: one service and one timer a job that has a `schedule`.

    A service runs `analyzer run FILE --only NAME`, so that what counts as failed is the file's
    word. It may write in the file's folder and nowhere else. program: the words that start the
    analyzer; by default this Python's. Raises: InputError when no job has a schedule.
    """
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
    """One line a job that has a `cron`. Raises: InputError when none has."""
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
    folder = _quoted(str(job.folder))
    return "\n".join(
        [
            "[Unit]",
            f"Description=analyzer: {job.description or job.name}",
            "Wants=network-online.target",
            "After=network-online.target",
            "",
            "[Service]",
            "Type=oneshot",
            f"WorkingDirectory={_unquoted(str(job.folder))}",
            f"ExecStart={' '.join(_quoted(word) for word in words)}",
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


def _unquoted(text: str) -> str:
    """Text of a unit file: `%` begins a specifier there."""
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    """A word of a command line of a unit file: quoted where it has to be, `%` and `$` doubled."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    plain = all(c.isalnum() or c in "/._-+=:,@%$" for c in text)
    return text if plain and text else f'"{text}"'
