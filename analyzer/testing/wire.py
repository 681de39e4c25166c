"""One HTTP exchange of the node, which may be answered in any way, or not at all."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler


class HttpWire:
    """The connection of one POST. What a client that has gone away causes is no error here.

    first: called once, before anything of the answer is on its way.
    """

    def __init__(
        self,
        handler: BaseHTTPRequestHandler,
        closing: threading.Event,
        first: Callable[[], None] = lambda: None,
    ) -> None:
        self._handler = handler
        self._closing = closing
        self._first: Callable[[], None] | None = first

    def send(
        self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """A whole answer."""
        self.begin(status, {"Content-Length": str(len(body)), **(headers or {})})
        self.raw(body)

    def begin(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Status line and headers."""
        self._begun()
        handler = self._handler
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            handler.send_header(name, value)
        with contextlib.suppress(OSError):
            handler.end_headers()

    def raw(self, data: bytes) -> bool:
        """More of a body; False when nobody listens any more, or the node is closing."""
        try:
            self._handler.wfile.write(data)
            self._handler.wfile.flush()
        except OSError:
            self._handler.close_connection = True
            return False
        return not self._closing.is_set()

    def hang_up(self, *, reset: bool = False) -> None:
        """Closes the connection; `reset`: by a TCP reset, whatever was not sent yet is lost."""
        self._begun()
        self._handler.close_connection = True
        connection = self._handler.connection
        with contextlib.suppress(OSError):
            if reset:
                # No lingering: close() sends RST in place of FIN.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            else:
                connection.shutdown(socket.SHUT_RDWR)

    def pause(self, seconds: float) -> bool:
        """Waits; False when the node is closing."""
        return not self._closing.wait(seconds)

    def _begun(self) -> None:
        """Says that the answer begins."""
        if self._first is not None:
            self._first()
            self._first = None
