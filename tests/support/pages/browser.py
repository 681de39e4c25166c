"""A headless Chromium for tests, spoken to over its own pipe: no driver, no port, no package.

write ── fd 3 ─▶ Chromium ── fd 4 ─▶ read      JSON messages, each ended by a zero byte
"""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from analyzer.runs.snapshot.pdf import find_chromium

_WIRE = """
import fcntl, os, sys
# Far away first: the pipes may be 3 and 4 themselves.
there, back = (fcntl.fcntl(int(n), fcntl.F_DUPFD, 10) for n in sys.argv[1:3])
os.dup2(there, 3)
os.dup2(back, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
SECONDS = 60.0
"""How long an answer may take."""


class Browser:
    """One Chromium with one page. `events` holds everything that it said without being asked."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._buffer = b""
        self._last = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []

    def open_page(self) -> None:
        """A fresh page, whose console, faults and requests are listened to."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = session["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Sends one command and waits for its answer."""
        self._last += 1
        number = self._last
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def go(self, url: str) -> None:
        """Opens a page and waits until it is whole."""
        self.events.clear()
        self.ask("Page.navigate", url=url)
        self.wait(lambda: any(e.get("method") == "Page.loadEventFired" for e in self.events))

    def wait(self, done: Callable[[], bool]) -> None:
        """Listens until `done`; fails after `SECONDS`."""
        end = time.monotonic() + SECONDS
        while not done():
            assert time.monotonic() < end, "the browser did not get there"
            self.run("0")

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression in the page (what JSON can say of it)."""
        answer = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def key(self, name: str, text: str = "") -> None:
        """Presses and releases a key."""
        codes = {"Enter": 13, "Tab": 9, "Escape": 27, " ": 32}
        held = {"key": name, "windowsVirtualKeyCode": codes[name]}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.ask("Input.dispatchKeyEvent", **down, **held)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **held)

    def type(self, text: str) -> None:
        """Types into what has the focus."""
        self.ask("Input.insertText", text=text)

    def size(self, width: int, height: int, *, mobile: bool = False) -> None:
        """The size of the window, in CSS pixels."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=mobile,
        )  # fmt: skip

    def prefer(self, scheme: str, *, paper: bool = False) -> None:
        """What the system prefers: `light` or `dark`; or paper."""
        self.ask(
            "Emulation.setEmulatedMedia",
            media="print" if paper else "",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )

    def scripts(self, on: bool) -> None:
        """Whether pages may run scripts."""
        self.ask("Emulation.setScriptExecutionDisabled", value=not on)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """A picture of the window, or of the whole page."""
        found = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))

    def print(self) -> bytes:
        """The page as PDF."""
        found = self.ask("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        return base64.b64decode(found["data"])

    def complaints(self) -> list[str]:
        """What the page wrote to the console, threw, or broke of its security policy."""
        texts = []
        for event in self.events:
            method, said = event.get("method"), event.get("params", {})
            if method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning"):
                texts.append(str(said["args"]))
            elif method == "Runtime.exceptionThrown":
                texts.append(str(said["exceptionDetails"]))
            elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
                texts.append(said["entry"]["text"])
        return texts

    def requests(self) -> list[str]:
        """Every address that the page asked for, itself included."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]

    def refused(self) -> list[str]:
        """Why requests of the page never left it."""
        return [
            event["params"].get("blockedReason", "")
            for event in self.events
            if event.get("method") == "Network.loadingFailed"
        ]

    def _next(self) -> dict[str, Any]:
        """The next message."""
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], SECONDS)
            assert ready, "the browser says nothing"
            piece = os.read(self._read, 1 << 20)
            assert piece, "the browser went away"
            self._buffer += piece
        text, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(text)
        return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium with an empty profile; ended, with all its children, in the end."""
    program = find_chromium()
    assert program is not None, "there is no Chromium"
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()

    with tempfile.TemporaryDirectory(prefix="analyzer-browser-") as profile:
        command = [
            program, "--headless", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run",
            "--disable-extensions", "--disable-background-networking", "--disable-dev-shm-usage",
            "--force-color-profile=srgb", f"--user-data-dir={profile}",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "about:blank",
        ]  # fmt: skip
        child = subprocess.Popen(
            [sys.executable, "-c", _WIRE, str(to_read), str(from_write), *command],
            pass_fds=(to_read, from_write), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_read)
        os.close(from_write)
        try:
            browser = Browser(from_read, to_write)
            browser.open_page()
            yield browser
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            os.close(to_write)
            os.close(from_read)
