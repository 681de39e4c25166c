"""One RPC URL: how it is written down without its key, and one POST to it."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from analyzer.model.errors import InputError, UnreadError

if TYPE_CHECKING:
    import requests
    from web3 import HTTPProvider

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SHORTEST_SECRET = 6
"""Characters: shorter pieces of a URL ("v2", "rpc") are no keys."""
FIRST_BATCH = 200
LARGEST_BATCH = 1000
"""Requests a batch: beyond this, larger batches were not faster (notes of the house)."""


class TransportError(UnreadError):
    """An HTTP exchange that gave no JSON-RPC answer.

    `limited`: the server asks to slow down (HTTP 429). `final`: asking this endpoint again cannot
    help (no authorisation, no such path, no JSON-RPC). `less`: a smaller question may be answered
    (HTTP 413, a time-out).
    `retry_after`: seconds that the server asked to wait, None if it did not say.
    """

    def __init__(
        self,
        text: str,
        *,
        limited: bool = False,
        final: bool = False,
        less: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text)
        self.limited = limited
        self.final = final
        self.less = less
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
            f"RPC URL '{_shown_scheme(url)}' is malformed: it has to begin with http:// or https://"
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
    """`https://host:port`, with `/***` for whatever path, query or user information it has."""
    parts = check_url(url)
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    secret = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    return f"{parts.scheme}://{host}{port}{'/***' if secret or parts.password else ''}"


def secrets_of(url: str) -> tuple[str, ...]:
    """Every piece of a URL that may be a key, longest first, as written and as decoded."""
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
    """One RPC URL behind web3.py's HTTPProvider, which holds the session and the headers.

    `name` is the masked URL: the only form that may reach a text. `batch_size`: how many requests
    are sent to it at once; it grows to `largest_batch`, which shrinks when the endpoint refuses.
    `refused`: why it is out of use, '' while it is in use.
    """

    url: str
    name: str
    secrets: tuple[str, ...]
    batch_size: int = FIRST_BATCH
    largest_batch: int = LARGEST_BATCH
    refused: str = ""
    chain_id: int | None = None
    _provider: HTTPProvider | None = None
    _session: requests.Session | None = None

    @classmethod
    def of(cls, url: str) -> Endpoint:
        """The endpoint of a URL. Raises InputError for a malformed one."""
        return cls(url.strip(), mask_url(url), secrets_of(url))

    def scrub(self, text: str) -> str:
        """`text` with every secret of the URL replaced: a node may repeat what it was sent."""
        text = text.replace(self.url, self.name)
        for secret in self.secrets:
            text = text.replace(secret, "***")
        # A long text is cut before it comes here, perhaps in the middle of a secret.
        for secret in self.secrets:
            for size in range(len(secret) - 1, _SHORTEST_SECRET - 1, -1):
                if text.endswith(secret[:size]):
                    return f"{text[:-size]}***"
        return text

    def post(self, body: bytes, *, timeout: float = READ_SECONDS) -> bytes:
        """The body of the answer to one POST. Raises TransportError for anything but HTTP 200
        (some nodes send a JSON-RPC error with HTTP 4xx or 5xx: that body is returned)."""
        import requests

        session, provider = self._connection()
        try:
            response = session.post(
                self.url,
                data=body,
                headers=provider.get_request_headers(),
                timeout=(CONNECT_SECONDS, timeout),
                allow_redirects=False,
            )
            content = response.content
        except requests.Timeout:
            raise TransportError(
                f"{self.name} did not answer within {timeout:g} s", less=True
            ) from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
            raise TransportError(f"{self.name} is no usable URL", final=True) from None
        except requests.exceptions.SSLError:
            raise TransportError(f"{self.name}: the TLS connection failed", final=True) from None
        except (requests.RequestException, OSError) as error:
            raise TransportError(f"{self.name} {_words(error)}") from None
        status = response.status_code
        if status == 200 or _is_json_rpc(content):
            return content
        raise TransportError(
            f"{self.name} answered HTTP {status}",
            limited=status == 429,
            final=status in (301, 302, 307, 308, 400, 401, 403, 404, 405, 410),
            less=status == 413,
            retry_after=retry_after_seconds(response.headers.get("Retry-After")),
        )

    def close(self) -> None:
        """Closes the connections; the endpoint can be used again and opens new ones."""
        if self._session is not None:
            self._session.close()
        self._session = self._provider = None

    def _connection(self) -> tuple[requests.Session, HTTPProvider]:
        """The session, and web3.py's provider over it; made when first needed."""
        if self._session is None or self._provider is None:
            import requests
            from web3 import HTTPProvider

            self._session = requests.Session()
            # A proxy of the environment is meant for the network, not for this machine.
            self._session.trust_env = urlsplit(self.url).hostname not in _LOOPBACK
            # Our own layer retries, paces and fails over; web3's retry would hide both.
            self._provider = HTTPProvider(
                self.url, session=self._session, exception_retry_configuration=None
            )
        return self._session, self._provider


def _is_json_rpc(body: bytes) -> bool:
    """Whether an error page is a JSON-RPC answer all the same."""
    return body.lstrip()[:1] in (b"{", b"[") and b'"jsonrpc"' in body[:4096]


def _words(error: Exception) -> str:
    """Why a connection failed, without the URL that the library puts into its texts."""
    text = str(error).lower()
    if "refused" in text:
        return "cannot be reached: connection refused"
    if "resolve" in text or "name or service" in text or "nodename" in text:
        return "cannot be reached: no such host"
    if "reset" in text or "aborted" in text or "closed" in text or "incomplete" in text:
        return "dropped the connection"
    return f"cannot be reached ({type(error).__name__})"


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
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), 600.0)
