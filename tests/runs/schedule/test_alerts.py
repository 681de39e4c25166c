"""Alerts: what changed is told once, silence is noticed, and a dead channel stops nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from scan_results import account_id, clean_result, judged, unknown

from analyzer.findings import run_detectors
from analyzer.model.errors import InputError
from analyzer.model.finding import Severity
from analyzer.runs.schedule.alerts import (
    AlertOptions,
    Alerts,
    apprise_send,
    read_alerts,
    taken_in_time,
)
from analyzer.solvency.result import ScanResult

HOUR = 3_600.0


class Desk:
    """Where alerts arrive, with a clock that a test moves."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.options = AlertOptions(("json://x",), **options)
        self.file = folder / "scan.alerts.json"
        self.messages: list[tuple[str, str]] = []
        self.works = True
        self.time = 100_000.0
        self.alerts = self.restart()

    def restart(self) -> Alerts:
        """A new process with the same file."""
        self.alerts = Alerts(self.options, self.file, self._send, lambda: self.time)
        return self.alerts

    def _send(self, title: str, text: str, kind: str) -> bool:
        if self.works:
            self.messages.append((title.removeprefix("analyzer: "), text))
        return self.works

    def scan(self, before: ScanResult | None, now: ScanResult) -> list[str]:
        """A scan after another one; titles of what was told."""
        self.messages.clear()
        self.alerts.scanned(None if before is None else before.findings, [now])
        return [title for title, _ in self.messages]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def result(*equities: int) -> ScanResult:
    """A scan of one account for each equity; below 100 it is unsafe."""
    made = clean_result([judged(n, equity=equity) for n, equity in enumerate(equities)])
    made.findings = run_detectors(made)
    return made


def test_what_is_merely_there_is_not_told(desk: Desk) -> None:
    bad = result(60, 1_000)
    assert desk.scan(bad, bad) == []


def test_a_new_finding_is_told_with_account_and_state(desk: Desk) -> None:
    calm, bad = result(1_000, 1_000), result(-50, 1_000)
    assert desk.scan(calm, bad) != []
    [(title, text)] = desk.messages
    assert title == "2 new or worse, critical"
    assert "new: critical insolvent-account: Account owes more than it has" in text
    assert account_id(0) in text
    assert "1 insolvent, 1 healthy" in text


def test_within_the_cool_down_it_is_told_once_and_after_it_again(desk: Desk) -> None:
    calm, bad = result(1_000), result(-50)
    assert len(desk.scan(calm, bad)) == 1
    assert desk.scan(calm, bad) == []
    desk.restart()
    assert desk.scan(calm, bad) == []
    desk.time += 6 * HOUR
    assert len(desk.scan(calm, bad)) == 1


def test_findings_below_the_severity_that_was_asked_for_are_not_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, min_severity=Severity.CRITICAL)
    assert desk.scan(result(1_000), result(60)) == []


def test_many_findings_are_one_message_that_counts_the_rest(tmp_path: Path) -> None:
    desk = Desk(tmp_path, max_findings=2)
    desk.scan(result(*[1_000] * 5), result(*[-50] * 5))
    [(_, text)] = desk.messages
    assert "more\n" in text
    assert text.count("new: ") == 2


def test_a_scan_that_knows_nothing_of_anybody_is_no_calm(desk: Desk) -> None:
    blind = clean_result([unknown(0), unknown(1)])
    assert "nothing is known" in desk.scan(None, blind)
    assert desk.scan(None, blind) == []
    assert desk.scan(None, clean_result([])) == []
    desk.scan(None, result(1_000))
    assert "nothing is known" in desk.scan(None, clean_result([]))


def test_silence_is_told_once_and_so_is_its_end(desk: Desk) -> None:
    desk.alerts.sent.heartbeat_at = desk.time
    desk.alerts.idle(fresh=False, text="no endpoint answers")
    desk.alerts.idle(fresh=False, text="no endpoint answers")
    assert desk.messages == [("no fresh scan", "no endpoint answers")]
    assert desk.scan(None, result(1_000)) == ["scans are back"]


def test_a_heartbeat_comes_once_a_day_and_not_while_scans_are_stale(desk: Desk) -> None:
    for hours in (0.0, 1.0, 23.0, 1.0):
        desk.time += hours * HOUR
        desk.alerts.idle(fresh=True, text="block 5")
    assert [title for title, _ in desk.messages] == ["watching", "watching"]
    desk.messages.clear()
    desk.time += 48 * HOUR
    desk.alerts.idle(fresh=False, text="block 5")
    assert [title for title, _ in desk.messages] == ["no fresh scan"]


def test_what_no_channel_took_is_tried_again_with_the_next_scan(desk: Desk) -> None:
    calm, bad = result(1_000), result(-50)
    desk.works = False
    assert desk.scan(calm, bad) == []
    assert desk.alerts.undelivered == 1
    desk.works = True
    assert len(desk.scan(calm, bad)) == 1


@contextmanager
def webhook() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A server that keeps what is posted to it."""
    taken: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_webhook_really_gets_the_message_and_a_dead_one_is_named_by_number() -> None:
    failed: list[int] = []
    with webhook() as (port, taken):
        send = apprise_send(
            ["json://127.0.0.1:1/dead", f"json://127.0.0.1:{port}/hook"], failed.append
        )
        assert send("analyzer: title", "text\nof two lines", "failure") is False
    assert failed == [1]
    assert [(m["title"], m["message"], m["type"]) for m in taken] == [
        ("analyzer: title", "text\nof two lines", "failure")
    ]


def test_a_channel_that_hangs_or_raises_did_not_take_the_message() -> None:
    hanging = threading.Event()
    assert taken_in_time(hanging.wait, seconds=0.05) is False
    assert taken_in_time(lambda: 1 // 0) is False
    assert taken_in_time(lambda: True) is True
    hanging.set()


def test_a_channel_that_is_no_url_is_refused_without_showing_it() -> None:
    with pytest.raises(InputError, match="channel 1 of the alerts") as caught:
        apprise_send(["secret-token"], lambda number: None)
    assert "secret-token" not in str(caught.value)


def write(folder: Path, text: str) -> Path:
    path = folder / "alerts.toml"
    path.write_text(text)
    return path


def test_the_file_may_leave_channels_to_the_environment(tmp_path: Path) -> None:
    path = write(tmp_path, 'channels = ["env:HOOK"]\nmin_severity = "medium"\ncooldown_seconds = 5')
    options = read_alerts(path, {"HOOK": "json://x"})
    assert (options.channels, options.min_severity) == (("json://x",), Severity.MEDIUM)
    assert (options.cooldown_s, options.heartbeat_s) == (5.0, 24 * HOUR)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "channels has to be a list"),
        ('channels = ["env:HOOK"]', "the environment has no HOOK"),
        ('channels = ["json://x"]\ncolour = 1', "has a key 'colour'"),
        ('channels = ["json://x"]\nmin_severity = "huge"', "min_severity is one of"),
        ('channels = ["json://x"]\ncooldown_seconds = -1', "cooldown_seconds has to be a number"),
        ("channels = [", "is no alerts file"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        read_alerts(write(tmp_path, text), {})
    assert "\n" not in str(caught.value)


SENT = '"heartbeat_at": 0, "stale": false, "blind": false'


@pytest.mark.parametrize(
    "text",
    [
        '{"told": 5}', "5", "[]", "", "{", "[" * 100_000, '{"a": ' + "9" * 5_000 + "}",
        f'{{"told": {{}}, "heartbeat_at": {"9" * 400}, "stale": false, "blind": false}}',
        f'{{"told": {{"x": [0, 1e999]}}, {SENT}}}', f'{{"told": {{"x": [1]}}, {SENT}}}', "\ud800",
    ],
)  # fmt: skip
def test_a_file_of_somebody_else_is_not_taken_for_what_was_sent(tmp_path: Path, text: str) -> None:
    (tmp_path / "scan.alerts.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    make: Callable[[], Desk] = lambda: Desk(tmp_path)  # noqa: E731
    with pytest.raises(InputError, match="does not hold the alerts that were sent"):
        make()
