"""What a watch shows of itself: `/metrics` and `/health` on loopback, and a text file for cron."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain

from analyzer import __version__
from analyzer.documents.envelope import Run
from analyzer.documents.health import HealthDocument
from analyzer.model.errors import InputError
from analyzer.report.metrics import exposition, scan_families, watch_families
from analyzer.report.render_json import document_text
from analyzer.runs.schedule.watch import WatchOptions, WatchState
from analyzer.runs.telling.scans import reported_scan

LOOPBACK = "127.0.0.1"
READER_S = 10.0
"""Seconds for which a reader that says nothing is waited for."""
TEXT = "text/plain; version=0.0.4; charset=utf-8"


def metrics_of(state: WatchState) -> bytes:
    """A watch and its newest scan in Prometheus' text format."""
    lag = None
    if state.head is not None and state.scanned is not None:
        lag = state.head - state.scanned.number
    facts: dict[str, float | None] = {
        "head_block": state.head,
        "head_since_timestamp_seconds": state.head_since or None,
        "last_look_timestamp_seconds": state.looked_at or None,
        "lag_blocks": lag,
        "scans": state.scans,
        "run_success": float(state.failures == 0) if state.scans or state.failures else None,
        "run_duration_seconds": state.last_scan_s if state.scans else None,
        "run_last_success_timestamp_seconds": state.last_scan_at if state.scans else None,
        "failures": state.failures_total,
        "reorgs": state.reorgs,
        "reorg_depth": state.reorg_depth,
    }
    families = watch_families(facts, state.places)
    outcome = state.outcome
    if outcome is None:
        return exposition(families)
    rows = [reported_scan(result) for result in outcome.results]
    return exposition(chain(families, scan_families(outcome.document, rows)))


def health_of(state: WatchState, options: WatchOptions, now: float) -> tuple[bool, bytes]:
    """(whether all is well, a JSON document that says why not).

    Well means that a scan has ended within the limit: an endpoint that is away for a while is no
    alarm by itself, silence is. The reason tells a chain that stands from a node that does not
    answer; that this page answers at all tells both from a watch that is dead.
    """
    fresh = state.is_fresh(now, options.stale_s)
    document = HealthDocument(
        run=Run(__version__, 0),
        healthy=fresh,
        reason="" if fresh else f"no scan for {now - _since(state):.0f} s",
        because=state.why_stale(now, options.stale_s),
        head_block=state.head,
        seconds_since_look=_age(state.looked_at, now),
        seconds_since_head_moved=_age(state.head_since, now),
        scanned_block=None if state.scanned is None else state.scanned.number,
        seconds_since_scan=_age(state.last_scan_at, now),
        failures_in_a_row=state.failures,
        last_error=state.error,
    )
    return fresh, document_text(document).encode()


def _since(state: WatchState) -> float:
    """Since when nothing has been scanned."""
    return max(state.last_scan_at, state.started_at)


def _age(at: float, now: float) -> float | None:
    """Seconds since then; None = it has not been."""
    return round(now - at, 1) if at else None


class _Server(ThreadingHTTPServer):
    """A thread for each reader; none of them outlives the watch."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: a reader that goes away in the middle is its own affair."""


def _pages(
    metrics: Callable[[], bytes], health: Callable[[], tuple[bool, bytes]]
) -> type[BaseHTTPRequestHandler]:
    """Who answers a reader of these two pages."""

    class Pages(BaseHTTPRequestHandler):
        """Two pages, nothing else, and no log on standard error."""

        timeout = READER_S

        def do_GET(self) -> None:
            """`/metrics`, `/health`, or 404; 500 for a page that cannot be made."""
            try:
                page = self._page()
            except Exception as error:
                page = (500, "text/plain", f"{type(error).__name__}\n".encode())
            self._answer(*page)

        def _page(self) -> tuple[int, str, bytes]:
            """Status, kind and body of what is asked for."""
            if self.path == "/metrics":
                return 200, TEXT, metrics()
            if self.path == "/health":
                well, body = health()
                return 200 if well else 503, "application/json", body
            return 404, "text/plain", b"/metrics or /health\n"

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            """One answer."""
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing: whoever asks knows that it asked."""

    return Pages


@contextmanager
def serve(
    port: int, metrics: Callable[[], bytes], health: Callable[[], tuple[bool, bytes]]
) -> Iterator[int]:
    """Serves both pages on loopback while the block runs; gives the port (0 asks for any).

    Raises: InputError when the port cannot be had.
    """
    try:
        server = _Server((LOOPBACK, port), _pages(metrics, health))
    except OSError as error:
        raise InputError(f"port {port} on {LOOPBACK} cannot be had: {error.strerror}") from error
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
