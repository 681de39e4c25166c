"""Alerts on what changed between two scans, never on what is merely there.

    scan ──compare──▶ new, worse ──severity, cool-down──▶ one message to every channel
    nothing for too long ──▶ stale        all is well ──▶ heartbeat, so that silence is noticed

What was sent is kept in a small file beside the snapshot, so that a restart sends nothing twice.
A channel that fails is named and counted, and is tried again with the next message; it stops
nothing else.
"""

from __future__ import annotations

import json
import math
import os
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import orjson

from analyzer.findings.diff import Change, Difference, compare
from analyzer.findings.proof import doubts
from analyzer.model.errors import InputError, lacks_extra
from analyzer.model.finding import Finding, Severity
from analyzer.model.toml_file import is_whole, read_toml, shown
from analyzer.model.verdict import Verdict
from analyzer.model.visible import visible
from analyzer.runs.snapshot.artifact import write_texts
from analyzer.solvency.result import ScanResult
from analyzer.solvency.whole import shortages

Send = Callable[[str, str, str], bool]
"""(title, text, kind: `failure`, `warning`, `success` or `info`) -> whether it was taken."""

ENV = "env:"
_KEYS = frozenset(
    {"channels", "min_severity", "cooldown_seconds", "heartbeat_seconds", "max_findings"}
)
LONGEST_S = 10_000_000_000
"""No time of an alerts file is longer: three hundred years."""
MOST_LISTED = 1_000_000
"""No message lists more findings."""
SEND_S = 60.0
"""Seconds that a channel has to take a message: a watch does not stand still for it."""
_SEVERITIES = {severity.label: severity for severity in Severity}


@dataclass(frozen=True, slots=True)
class AlertOptions:
    """Whom to tell what. channels: URLs of `apprise`; secrets.

    min_severity: of findings that are told. cooldown_s: a finding that was told is not told again
    for so long, unless it has become severer. heartbeat_s: time between two signs of life; 0 =
    none. max_findings: how many a message lists; the others are counted.
    """

    channels: tuple[str, ...]
    min_severity: Severity = Severity.HIGH
    cooldown_s: float = 6 * 3600.0
    heartbeat_s: float = 24 * 3600.0
    max_findings: int = 20


def read_alerts(path: Path, environment: Mapping[str, str] = os.environ) -> AlertOptions:
    """The alerts file: `channels` (URLs, or `env:NAME` for one that is kept in the environment),
    and optionally `min_severity`, `cooldown_seconds`, `heartbeat_seconds`, `max_findings`.

    Raises: InputError naming the file and the key, and no channel.
    """
    values = read_toml(path, "alerts file")
    unknown = sorted(set(values) - _KEYS)
    if unknown:
        raise InputError(
            f"{path} has a key {shown(unknown[0])}: there are only {', '.join(sorted(_KEYS))}"
        )
    severity = values.get("min_severity", Severity.HIGH.label)
    if not isinstance(severity, str) or severity not in _SEVERITIES:
        raise InputError(f"{path}: min_severity is one of {', '.join(_SEVERITIES)}")
    most = values.get("max_findings", 20)
    if not isinstance(most, int) or not is_whole(most, most=MOST_LISTED):
        raise InputError(
            f"{path}: max_findings has to be a whole number up to {MOST_LISTED:,},"
            f" it is {shown(most)}"
        )
    return AlertOptions(
        channels=_channels(path, values.get("channels"), environment),
        min_severity=_SEVERITIES[severity],
        cooldown_s=_seconds(path, values, "cooldown_seconds", 6 * 3600),
        heartbeat_s=_seconds(path, values, "heartbeat_seconds", 24 * 3600),
        max_findings=most,
    )


def _channels(path: Path, value: object, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The channels with what the environment holds put in. Raises: InputError."""
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise InputError(f"{path}: channels has to be a list of URLs or env:NAME")
    out = []
    for channel in value:
        if channel.startswith(ENV):
            name = channel.removeprefix(ENV)
            if not environment.get(name):
                raise InputError(f"{path}: the environment has no {name}, which channels names")
            channel = environment[name]
        out.append(channel)
    return tuple(out)


def _seconds(path: Path, values: Mapping[str, object], key: str, default: int) -> float:
    """A number that is not negative. Raises: InputError."""
    value = values.get(key, default)
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not 0 <= value <= LONGEST_S
        or math.isnan(value)
    ):
        raise InputError(
            f"{path}: {key} has to be a number from 0 to {LONGEST_S:,}, it is {shown(value)}"
        )
    return float(value)


def apprise_send(channels: Sequence[str], failed: Callable[[int], None]) -> Send:
    """Sends through `apprise`, channel by channel. `failed` is told the number of one that did not
    take a message: its URL is a secret.

    Raises: InputError without the library, or for a URL that it does not know.
    """
    with warnings.catch_warnings():
        # That the library still imports what Python gives up is nothing that a user can mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import apprise
        except ImportError as error:
            raise lacks_extra("an alert", "alerts") from error
        services = []
        for number, channel in enumerate(channels, 1):
            service = apprise.Apprise.instantiate(channel)
            if service is None:
                raise InputError(f"channel {number} of the alerts is no URL that apprise knows")
            services.append(service)

    def send(title: str, text: str, kind: str) -> bool:
        taken = True
        for number, service in enumerate(services, 1):
            message = {"title": title, "body": text, "notify_type": apprise.NotifyType(kind)}
            if not taken_in_time(partial(service.notify, **message)):
                failed(number)
                taken = False
        return taken

    return send


def taken_in_time(notify: Callable[[], object], seconds: float = SEND_S) -> bool:
    """Whether a channel took a message. One that does not answer is left behind after a while, and
    whatever its library raises is no more than a message that was not taken."""
    ended: SimpleQueue[bool] = SimpleQueue()

    def work() -> None:
        try:
            ended.put(bool(notify()))
        except Exception:
            ended.put(False)

    threading.Thread(target=work, name="alert", daemon=True).start()
    try:
        return ended.get(timeout=seconds)
    except Empty:
        return False


@dataclass(slots=True)
class Sent:
    """What was told, and when. told: fingerprint -> (time, severity)."""

    told: dict[str, tuple[float, int]] = field(default_factory=dict)
    heartbeat_at: float = 0.0
    stale: bool = False
    blind: bool = False


class Alerts:
    """Decides what to tell, tells it, and remembers."""

    def __init__(
        self, options: AlertOptions, file: Path, send: Send, now: Callable[[], float]
    ) -> None:
        self.options = options
        self.file = file
        self.send = send
        self.now = now
        self.undelivered = 0
        self.sent = _read_sent(file)

    def scanned(self, before: Sequence[Finding] | None, results: Sequence[ScanResult]) -> None:
        """After a scan: tells what is new or worse than `before` (None: there was no scan to
        compare with, and everything that is there is new), and when nothing is known any more."""
        after = [finding for result in results for finding in result.findings]
        hidden = _not_whole(results)
        moved = compare(before or [], after, blind_after=lambda _: hidden)
        due = [difference for difference in moved if self._is_due(difference)]
        if due:
            self._tell_findings(due, moved, results)
        self._tell_blind(results)
        if self.sent.stale:
            self.sent.stale = False
            self._deliver("scans are back", _state_text(results), "success")
        self._keep()

    def idle(self, *, fresh: bool, text: str) -> None:
        """Between scans: says once that scans have stopped, and otherwise gives signs of life.

        text: what the watch knows of itself, one line.
        """
        now = self.now()
        if not fresh and not self.sent.stale:
            self.sent.stale = True
            self._deliver("no fresh scan", text, "failure")
            self._keep()
        beat = self.options.heartbeat_s
        if fresh and beat and now - self.sent.heartbeat_at >= beat:
            self.sent.heartbeat_at = now
            self._deliver("watching", text, "info")
            self._keep()

    def _is_due(self, difference: Difference) -> bool:
        """Whether a change is to be told: new or worse, severe enough, and not told lately."""
        finding = difference.finding
        if difference.change not in (Change.NEW, Change.WORSE):
            return False
        if finding.severity < self.options.min_severity:
            return False
        at, severity = self.sent.told.get(finding.fingerprint, (None, 0))
        if at is None or int(finding.severity) > severity:
            return True
        return self.now() - at >= self.options.cooldown_s

    def _tell_findings(
        self, due: Sequence[Difference], moved: Sequence[Difference], results: Sequence[ScanResult]
    ) -> None:
        """One message for everything that is due."""
        listed = due[: self.options.max_findings]
        lines = [_line(difference) for difference in listed]
        if len(due) > len(listed):
            lines.append(f"and {len(due) - len(listed)} more")
        resolved = sum(1 for d in moved if d.change is Change.RESOLVED)
        if resolved:
            lines.append(f"resolved since: {resolved}")
        lines += ["", _state_text(results)]
        severest = max(d.finding.severity for d in due)
        if self._deliver(f"{len(due)} new or worse, {severest.label}", "\n".join(lines), "failure"):
            for difference in due:
                finding = difference.finding
                self.sent.told[finding.fingerprint] = (self.now(), int(finding.severity))

    def _tell_blind(self, results: Sequence[ScanResult]) -> None:
        """Says once that a scan knows nothing of anybody, or not that it knows of everybody: it
        looks calm and is not."""
        rows = [row for result in results for row in result.margin]
        what = _not_whole(results)
        if rows and all(row.verdict is Verdict.UNKNOWN for row in rows):
            what = "every account is unknown"
        if what and not self.sent.blind:
            self._deliver("nothing is known", f"{what}\n\n{_state_text(results)}", "failure")
        self.sent.blind = bool(what)

    def _deliver(self, title: str, text: str, kind: str) -> bool:
        """Sends a message; whether every channel took it. One that did not is counted."""
        taken = self.send(f"analyzer: {title}", text, kind)
        self.undelivered += not taken
        return taken

    def _keep(self) -> None:
        """Writes what was sent, leaving out what no cool-down needs any more."""
        horizon = self.now() - max(self.options.cooldown_s, 0)
        self.sent.told = {k: v for k, v in self.sent.told.items() if v[0] > horizon}
        document = {
            "told": {key: list(value) for key, value in sorted(self.sent.told.items())},
            "heartbeat_at": self.sent.heartbeat_at,
            "stale": self.sent.stale,
            "blind": self.sent.blind,
        }
        write_texts({self.file: json.dumps(document, indent=1) + "\n"})


def _read_sent(file: Path) -> Sent:
    """What an earlier process sent. Raises: InputError for a file that is not ours."""
    if not file.exists():
        return Sent()
    try:
        # Not `json`: the stack of its C code ends in a crash where brackets are nested too deep.
        found: dict[str, Any] = orjson.loads(file.read_bytes())
        told = {str(key): (float(at), int(level)) for key, (at, level) in found["told"].items()}
        return Sent(told, float(found["heartbeat_at"]), bool(found["stale"]), bool(found["blind"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise InputError(f"{file} does not hold the alerts that were sent: remove it") from error


def _line(difference: Difference) -> str:
    """One finding in a message."""
    finding = difference.finding
    where = " ".join(part for part in (finding.account_id, finding.market) if part)
    text = (
        f"{difference.change.value}: {finding.severity.label} {finding.detector}: {finding.title}"
    )
    return visible(f"{text} ({where})" if where else text)


def _not_whole(results: Sequence[ScanResult]) -> str:
    """Why the accounts of some deployment are not proven to be all; empty = they are."""
    texts = [
        f"{result.deployment.name}: {shortage.text}"
        for result in results
        for shortage in shortages(result)
    ]
    return "; ".join(texts)


def _state_text(results: Sequence[ScanResult]) -> str:
    """Where each deployment stands, a line each."""
    lines = []
    for result in results:
        counts = dict.fromkeys(Verdict, 0)
        for row in result.margin:
            counts[row.verdict] += 1
        listed = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)
        name = visible(result.deployment.name)
        text = f"{name}, block {result.block.number}: {listed or 'empty'}"
        lines.append(text + ("; not proven" if doubts(result) else ""))
    return "\n".join(lines)
