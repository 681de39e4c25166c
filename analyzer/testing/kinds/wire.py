"""Faults of the HTTP exchange: status, headers, body, connection."""

from __future__ import annotations

import gzip
import json
import zlib

from analyzer.testing.kinds.kind import Moment, Stage, Wire, kind

_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_CHUNK = 1 << 16

_STATUSES = {
    400: "gateways that refuse a body which they find too large or too strange",
    401: "a key that is missing or was withdrawn",
    403: "providers whose plan or region excludes the caller",
    404: "an endpoint that was switched off",
    413: "nginx before a node, for a large batch",
    500: "nodes under load, and proxies whose backend broke",
    502: "proxies while their node restarts",
    503: "providers in maintenance",
    504: "proxies that do not wait for a slow eth_getLogs",
}


def _status(code: int, seen: str) -> None:
    """Enters the kind of one HTTP status."""

    def apply(moment: Moment, body: bytes, wire: Wire) -> None:
        wire.send(_HTML, code, {"Content-Type": "text/html"})

    apply.__doc__ = f"Answers HTTP {code} with a page of HTML."
    kind(f"http-{code}", Stage.WIRE, seen=seen)(apply)


for _code, _seen in _STATUSES.items():
    _status(_code, _seen)


@kind("http-429", Stage.WIRE, seen="every hosted provider", retry_after=1)
def http_429(moment: Moment, body: bytes, wire: Wire) -> None:
    """Answers HTTP 429; option retry_after: the seconds it asks to wait, 0 for not saying."""
    wait = moment.number("retry_after")
    wire.send(b"", 429, {"Retry-After": str(wait)} if wait else {})


@kind("http-302", Stage.WIRE, seen="providers that send old addresses elsewhere")
def http_302(moment: Moment, body: bytes, wire: Wire) -> None:
    """Redirects to another host, where no key may ever be sent."""
    wire.send(b"", 302, {"Location": "http://127.0.0.1:9/elsewhere"})


@kind("reset-before-headers", Stage.WIRE, seen="load balancers that lose their backend")
def reset_before_headers(moment: Moment, body: bytes, wire: Wire) -> None:
    """Resets the connection without a word."""
    wire.hang_up(reset=True)


@kind("closed-before-headers", Stage.WIRE, seen="servers that close idle connections")
def closed_before_headers(moment: Moment, body: bytes, wire: Wire) -> None:
    """Closes the connection without a word."""
    wire.hang_up()


@kind("reset-after-headers", Stage.WIRE, seen="nodes that run out of memory on a large answer")
def reset_after_headers(moment: Moment, body: bytes, wire: Wire) -> None:
    """Sends status and headers, then resets the connection."""
    wire.begin(200, {"Content-Length": str(len(body))})
    wire.hang_up(reset=True)


@kind("body-cut", Stage.WIRE, seen="proxies with a limit on answers")
def body_cut(moment: Moment, body: bytes, wire: Wire) -> None:
    """Announces the whole body and closes the connection in its middle."""
    wire.begin(200, {"Content-Length": str(len(body))})
    wire.raw(body[: len(body) // 2])
    wire.hang_up()


@kind("json-cut", Stage.WIRE, seen="proxies that buffer a part and call it the whole")
def json_cut(moment: Moment, body: bytes, wire: Wire) -> None:
    """A complete HTTP answer whose JSON ends in its middle."""
    wire.send(body[: len(body) // 2])


@kind("body-empty", Stage.WIRE, seen="gateways that time out after the headers")
def body_empty(moment: Moment, body: bytes, wire: Wire) -> None:
    """HTTP 200 with an empty body."""
    wire.send(b"")


@kind("body-html", Stage.WIRE, seen="CDNs that check the browser")
def body_html(moment: Moment, body: bytes, wire: Wire) -> None:
    """HTTP 200 with a page of HTML."""
    wire.send(_HTML, 200, {"Content-Type": "text/html"})


@kind("body-null", Stage.WIRE, seen="gateways with an empty cache entry")
def body_null(moment: Moment, body: bytes, wire: Wire) -> None:
    """HTTP 200 with the JSON text `null`."""
    wire.send(b"null")


@kind("body-nested", Stage.WIRE, seen="nobody but an attacker")
def body_nested(moment: Moment, body: bytes, wire: Wire) -> None:
    """Two hundred thousand opening brackets."""
    wire.send(b"[" * 200_000)


@kind("body-bom", Stage.WIRE, seen="nodes behind IIS and other servers that mark UTF-8")
def body_bom(moment: Moment, body: bytes, wire: Wire) -> None:
    """A byte order mark before the right answer."""
    wire.send(b"\xef\xbb\xbf" + body)


@kind("body-not-utf8", Stage.WIRE, seen="proxies that cut inside a character")
def body_not_utf8(moment: Moment, body: bytes, wire: Wire) -> None:
    """A byte in the answer that is no UTF-8."""
    wire.send(body[:1] + b'"\xff\xfe":1,' + body[1:] if body[:1] == b"{" else b"\xff" + body)


@kind("content-type-text", Stage.WIRE, seen="old nodes, and proxies that set the default")
def content_type_text(moment: Moment, body: bytes, wire: Wire) -> None:
    """The right answer, called text/plain in another character set."""
    wire.send(body, 200, {"Content-Type": "text/plain; charset=iso-8859-1"})


@kind("gzip-garbage", Stage.WIRE, seen="proxies that pack twice, or not at all")
def gzip_garbage(moment: Moment, body: bytes, wire: Wire) -> None:
    """Called gzip, and is none."""
    wire.send(b"\x1f\x8bgarbage" + body[:40], 200, {"Content-Encoding": "gzip"})


@kind("gzip-right", Stage.WIRE, seen="most proxies")
def gzip_right(moment: Moment, body: bytes, wire: Wire) -> None:
    """The right answer, packed."""
    wire.send(gzip.compress(body, 1), 200, {"Content-Encoding": "gzip"})


@kind("gzip-bomb", Stage.WIRE, seen="nobody but an attacker", megabytes=2048)
def gzip_bomb(moment: Moment, body: bytes, wire: Wire) -> None:
    """A few megabytes of gzip that unpack to `megabytes` of blanks."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    blanks = b" " * (1 << 20)
    parts = [packer.compress(blanks) for _ in range(moment.number("megabytes"))]
    wire.send(b"".join([*parts, packer.flush()]), 200, {"Content-Encoding": "gzip"})


@kind("body-endless", Stage.WIRE, seen="a subscription that was taken for an answer")
def body_endless(moment: Moment, body: bytes, wire: Wire) -> None:
    """A body that never ends, as fast as it is read."""
    wire.begin(200, {"Transfer-Encoding": "chunked"})
    chunk = f"{_CHUNK:x}\r\n".encode() + b" " * _CHUNK + b"\r\n"
    while wire.raw(chunk):
        pass
    wire.hang_up()


@kind("body-slow", Stage.WIRE, seen="overloaded nodes", every_ms=300)
def body_slow(moment: Moment, body: bytes, wire: Wire) -> None:
    """One byte of the body each `every_ms` milliseconds, so that no read ever times out."""
    wire.begin(200, {"Content-Length": str(len(body))})
    for at in range(len(body)):
        if not wire.raw(body[at : at + 1]) or not wire.pause(moment.number("every_ms") / 1000):
            break
    wire.hang_up()


@kind("answer-late", Stage.WIRE, seen="nodes under load", ms=300)
def answer_late(moment: Moment, body: bytes, wire: Wire) -> None:
    """The right answer after `ms` milliseconds of silence."""
    wire.pause(moment.number("ms") / 1000)
    wire.send(body)


@kind("answer-huge", Stage.WIRE, seen="an eth_getLogs over too much", megabytes=600)
def answer_huge(moment: Moment, body: bytes, wire: Wire) -> None:
    """The right answer before `megabytes` of blanks."""
    blanks = b" " * (1 << 20)
    count = moment.number("megabytes")
    wire.begin(200, {"Content-Length": str(len(body) + count * len(blanks))})
    wire.raw(body)
    for _ in range(count):
        if not wire.raw(blanks):
            break
    wire.hang_up()


@kind("node-dies", Stage.WIRE, seen="a node that is stopped, or crashes")
def node_dies(moment: Moment, body: bytes, wire: Wire) -> None:
    """From its first hit on, every connection is reset."""
    wire.hang_up(reset=True)


@kind("range-gateway-timeout", Stage.WIRE, seen="proxies before slow archive nodes",
      methods=("eth_getLogs",), most=10)  # fmt: skip
def range_gateway_timeout(moment: Moment, body: bytes, wire: Wire) -> None:
    """HTTP 504 for eth_getLogs over more than `most` blocks, the right answer for fewer."""
    _wide(moment, body, wire, 504)


@kind("range-bad-request", Stage.WIRE, seen="providers that refuse wide ranges by HTTP",
      methods=("eth_getLogs",), most=10)  # fmt: skip
def range_bad_request(moment: Moment, body: bytes, wire: Wire) -> None:
    """HTTP 400 for eth_getLogs over more than `most` blocks, the right answer for fewer."""
    _wide(moment, body, wire, 400)


@kind("range-drops", Stage.WIRE, seen="nodes that run out of memory on wide ranges",
      methods=("eth_getLogs",), most=10)  # fmt: skip
def range_drops(moment: Moment, body: bytes, wire: Wire) -> None:
    """Resets the connection for eth_getLogs over more than `most` blocks."""
    _wide(moment, body, wire, None)


@kind("batch-drops", Stage.WIRE, seen="nodes with a limit on a batch's work", most=10)
def batch_drops(moment: Moment, body: bytes, wire: Wire) -> None:
    """HTTP 500 for a batch of more than `most` requests, the right answer for fewer."""
    if len(moment.asks) > moment.number("most"):
        wire.send(_HTML, 500)
        return
    moment.counts = False
    wire.send(body)


def _wide(moment: Moment, body: bytes, wire: Wire, status: int | None) -> None:
    """The answer to a wide range; status None = a reset."""
    spans = [last - first + 1 for ask in moment.asks if ask.blocks for first, last in [ask.blocks]]
    if max(spans, default=0) <= moment.number("most"):
        moment.counts = False
        wire.send(body)
    elif status is None:
        wire.hang_up(reset=True)
    else:
        wire.send(json.dumps({"message": "Bad request"}).encode(), status)
