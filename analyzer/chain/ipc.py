"""A node's IPC socket as an endpoint: `ipc:/var/lib/geth/geth.ipc`.

web3.py opens the connection and keeps it; it is imported only then. The answer is read here: its
own loop has no bound, and parses all that came so far at every 4 kB.

A socket says nowhere how long an answer is. It ends where the bracket that it began with is closed,
which is found from the new bytes alone; the newline that most nodes send behind it is not needed.
"""

from __future__ import annotations

import os
import re
import socket
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from analyzer.chain.exchange import TooLargeError, TooSlowError, within
from analyzer.model.errors import InputError

if TYPE_CHECKING:
    import threading

    from web3.providers.ipc import PersistentSocket

SCHEME = "ipc:"
_LONGEST_PATH = 107
"""Bytes that Linux takes as the path of a socket."""
_PIECE = 1 << 16
"""Bytes that are read at once."""
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_QUOTE = ord('"')
_OPEN, _CLOSE = frozenset(b"{["), frozenset(b"}]")
_NO_SIGN = bytes(set(range(256)) - {_QUOTE} - _OPEN - _CLOSE)


class NotASocketError(Exception):
    """The path is that of something else."""


class DroppedError(Exception):
    """The node closed the connection before its answer was whole."""


class NoAnswerError(Exception):
    """What came is not one JSON-RPC answer; the text says what it is."""


def is_ipc(url: str) -> bool:
    """Whether an endpoint is a node's socket."""
    return url.strip().startswith(SCHEME)


def socket_path(url: str) -> str:
    """The path in `ipc:PATH` or `ipc:///PATH`, as it is written, `~` put in.

    Raises InputError, which names no folder, for what is no path.
    """
    text = url.strip().removeprefix(SCHEME)
    if text.startswith("//"):
        if not text.startswith("///"):
            raise InputError(
                "RPC URL 'ipc://...' is malformed: its path begins with one / or three"
            )
        text = text.removeprefix("//")
    if not text or text.endswith("/") or not text.isprintable():
        raise InputError("RPC URL 'ipc:...' is malformed: it has to name a file, ipc:PATH")
    path = os.path.expanduser(text)
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise InputError(
            f"RPC URL '{SCHEME}{PurePath(path).name[:40]}': its path has more than {_LONGEST_PATH}"
            " bytes, more than a socket's can have: give a shorter link to it"
        )
    return path


def shown_ipc(url: str) -> str:
    """`ipc:FILE`: the path without its folders. Raises InputError for what is no path."""
    return SCHEME + PurePath(socket_path(url)).name


@dataclass(slots=True)
class IpcLine:
    """The connection to a node's socket, opened when first needed and again after a fault."""

    path: str
    _held: PersistentSocket | None = None

    def ask(self, body: bytes, *, most_bytes: int, seconds: float) -> bytes:
        """The node's answer to one JSON-RPC body.

        Raises TooLargeError, TooSlowError, DroppedError, NoAnswerError, NotASocketError, and
        OSError for what cannot be opened. After any of them the connection is closed: what may
        still come over it answers nothing that is asked later.
        """
        from web3.providers.ipc import PersistentSocket

        held = self._held = self._held or PersistentSocket(self.path)

        def work(given_up: threading.Event) -> bytes:
            if held.sock is None:
                _require_socket(self.path)
            with held as line:
                # A node that was started again has closed the line that is held.
                if _is_stale(line):
                    line = held.reset()
                if given_up.is_set():
                    raise TooSlowError
                return _exchange(line, body, most_bytes, seconds, given_up)

        try:
            return within(seconds, work)
        except BaseException as error:
            # A thread that was left behind wakes up, and closes what it holds.
            self._held = None
            if held.sock is not None:
                with suppress(OSError):
                    held.sock.shutdown(socket.SHUT_RDWR)
            # web3.py leaves a socket that it could not connect to whoever holds its frame.
            raise error.with_traceback(None) from None

    def close(self) -> None:
        """Closes the connection; the next question opens a new one."""
        held, self._held = self._held, None
        if held is not None and held.sock is not None:
            held.sock.close()


def _require_socket(path: str) -> None:
    """Raises NotASocketError; connecting to a file would only be 'refused'."""
    if not stat.S_ISSOCK(os.stat(path).st_mode):
        raise NotASocketError


def _is_stale(line: socket.socket) -> bool:
    """Whether a line that was used is closed, or has sent what nobody asked for. Drops the white
    space that may have come behind the last answer."""
    line.setblocking(False)
    try:
        while True:
            late = line.recv(_PIECE)
            if not late or late.strip():
                return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def _exchange(
    line: socket.socket,
    body: bytes,
    most_bytes: int,
    seconds: float,
    given_up: threading.Event,
) -> bytes:
    """Sends a body and reads one answer to its end."""
    until = time.monotonic() + seconds
    taken, end = bytearray(), AnswerEnd()
    try:
        line.settimeout(seconds)
        line.sendall(body + b"\n")
        while not end.reached:
            line.settimeout(max(until - time.monotonic(), 0.001))
            piece = line.recv(_PIECE)
            if given_up.is_set():
                raise TooSlowError
            if not piece:
                raise DroppedError
            taken += piece
            if len(taken) > most_bytes:
                raise TooLargeError
            end.take(piece)
    except TimeoutError:
        raise TooSlowError from None
    return bytes(taken)


class AnswerEnd:
    """Finds the end of a JSON answer that comes in pieces, each of which is looked at once.

    `reached`: the bracket that the answer began with is closed, and nothing came behind it.
    """

    def __init__(self) -> None:
        self.reached = False
        self._depth = 0
        self._in_text = False
        self._escaped = False

    def take(self, piece: bytes) -> None:
        """The next bytes. Raises NoAnswerError for what is no JSON array or object, or for more
        than one."""
        if not self._depth:
            piece = piece.lstrip()
            if piece and piece[0] not in _OPEN:
                raise NoAnswerError("what is no JSON-RPC answer")
        last = piece.rstrip()[-1:]
        if self._escaped:
            piece = piece[1:]
        self._escaped = False
        if b"\\" in piece:
            piece = _ESCAPE.sub(b"", piece)
            self._escaped = piece.endswith(b"\\")
        # Two quotes side by side, with what stood between them gone, change nothing for the rest.
        for sign in piece.translate(None, _NO_SIGN).replace(b'""', b""):
            if self.reached:
                raise NoAnswerError("more than one answer to a question")
            if sign == _QUOTE:
                self._in_text = not self._in_text
            elif not self._in_text:
                self._depth += 1 if sign in _OPEN else -1
                self.reached = self._depth == 0
        if self.reached and last not in (b"}", b"]"):
            raise NoAnswerError("more than one answer to a question")
