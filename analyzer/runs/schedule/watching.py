"""The watch with everything that goes with it: signals, pages, the text file, alerts."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from analyzer.report.metrics import Place
from analyzer.runs.scanning.deployments import load_deployment
from analyzer.runs.schedule.alerts import Alerts
from analyzer.runs.schedule.alerts_file import read_alerts
from analyzer.runs.schedule.channels import apprise_send
from analyzer.runs.schedule.http import health_of, metrics_of, serve
from analyzer.runs.schedule.watch import (
    Hooks,
    WatchOptions,
    WatchState,
    live_head,
    live_scan,
    watch,
)
from analyzer.runs.snapshot.artifact import check_forms, write_texts
from analyzer.runs.snapshot.reader import read_summaries
from analyzer.runs.snapshot.summaries import Summaries
from analyzer.runs.triage.triage import today, weigh_summaries


@dataclass(frozen=True, slots=True)
class Showing:
    """How a watch shows itself; None = not that way."""

    metrics_port: int | None = None
    textfile: Path | None = None
    alerts_file: Path | None = None


def run_watch(options: WatchOptions, showing: Showing, say: Callable[[str], None]) -> WatchState:
    """Watches until SIGTERM, Ctrl-C or the last of `times`.

    Raises: InputError for wrong options, files and channels, before anything is scanned.
    """
    found = [load_deployment(name) for name in options.scan.deployments]
    places = tuple(Place(d.chain_id, d.protocol, d.name) for d in found)
    state = WatchState(started_at=time.time(), places=places)
    ended = threading.Event()
    alerts = _alerts(options, showing, say)
    if showing.textfile is not None:
        check_forms({showing.textfile: "metrics"}, {"--db": options.scan.db})
    db = options.scan.db
    last: list[Summaries | None] = [read_summaries(db) if db.exists() else None]

    def scanned(state: WatchState) -> None:
        if showing.textfile is not None:
            write_texts({showing.textfile: metrics_of(state).decode()})
        if state.outcome is None:
            return
        if alerts is not None:
            after = read_summaries(db)
            weighed = weigh_summaries(after, db=db, named=options.scan.triage, today=today())
            alerts.scanned(last[0], after, weighed.accepted)
            last[0] = after
        found = sum(len(result.findings) for result in state.outcome.results)
        block = "?" if state.scanned is None else state.scanned.number
        say(f"block {block}: {found} findings, {state.last_scan_s:.1f} s")

    def looked(state: WatchState) -> None:
        # A sign of life where no scan is due. What an earlier process found stays there until this
        # one has scanned.
        if showing.textfile is not None and (state.outcome or not showing.textfile.exists()):
            write_texts({showing.textfile: metrics_of(state).decode()})

    def wait(seconds: float) -> bool:
        if alerts is not None:
            why = state.why_stale(time.time(), options.stale_s)
            alerts.idle(fresh=not why, text=f"{why}; {_state_line(state)}".removeprefix("; "))
        return ended.wait(seconds)

    hooks = Hooks(
        now=time.time,
        wait=wait,
        say=say,
        scanned=scanned,
        head=live_head(options.scan),
        scan=live_scan(lambda *_: None),
        looked=looked,
    )
    with ExitStack() as stack:
        _end_on_signals(ended)
        if showing.metrics_port is not None:
            metrics_of(state)
            pages = serve(
                showing.metrics_port,
                lambda: metrics_of(state),
                lambda: health_of(state, options, time.time()),
            )
            port = stack.enter_context(pages)
            say(f"metrics and health on http://127.0.0.1:{port}")
        return watch(options, hooks, state)


def _alerts(options: WatchOptions, showing: Showing, say: Callable[[str], None]) -> Alerts | None:
    """The alerts of a watch, where a file asks for them. Raises: InputError."""
    if showing.alerts_file is None:
        return None
    chosen = read_alerts(showing.alerts_file)
    send = apprise_send(
        chosen.channels, lambda number: say(f"channel {number} did not take an alert")
    )
    return Alerts(chosen, options.scan.db, send, time.time)


def _end_on_signals(ended: threading.Event) -> None:
    """SIGTERM and Ctrl-C end the watch between two steps of its work."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())


def _state_line(state: WatchState) -> str:
    """What the watch knows of itself, for a message."""
    scanned = "nothing yet" if state.scanned is None else f"block {state.scanned.number}"
    error = f"; last error: {state.error}" if state.error else ""
    return f"scanned: {scanned}; head: {state.head}; {state.scans} scans{error}"
