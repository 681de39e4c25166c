"""One exchange that ends: after so many bytes, as they come and unpacked, or so many seconds.

A server may send without end, pack gigabytes into a megabyte, or send one byte now and then: the
time-outs of sockets count from byte to byte, in headers too. So an exchange has a thread of its
own, which is left behind when its time is over, and what it reads is counted while it is unpacked.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import requests

Got = TypeVar("Got")

CONNECT_SECONDS = 10.0
_PIECE = 1 << 16
"""Bytes that are read at once."""
_ANY_HEADER = 32 + zlib.MAX_WBITS
"""zlib's word for a gzip or a zlib header, whichever comes."""


class TooLargeError(Exception):
    """The answer is larger than what is taken in."""


class TooSlowError(Exception):
    """The answer was not whole in time."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as HTTP has it, its body unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def post_bounded(
    session: requests.Session,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    most_bytes: int,
    seconds: float,
) -> Reply:
    """The answer to one POST, whatever its status.

    Raises TooLargeError and TooSlowError; what else goes wrong is an error of `requests`, urllib3,
    zlib or the system. After TooSlowError the session still belongs to the thread that was left
    behind: the caller has to take a new one.
    """
    return within(
        seconds,
        lambda given_up: _exchange(session, url, body, headers, most_bytes, seconds, given_up),
    )


def within(seconds: float, work: Callable[[threading.Event], Got]) -> Got:
    """What `work` gives, in a thread of its own, in so many seconds; it is told when it was given
    up. Raises TooSlowError, TooLargeError where memory ends, and what `work` raises."""
    given_up = threading.Event()
    ended: SimpleQueue[tuple[Got] | Exception] = SimpleQueue()

    def run() -> None:
        try:
            ended.put((work(given_up),))
        except MemoryError:
            ended.put(TooLargeError())
        except Exception as error:
            ended.put(error)

    threading.Thread(target=run, name="exchange", daemon=True).start()
    try:
        found = ended.get(timeout=seconds)
    except Empty:
        raise TooSlowError from None
    finally:
        given_up.set()
    if isinstance(found, Exception):
        raise found
    return found[0]


def _exchange(
    session: requests.Session,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    most_bytes: int,
    seconds: float,
    given_up: threading.Event,
) -> Reply:
    """The POST itself. A body that was read to its end leaves the connection open for the next."""
    response = session.post(
        url,
        data=body,
        headers={**headers, "Accept-Encoding": "gzip"},
        timeout=(CONNECT_SECONDS, seconds),
        allow_redirects=False,
        stream=True,
    )
    try:
        unpack = _unpacker(response.headers.get("Content-Encoding", ""))
        taken, packed = bytearray(), 0
        for piece in response.raw.stream(_PIECE, decode_content=False):
            if given_up.is_set():
                raise TooSlowError
            packed += len(piece)
            taken += unpack(piece, most_bytes + 1 - len(taken))
            if max(packed, len(taken)) > most_bytes:
                raise TooLargeError
    except BaseException:
        response.close()
        raise
    return Reply(response.status_code, response.headers, bytes(taken))


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    """What unpacks the pieces of a body: (piece, bytes that are wanted at most) -> bytes.

    Raises ValueError for an encoding that was not asked for.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return lambda piece, most: piece
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _Inflater()
    raise ValueError("the answer is packed in a way that was not asked for")


class _Inflater:
    """Unpacks gzip, in as many members as there are, no further than is wanted."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_ANY_HEADER)

    def __call__(self, piece: bytes, most: int) -> bytes:
        """At most `most` bytes (at least one is wanted); the caller stops when they are reached."""
        out = bytearray()
        while piece and len(out) < most:
            out += self._member.decompress(piece, most - len(out))
            if self._member.eof:
                piece = self._member.unused_data
                self._member = zlib.decompressobj(_ANY_HEADER)
            else:
                piece = self._member.unconsumed_tail
        return bytes(out)
