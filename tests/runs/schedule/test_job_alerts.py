"""Alerts of a run of jobs: what scans find, and jobs that fail or are well again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bank import BRANCH_2, CAROL, MOVED
from memory_chain import MemoryChain

from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.runs.schedule.alerts_file import AlertOptions
from analyzer.runs.schedule.job_alerts import JobAlerts
from analyzer.runs.schedule.jobs import Done
from analyzer.runs.schedule.jobs_file import Job


class Desk:
    """Where alerts arrive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.messages: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.works = True

    def alerts(self) -> JobAlerts:
        """A run of its own, at the same desk."""
        return JobAlerts(
            AlertOptions(("json://x",)),
            self.folder / "jobs.toml",
            self._send,
            self.said.append,
            lambda: 1_000_000.0,
        )

    def _send(self, title: str, text: str, kind: str) -> bool:
        if self.works:
            self.messages.append((title.removeprefix("analyzer: "), text))
        return self.works

    def titles(self) -> list[str]:
        """What was told since the last time."""
        titles = [title for title, _ in self.messages]
        self.messages.clear()
        return titles


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_scan_of_a_job_is_told_of_as_the_watch_tells(
    desk: Desk, run_scan: Callable[..., Any], live: MemoryChain, tmp_path: Path
) -> None:
    db = tmp_path / "scan.duckdb"
    job = Job("bank", ("scan", "--db", "scan.duckdb"), tmp_path, 60)

    def run() -> list[str]:
        alerts = desk.alerts()
        alerts.started(job)
        run_scan(db=db)
        alerts.ended(Done(job, 1, 1.0, ()))
        return desk.titles()

    assert run() == []  # what was there when alerts began
    live.mine()
    live.emit(BRANCH_2, MOVED, CAROL, -1 * WAD, 0)
    live.mine(3)
    assert run() == ["1 new or worse, high"]
    assert run() == []


def test_a_job_that_fails_is_told_once_and_when_it_is_well_again(desk: Desk) -> None:
    job = Job("perp", ("report",), desk.folder, 60)
    failed = Done(job, 3, 1.0, ("error: the node is away",))
    desk.alerts().ended(failed)
    [(title, text)] = desk.messages
    assert title == "job perp failed: not fully read"
    assert text.splitlines() == [
        "error: the node is away",
        "since: 1970-01-12 13:46:40 UTC",
        f"look: analyzer run jobs.toml --only perp (in {desk.folder})",
    ]
    desk.messages.clear()
    desk.alerts().ended(failed)
    desk.alerts().ended(Done(job, 0, 0.0, (), skipped="it needs another"))
    assert desk.titles() == []
    desk.alerts().ended(Done(job, 0, 1.0, ()))
    assert desk.titles() == ["job perp is well again"]


def test_a_failure_that_no_channel_took_is_told_again(desk: Desk) -> None:
    failed = Done(Job("perp", ("report",), desk.folder, 60), 3, 1.0, ())
    desk.works = False
    desk.alerts().ended(failed)
    desk.works = True
    desk.alerts().ended(failed)
    assert desk.titles() == ["job perp failed: not fully read"]


def test_a_snapshot_that_is_none_stops_nothing(desk: Desk) -> None:
    (desk.folder / "scan.duckdb").write_text("no database")
    job = Job("bank", ("scan", "--db", "scan.duckdb"), desk.folder, 60)
    alerts = desk.alerts()
    alerts.started(job)
    alerts.ended(Done(job, 0, 1.0, ()))
    assert desk.titles() == []
    assert [line.startswith("no alert about scan.duckdb: ") for line in desk.said] == [True, True]


@pytest.mark.parametrize("text", ["{", "[]", '{"failing": 5}', '{"failing": {"a": "x"}}'])
def test_a_file_of_somebody_else_is_refused(desk: Desk, text: str) -> None:
    (desk.folder / "jobs.toml.alerts.json").write_text(text)
    with pytest.raises(InputError, match="does not hold the alerts that were sent"):
        desk.alerts()
