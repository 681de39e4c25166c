"""A server on 127.0.0.1: each POST is answered with whatever a function writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Write = Callable[[bytes], object]
Answer = Callable[[Write], None]
"""Writes a whole HTTP answer, head and body; may go on until the reader goes away."""


@contextmanager
def stream_server(answer: Answer) -> Iterator[str]:
    """Serves `answer` while the block runs; gives the URL. Every connection is for one POST."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.close_connection = True
            self.rfile.read(int(self.headers["Content-Length"]))

            def write(data: bytes) -> None:
                self.wfile.write(data)
                self.wfile.flush()

            with suppress(OSError):
                answer(write)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def head(*lines: str) -> bytes:
    """The head of an answer with status 200 and these header lines."""
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode()
