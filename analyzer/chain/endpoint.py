"""One RPC URL: how it is written down without its key, and one POST to it; `ipc:PATH` is a node's
socket on this machine, see `ipc`."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from analyzer import __version__
from analyzer.chain.exchange import CONNECT_SECONDS, TooLargeError, TooSlowError, post_bounded
from analyzer.chain.ipc import (
    DroppedError,
    IpcLine,
    NoAnswerError,
    NotASocketError,
    is_ipc,
    shown_ipc,
    socket_path,
)
from analyzer.chain.size import Size
from analyzer.model.errors import InputError, UnreadError
from analyzer.model.limits import ANSWER_MB, ANSWER_SECONDS, MB

if TYPE_CHECKING:
    import requests

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HEADERS = {"Content-Type": "application/json", "User-Agent": f"analyzer/{__version__}"}
_SHORTEST_SECRET = 6
"""Characters: shorter pieces of a URL ("v2", "rpc") are no keys."""
FIRST_BATCH = 200
LARGEST_BATCH = 1000
"""Requests a batch: beyond this, larger batches were not faster (notes of the house)."""
_CUT = "..."
_FINAL = frozenset({301, 302, 303, 307, 308, 401, 402, 403, 404, 405, 410, 451})
"""HTTP: no authorisation, no such path, elsewhere."""
_TOO_MUCH = frozenset({400, 408, 413, 500, 502, 504, 520, 522, 524})
"""HTTP that servers answer too wide a question with, and gateways a question that took too long."""


class TransportError(UnreadError):
    """An exchange that gave no JSON-RPC answer, over HTTP or a socket.

    `limited`: the server asks to slow down (HTTP 429). `final`: asking this endpoint the same
    again cannot help (no authorisation, no such path). `less`: a smaller question may be answered
    (HTTP 413 or 502, a dropped connection, a body that was cut); `sure`: the same question is not
    worth another try where a smaller one can be asked (HTTP 413, too large an answer, a time-out).
    `retry_after`: seconds that the server asked to wait, None if it did not say.
    """

    def __init__(
        self,
        text: str,
        *,
        limited: bool = False,
        final: bool = False,
        less: bool = False,
        sure: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text)
        self.limited = limited
        self.final = final
        self.less = less
        self.sure = sure
        self.retry_after = retry_after


def check_url(url: str) -> SplitResult:
    """The parts of an RPC URL. Raises InputError (without repeating any secret) for a bad one."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        host = parts.hostname
    except ValueError as error:
        raise InputError(f"RPC URL is malformed: {str(error).split(':')[0]}") from None
    if parts.scheme not in ("http", "https"):
        raise InputError(
            f"RPC URL '{_shown_scheme(url)}' is malformed: it has to begin with http:// or"
            " https://, or with ipc: for the socket of a node on this machine"
        )
    if not host or not re.fullmatch(r"[A-Za-z0-9_.\-]+|[0-9A-Fa-f:.]+", host) or port == 0:
        raise InputError(f"RPC URL '{parts.scheme}://...' is malformed: it names no valid host")
    if any(c.isspace() for c in url.strip()):
        raise InputError(f"RPC URL '{parts.scheme}://{host}/...' is malformed: it holds a space")
    return parts


def _shown_scheme(url: str) -> str:
    """As much of a malformed URL as cannot be a key: its scheme, or a few characters."""
    scheme, separator, _ = url.strip().partition("://")
    return f"{scheme[:12]}://..." if separator else f"{url.strip()[:8]}..."


def mask_url(url: str) -> str:
    """`https://host:port`, with `/***` for whatever path, query or user information it has;
    `ipc:FILE` without its folders."""
    if is_ipc(url):
        return shown_ipc(url)
    parts = check_url(url)
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    secret = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    return f"{parts.scheme}://{host}{port}{'/***' if secret or parts.password else ''}"


def secrets_of(url: str) -> tuple[str, ...]:
    """Every piece of a URL that may be a key, longest first, as written and as decoded. Of a socket
    that is its path, which may lie in somebody's home."""
    if is_ipc(url):
        return (socket_path(url),)
    parts = check_url(url)
    pieces = [url.strip(), parts.path, parts.query, parts.fragment, parts.netloc.rpartition("@")[0]]
    pieces += re.split(r"[/&=?;]", f"{parts.path}&{parts.query}&{parts.fragment}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    pieces += [parts.username or "", parts.password or ""]
    if user or password:
        # What the Authorization header carries, which a node may repeat too.
        pieces.append(b64encode(f"{user}:{password}".encode()).decode().rstrip("="))
    found = {
        p
        for piece in pieces
        for p in (piece, unquote(piece))
        if len(p.strip("/")) >= _SHORTEST_SECRET
    }
    return tuple(sorted(found, key=lambda p: (-len(p), p)))


@dataclass(slots=True)
class Endpoint:
    """One RPC URL and the session that it is spoken to in, over `requests` as web3.py does it,
    whose import alone takes a second and more; only a socket is opened by web3.py itself.

    `name` is the masked URL: the only form that may reach a text. `batch`: how many requests are
    sent to it at once. `refused`: why it is out of use, '' while it is in use.
    """

    url: str
    name: str
    secrets: tuple[str, ...]
    batch: Size = field(default_factory=lambda: Size(FIRST_BATCH, LARGEST_BATCH))
    refused: str = ""
    chain_id: int | None = None
    _session: requests.Session | None = None
    _line: IpcLine | None = None

    @classmethod
    def of(cls, url: str) -> Endpoint:
        """The endpoint of a URL. Raises InputError for a malformed one."""
        line = IpcLine(socket_path(url)) if is_ipc(url) else None
        return cls(url.strip(), mask_url(url), secrets_of(url), _line=line)

    def scrub(self, text: str) -> str:
        """`text` with every secret of the URL replaced: a node may repeat what it was sent."""
        text = text.replace(self.url, self.name)
        for secret in self.secrets:
            text = text.replace(secret, "***")
        # A long text is cut before it comes here, perhaps in the middle of a secret.
        for secret in self.secrets:
            for size in range(len(secret) - 1, _SHORTEST_SECRET - 1, -1):
                text = text.replace(secret[:size] + _CUT, f"***{_CUT}")
                if text.endswith(secret[:size]):
                    text = f"{text[:-size]}***"
        return text

    def post(self, body: bytes, *, timeout: float | None = None) -> bytes:
        """The body of the answer to one POST. Raises TransportError for anything but HTTP 200
        (some nodes send a JSON-RPC error with HTTP 4xx or 5xx: that body is returned), and for
        an answer that is larger than ANSWER_MB or not whole within `timeout` seconds
        (None = ANSWER_SECONDS)."""
        seconds = float(ANSWER_SECONDS.value) if timeout is None else timeout
        megabytes = ANSWER_MB.value
        most = megabytes * MB
        try:
            if self._line is not None:
                return self._line.ask(body, most_bytes=most, seconds=seconds)
            reply = post_bounded(
                self._connection(), self.url, body, _HEADERS, most_bytes=most, seconds=seconds
            )
        except TooSlowError:
            self._session = None
            raise TransportError(
                f"{self.name} did not answer within {seconds:g} s", less=True, sure=True
            ) from None
        except TooLargeError:
            raise TransportError(
                f"{self.name} sent an answer of more than {megabytes} MB ({ANSWER_MB.remedy})",
                less=True,
                sure=True,
                final=True,
            ) from None
        except Exception as error:
            if self._line is not None:
                raise _socket_error(self.name, error) from None
            raise _transport_error(self.name, error, seconds) from None
        if reply.status == 200 or _is_json_rpc(reply.body):
            return reply.body
        raise TransportError(
            f"{self.name} answered HTTP {reply.status}",
            limited=reply.status == 429,
            final=reply.status in _FINAL,
            less=reply.status in _TOO_MUCH,
            sure=reply.status == 413,
            retry_after=retry_after_seconds(reply.headers.get("Retry-After")),
        )

    def close(self) -> None:
        """Closes the connections; the endpoint can be used again and opens new ones."""
        if self._session is not None:
            self._session.close()
        self._session = None
        if self._line is not None:
            self._line.close()

    def _connection(self) -> requests.Session:
        """The session; made when first needed. The layer above retries, paces and fails over."""
        if self._session is None:
            import requests

            self._session = requests.Session()
            # A proxy of the environment is meant for the network, not for this machine.
            self._session.trust_env = urlsplit(self.url).hostname not in _LOOPBACK
        return self._session


def _is_json_rpc(body: bytes) -> bool:
    """Whether an error page is a JSON-RPC answer all the same."""
    return body.lstrip()[:1] in (b"{", b"[") and b'"jsonrpc"' in body[:4096]


def shown(value: object, most: int = 60) -> str:
    """A value of a stranger for a message: one line, cut with dots where it is long."""
    text = value if isinstance(value, str) else repr(value)
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most and len(text) <= 4 * most else line[:most] + _CUT


def _transport_error(name: str, error: Exception, seconds: float) -> TransportError:
    """What went wrong with an exchange. Whatever a library raises over what a stranger sends is a
    fault of the stranger; its text is not repeated, because it holds the URL."""
    import requests

    if isinstance(error, requests.ConnectTimeout):
        return TransportError(f"{name} cannot be reached within {CONNECT_SECONDS:g} s")
    if isinstance(error, requests.Timeout):
        return TransportError(f"{name} did not answer within {seconds:g} s", less=True, sure=True)
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return TransportError(f"{name} is no usable URL", final=True)
    if isinstance(error, requests.exceptions.SSLError):
        return TransportError(f"{name}: the TLS connection failed", final=True)
    text = str(error).lower()
    if "refused" in text:
        return TransportError(f"{name} cannot be reached: connection refused")
    if any(word in text for word in ("resolve", "name or service", "nodename")):
        return TransportError(f"{name} cannot be reached: no such host")
    if any(word in text for word in ("reset", "aborted", "closed", "incomplete", "broken pipe")):
        return TransportError(f"{name} dropped the connection", less=True)
    if isinstance(error, requests.ConnectionError):
        return TransportError(f"{name} cannot be reached ({type(error).__name__})")
    return TransportError(f"{name} sent what is no HTTP answer ({type(error).__name__})", less=True)


def _socket_error(name: str, error: Exception) -> TransportError:
    """What went wrong with an exchange over a socket; the error's text holds the path."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return TransportError(
            f"{name} cannot be reached: there is no such file; is the node running?"
        )
    if isinstance(error, PermissionError):
        return TransportError(
            f"{name} cannot be reached: permission denied (who runs the node owns it)", final=True
        )
    if isinstance(error, NotASocketError):
        return TransportError(f"{name} is no socket: name the file that the node makes", final=True)
    if isinstance(error, ConnectionRefusedError):
        return TransportError(f"{name} cannot be reached: no node listens there")
    if isinstance(error, (DroppedError, ConnectionError)):
        return TransportError(f"{name} dropped the connection", less=True)
    if isinstance(error, NoAnswerError):
        return TransportError(f"{name} sent {error}", less=True)
    return TransportError(f"{name} cannot be reached ({type(error).__name__})")


def retry_after_seconds(header: str | None) -> float | None:
    """The seconds of a Retry-After header (a number or an HTTP date), at most ten minutes."""
    if not header:
        return None
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError, LookupError):
            return None
    return min(max(seconds, 0.0), 600.0) if isfinite(seconds) else None
