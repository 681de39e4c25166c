"""Answers without bound: the limit on bytes, packed and unpacked, and on the time of the whole."""

from __future__ import annotations

import gzip
import threading
import time
import zlib
from typing import Any

import pytest
from fake_node import FakeNode
from stream_server import Answer, Write, head, stream_server

from analyzer.chain.endpoint import Endpoint, TransportError
from analyzer.chain.pool import Pool
from analyzer.model.errors import UnreadError

BODY = b'{"jsonrpc":"2.0","id":1,"result":"0x539"}'
BIG = 3_000_000


@pytest.fixture(autouse=True)
def one_megabyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYZER_MAX_ANSWER_MB", "1")


def endless(write: Write) -> None:
    write(head("Transfer-Encoding: chunked"))
    while True:
        write(b"10000\r\n" + b" " * 65_536 + b"\r\n")


def without_length(write: Write) -> None:
    write(head())
    while True:
        write(b" " * 65_536)


def gzip_bomb(write: Write) -> None:
    packed = gzip.compress(b" " * BIG)
    write(head("Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed)


def bomb_in_members(write: Write) -> None:
    packed = gzip.compress(b" " * 300_000) * 10
    write(head("Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed)


def large(write: Write) -> None:
    write(head(f"Content-Length: {BIG}") + b" " * BIG)


@pytest.mark.parametrize("answer", [endless, without_length, gzip_bomb, bomb_in_members, large])
def test_an_answer_that_is_too_large_ends_at_the_limit_and_says_how_to_raise_it(
    answer: Answer,
) -> None:
    with stream_server(answer) as url, pytest.raises(TransportError) as caught:
        Endpoint.of(url).post(b"{}")
    assert str(caught.value) == (
        f"{url} sent an answer of more than 1 MB (`analyzer --max-answer-mb N ...` or"
        " ANALYZER_MAX_ANSWER_MB raises the limit)"
    )
    assert (caught.value.less, caught.value.final) == (True, True)


def test_what_is_within_the_limit_is_taken_in_however_it_is_packed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANALYZER_MAX_ANSWER_MB", "3")
    text = BODY + b" " * (BIG - len(BODY))
    halves = gzip.compress(text[:1000]) + gzip.compress(text[1000:])
    for encoding, packed in (
        ("gzip", gzip.compress(text)),
        ("x-gzip", halves),
        ("deflate", zlib.compress(text)),
        ("identity", text),
    ):

        def answer(write: Write, packed: bytes = packed, encoding: str = encoding) -> None:
            write(head(f"Content-Encoding: {encoding}", f"Content-Length: {len(packed)}") + packed)

        with stream_server(answer) as url:
            assert Endpoint.of(url).post(b"{}") == text


def drip_body(write: Write) -> None:
    write(head("Content-Length: 1000"))
    for _ in range(1000):
        write(b" ")
        time.sleep(0.05)


def drip_chunks(write: Write) -> None:
    write(head("Transfer-Encoding: chunked"))
    for _ in range(1000):
        write(b"1")
        time.sleep(0.05)


def drip_head(write: Write) -> None:
    write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(1000):
        write(b"x")
        time.sleep(0.05)


def silence(write: Write) -> None:
    time.sleep(5)


@pytest.mark.parametrize("answer", [drip_body, drip_chunks, drip_head, silence])
def test_an_answer_that_is_not_whole_in_time_is_left(answer: Answer) -> None:
    with stream_server(answer) as url:
        endpoint = Endpoint.of(url)
        began = time.monotonic()
        with pytest.raises(TransportError, match=r"did not answer within 0\.2 s"):
            endpoint.post(b"{}", timeout=0.2)
        assert time.monotonic() - began < 2


def test_an_endpoint_is_asked_again_after_an_answer_that_was_left(fake: FakeNode) -> None:
    asked = threading.Event()

    def once_slow(write: Write) -> None:
        if not asked.is_set():
            asked.set()
            time.sleep(2)
        write(head(f"Content-Length: {len(BODY)}") + BODY)

    with stream_server(once_slow) as url:
        endpoint = Endpoint.of(url)
        with pytest.raises(TransportError):
            endpoint.post(b"{}", timeout=0.1)
        assert endpoint.post(b"{}", timeout=5.0) == BODY


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"no http at all\r\n\r\n", "sent what is no HTTP answer|dropped the connection"),
        (head("Content-Encoding: br", "Content-Length: 2") + b"{}", "sent what is no HTTP answer"),
        (head("Content-Encoding: gzip", "Content-Length: 4") + b"none", "is no HTTP answer"),
        (head("Content-Length: 100") + b"cut", "dropped the connection"),
        (head("Transfer-Encoding: chunked") + b"zz\r\n", "no HTTP answer|dropped"),
        (head(*[f"X-{n}: y" for n in range(500)]), "no HTTP answer|dropped|cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000, "no HTTP answer|dropped|cannot be reached"),
        (b"", "dropped the connection"),
    ],
    ids=lambda v: str(v)[:30],
)
def test_bytes_that_are_no_answer_are_one_line_about_the_endpoint(raw: bytes, words: str) -> None:
    def answer(write: Write) -> None:
        write(raw)

    with stream_server(answer) as url, pytest.raises(TransportError, match=words) as caught:
        Endpoint.of(f"{url}/s3cretkey").post(b"{}", timeout=5.0)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("answer", [endless, gzip_bomb, drip_body])
def test_with_a_second_endpoint_the_run_goes_on(fake: FakeNode, clock: Any, answer: Answer) -> None:
    from analyzer.chain.pace import Pace

    with stream_server(answer) as url:
        pool = Pool(
            [url, fake.url], timeout=0.3, pace=lambda: Pace(clock=clock.time, sleep=clock.sleep)
        )
        assert pool.endpoint.name == fake.url
        pool.close()
        with pytest.raises(UnreadError, match="no endpoint answers"):
            Pool([url], timeout=0.1, tries=1, pace=lambda: Pace(sleep=clock.sleep))
