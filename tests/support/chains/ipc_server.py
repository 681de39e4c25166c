"""A node's socket in a folder: each question is answered with whatever a function writes."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Write = Callable[[bytes], object]
Answer = Callable[[bytes, Write], None]
"""(the question, what writes) -> writes an answer; what it raises as EOFError hangs up."""


@contextmanager
def ipc_server(path: Path, answer: Answer) -> Iterator[str]:
    """Serves `answer` at `path` while the block runs; gives the endpoint. A connection is for as
    many questions as come over it, a line each."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError, EOFError):
                while question := self.rfile.readline():
                    answer(question, self.connection.sendall)

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True

    server = Server(str(path), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"ipc:{path}"
    finally:
        server.shutdown()
        server.server_close()
        path.unlink(missing_ok=True)
