"""Alerts: what changed is told once, silence is noticed, and a dead channel stops nothing."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from scan_results import account_id, clean_result, judged, unknown

from analyzer.findings import ALL_DETECTORS, run_detectors
from analyzer.findings.proof import doubts
from analyzer.findings.selection import keep_selected, select
from analyzer.model.errors import InputError
from analyzer.model.finding import Severity
from analyzer.model.verdict import Verdict
from analyzer.runs.schedule.alert_text import QUERIES
from analyzer.runs.schedule.alerts import Alerts
from analyzer.runs.schedule.alerts_file import AlertOptions, read_alerts
from analyzer.runs.schedule.channels import apprise_send, taken_in_time
from analyzer.runs.snapshot.query import queries_document
from analyzer.runs.snapshot.summaries import ScanSummary, Summaries
from analyzer.solvency.result import ScanResult

HOUR = 3_600.0


class Desk:
    """Where alerts arrive, with a clock that a test moves."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.options = AlertOptions(("json://x",), **options)
        self.folder = folder
        self.db = folder / "scan.duckdb"
        self.messages: list[tuple[str, str]] = []
        self.works = True
        self.time = 100_000.0
        self.alerts = self.restart()

    def restart(self) -> Alerts:
        """A new process with the same file."""
        self.alerts = Alerts(self.options, self.db, self._send, lambda: self.time)
        return self.alerts

    def _send(self, title: str, text: str, kind: str) -> bool:
        if self.works:
            self.messages.append((title.removeprefix("analyzer: "), text))
        return self.works

    def scan(
        self, before: ScanResult | None, now: ScanResult, accepted: frozenset[str] = frozenset()
    ) -> list[str]:
        """A scan after another one; titles of what was told."""
        self.messages.clear()
        earlier = None if before is None else self.kept(before)
        self.alerts.scanned(earlier, self.kept(now), accepted)
        return [title for title, _ in self.messages]

    def kept(self, result: ScanResult) -> Summaries:
        """A scan as its snapshot has it."""
        deployment = result.deployment
        verdicts = Counter(row.verdict for row in result.margin)
        accounts = [row.margin.account_id for row in result.margin]
        hidden = [r.margin.account_id for r in result.margin if r.verdict is Verdict.UNKNOWN]
        scan = ScanSummary(
            scan_id=result.scan_id,
            protocol=deployment.protocol,
            deployment=deployment.name,
            chain_id=deployment.chain_id,
            block=result.block,
            methodology=result.methodology,
            contracts=deployment.contracts,
            accounts=len(accounts),
            verdicts={verdict.value: verdicts[verdict] for verdict in Verdict},
            hidden_bad_debt_e18=0,
            checks=1,
            analyzer_version="",
            unknown=frozenset(hidden),
            unread=frozenset(),
            scenarios=frozenset(),
            compared=frozenset(accounts),
            answer="",
            caveats=tuple(doubts(result)),
            selection=result.selection,
        )
        return Summaries("kept.duckdb", [scan], result.findings)


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
    db = desk.db
    assert text.splitlines() == [
        "new: critical insolvent-account: Account owes more than it has",
        f"  where: perp-v2 local, chain 31337, block 1234: {account_id(0)}",
        "  how much: shortfall 50.00",
        "  since: block 1234 (2023-11-14 22:13:20 UTC); not yet there at block 1234",
        f"  look: analyzer account {account_id(0)} --db {db}",
        "new: high hidden-bad-debt: Accounts owe more than they have, and no backstop has been"
        " charged with it",
        "  where: perp-v2 local, chain 31337, block 1234",
        "  how much: hidden bad debt 50.00",
        "  since: block 1234 (2023-11-14 22:13:20 UTC); not yet there at block 1234",
        f"  look: analyzer query run loss_waterfall --db {db}",
        "",
        "local, block 1234: 1 insolvent, 1 healthy",
    ]


def test_findings_of_one_cause_are_one_entry_with_their_sum_and_the_largest(desk: Desk) -> None:
    desk.scan(result(*[1_000] * 5), result(-50, -10, -20, -30, 1_000))
    [(title, text)] = desk.messages
    assert title == "5 new or worse, critical"
    lines = text.splitlines()
    assert lines[0] == "new: critical insolvent-account x 4: Account owes more than it has"
    named = ", ".join(account_id(n) for n in (0, 3, 2))
    assert lines[1].endswith(f"block 1234: {named} and 1 more")
    assert lines[2] == "  how much: shortfall 110.00 in all, the largest shortfall 50.00"


def test_a_worse_finding_says_what_it_was_and_since_when_it_is_there(desk: Desk) -> None:
    small, large = result(-50), result(-80)
    later = replace(large, block=replace(large.block, number=1_300), scan_id="b" * 16)
    later.findings = run_detectors(later)
    desk.scan(None, small)
    assert desk.messages == []
    desk.scan(small, later)
    [(_, text)] = desk.messages
    assert "worse: critical insolvent-account" in text
    assert "  how much: shortfall 80.00, it was shortfall 50.00" in text
    assert "since: block 1234 (2023-11-14 22:13:20 UTC) or earlier, when alerts began" in text


def test_the_first_scan_is_where_alerts_begin(desk: Desk) -> None:
    bad = result(-50, 1_000)
    assert desk.scan(None, bad) == []
    assert desk.scan(bad, bad) == []
    assert desk.scan(bad, result(-50, -60)) != []


def test_what_came_while_nobody_told_is_told_after_a_restart(desk: Desk) -> None:
    calm, bad = result(1_000), result(-50)
    desk.scan(None, calm)
    # The snapshot was replaced, and the process died before it told.
    desk.restart()
    assert desk.scan(bad, bad) != []


def test_what_somebody_accepts_is_not_told(desk: Desk) -> None:
    bad = result(-50)
    accepted = frozenset(finding.fingerprint for finding in bad.findings)
    assert desk.scan(result(1_000), bad, accepted) == []


def test_a_detector_that_was_left_out_before_makes_no_news(desk: Desk) -> None:
    bad, blind = result(-50), result(-50)
    keep_selected([blind], select(exclude=["insolvent-account", "hidden-bad-debt"]))
    desk.scan(None, blind)
    assert desk.scan(blind, bad) == []
    assert desk.scan(bad, bad) == []


def test_every_stored_query_that_an_alert_names_is_there() -> None:
    known = {query.name for query in queries_document().queries}
    assert set(QUERIES.values()) <= known
    assert set(QUERIES) <= {detector.id for detector in ALL_DETECTORS}


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


def test_many_entries_are_one_message_that_counts_the_rest(tmp_path: Path) -> None:
    desk = Desk(tmp_path, max_findings=1)
    desk.scan(result(*[1_000] * 5), result(*[-50] * 5))
    [(_, text)] = desk.messages
    assert f"and 1 more: analyzer triage list --open --db {desk.db}\n" in text
    assert text.count("new: ") == 1


def test_a_scan_that_knows_nothing_of_anybody_is_no_calm(desk: Desk) -> None:
    blind, empty = clean_result([unknown(0), unknown(1)]), clean_result([])
    empty.findings = run_detectors(empty)
    assert "nothing is known" in desk.scan(None, blind)
    assert desk.scan(None, blind) == []
    assert "nothing is known" not in desk.scan(None, empty)
    desk.scan(None, result(1_000))
    assert "nothing is known" in desk.scan(None, empty)


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
    (tmp_path / "scan.duckdb.alerts.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    make: Callable[[], Desk] = lambda: Desk(tmp_path)  # noqa: E731
    with pytest.raises(InputError, match="does not hold the alerts that were sent"):
        make()
