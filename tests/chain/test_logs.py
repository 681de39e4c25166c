from __future__ import annotations

import io
import json
from typing import Any

import pytest
from fake_node import FakeNode, digest
from log_ranges import BOTH, T1, T2, A, B, expected, places, read

from analyzer.chain import logs as logs_module
from analyzer.model.errors import UnreadError
from analyzer.model.logs import LogFilter


def test_all_logs_of_a_range_come_once_in_order(busy: FakeNode, open_node: Any) -> None:
    node = open_node(busy.url)
    assert places(read(node, [BOTH], 10, 399)) == expected(10, 399)
    assert places(read(node, [BOTH], 7, 7)) == expected(7, 7)


def test_filters_that_overlap_give_each_log_once(busy: FakeNode, open_node: Any) -> None:
    chunks = read(open_node(busy.url), [LogFilter((A,)), BOTH, LogFilter((B,), (T2,))], 0, 399)
    assert places(chunks) == expected(0, 399)


def test_a_filter_gives_what_it_asks_for_and_nothing_else(busy: FakeNode, open_node: Any) -> None:
    chunks = read(open_node(busy.url), [LogFilter((B,), (T2,))], 0, 399)
    found = [(g.address, g.topics[0]) for chunk in chunks for g in chunk.logs]
    assert set(found) == {(bytes.fromhex(B[2:]), bytes.fromhex(T2[2:]))}
    assert len(found) == sum(n % 4 == 3 for n in range(400))


# How different providers refuse a range that is too large.
REFUSALS = {
    "suggested range": lambda first, last, count: (
        "query returned more than 50 results. Try with this block range"
        f" [{hex(first)}, {hex(first + 20)}]."
        if count > 50
        else None
    ),
    "suggested in decimal": lambda first, last, count: (
        f"query exceeds max results 50, retry with the range {first}-{first + 20}"
        if count > 50
        else None
    ),
    "suggests what was asked": lambda first, last, count: (
        f"query exceeds max results 50, retry with the range {first}-{last}" if count > 50 else None
    ),
    "stated span": lambda first, last, count: (
        "eth_getLogs is limited to a 37 range" if last - first + 1 > 37 else None
    ),
    "results only": lambda first, last, count: (
        "query returned more than 30 results" if count > 30 else None
    ),
    "size": lambda first, last, count: "response size exceeded" if count > 10 else None,
    "ten blocks": lambda first, last, count: (
        "You can make eth_getLogs requests with up to a 10 block range."
        if last - first > 9
        else None
    ),
    "words that nobody knows": lambda first, last, count: (
        "Njet, molodoi tshelovek" if count > 40 else None
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_ranges_shrink_by_the_words_of_the_provider_until_all_logs_are_there(
    busy: FakeNode, open_node: Any, name: str
) -> None:
    busy.range_error = REFUSALS[name]
    assert places(read(open_node(busy.url), [BOTH], 0, 399)) == expected(0, 399)


def test_a_stated_limit_is_learned_once_and_kept(busy: FakeNode, open_node: Any) -> None:
    busy.range_error = REFUSALS["stated span"]
    read(open_node(busy.url), [BOTH], 0, 399)
    spans = [
        int(q["toBlock"], 16) - int(q["fromBlock"], 16) + 1 for (q,) in busy.asked("eth_getLogs")
    ]
    assert spans[0] == 400
    assert set(spans[1:-1]) == {37}


def test_ranges_grow_again_where_logs_are_few(fake: FakeNode, open_node: Any) -> None:
    fake.mine(2000)
    for index in range(40):
        fake.add_log(100 + index % 3, A, [T1])
    fake.range_error = REFUSALS["size"]
    fake.range_error = lambda first, last, count: "too many results" if count > 14 else None
    chunks = read(open_node(fake.url), [LogFilter((A,))], 0, 2000)
    assert len(places(chunks)) == 40
    assert len(chunks) < 40
    assert max(c.last - c.first + 1 for c in chunks if c.first > 103) > 500


def test_one_block_that_still_fails_is_named(busy: FakeNode, open_node: Any) -> None:
    busy.range_error = lambda first, last, count: (
        "response size exceeded" if first <= 203 <= last else None
    )
    with pytest.raises(UnreadError, match=r"^the logs of block 203 cannot be read: response size"):
        read(open_node(busy.url), [BOTH], 0, 399)


def test_a_log_outside_what_was_asked_is_never_taken(busy: FakeNode, open_node: Any) -> None:
    node = open_node(busy.url)
    stranger = busy.add_log(5, "0x" + "cc" * 20, [T1])
    busy.methods["eth_getLogs"] = lambda params: [stranger]
    with pytest.raises(UnreadError, match="a log that was not asked for: block 5, log 1"):
        read(node, [BOTH], 0, 9)
    with pytest.raises(UnreadError, match=r"a log of block 5 when asked for 6\.\.9"):
        read(node, [LogFilter(("0x" + "cc" * 20,))], 6, 9)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"removed": True}, "a log that a reorg has removed"),
        ({"data": "0x1"}, "a log of block 5 is malformed"),
        ({"logIndex": None}, "a log of block 5 is malformed"),
    ],
    ids=str,
)
def test_a_bad_log_is_an_error_not_a_gap(
    fake: FakeNode, open_node: Any, change: dict[str, Any], words: str
) -> None:
    fake.add_log(5, A, [T1], **change)
    with pytest.raises(UnreadError, match=words):
        read(open_node(fake.url), [LogFilter((A,))], 0, 9)


def test_logs_of_a_block_that_was_reorged_away_are_asked_again(
    busy: FakeNode, open_node: Any
) -> None:
    node = open_node(busy.url)
    stale = [dict(log) for log in busy.logs]
    for log in stale:
        log["blockHash"] = digest("old", log["blockNumber"])
    answers = [stale]
    busy.methods["eth_getLogs"] = lambda params: (
        answers.pop() if answers else busy._own_logs(params[0])
    )
    assert places(read(node, [BOTH], 0, 399)) == expected(0, 399)


def test_logs_that_never_fit_their_headers_are_an_error(busy: FakeNode, open_node: Any) -> None:
    busy.logs[100]["blockHash"] = digest("other")
    number = int(busy.logs[100]["blockNumber"], 16)
    with pytest.raises(UnreadError, match=f"the logs of block {number} name another block hash"):
        read(open_node(busy.url), [BOTH], 0, 399)


def test_a_round_number_of_logs_is_asked_again_in_halves(
    busy: FakeNode, open_node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A provider that cuts off at 100 logs without a word.
    monkeypatch.setattr(logs_module, "_ROUND_COUNT", 100)
    busy.methods["eth_getLogs"] = lambda params: busy._own_logs(params[0])[:100]
    assert places(read(open_node(busy.url), [BOTH], 0, 399)) == expected(0, 399)


def test_a_range_beyond_the_head_is_not_an_empty_answer(busy: FakeNode, open_node: Any) -> None:
    with pytest.raises(UnreadError, match="does not give the header of block 450"):
        read(open_node(busy.url), [BOTH], 390, 450)


def ranges(node: FakeNode) -> list[int]:
    """How many blocks each eth_getLogs asked for."""
    return [
        int(q["toBlock"], 16) - int(q["fromBlock"], 16) + 1 for (q,) in node.asked("eth_getLogs")
    ]


UNCLEAR = [
    {"code": -32005, "message": "limit exceeded"},
    {"code": -32005, "message": "Requested range exceeds maximum range limit"},
    {"code": -32005, "message": ""},
    {"code": -32000, "message": "exceeded the limit"},
    {"code": -32603, "message": "Internal error"},
    {"code": -32000, "message": "request timed out"},
    {"code": -32000, "message": "Try with this block range [0x1, 0x" + "f" * 40 + "]"},
    {"code": -32000, "message": "Try with this block range [0x10, 0x5]"},
    {"code": -32000, "message": "Try with this block range [0x7777777, 0x8888888]"},
    {"code": -32000, "message": f"limited to a {'9' * 200} block range"},
    {"status": 400},
    {"status": 500, "body": b"<html>oops</html>"},
    {"status": 502},
    {"status": 504},
    {"status": 413},
    {"status": 429},
    {"drop": True},
    {"body": b'{"jsonrpc": "2.0", "id": 1, "result": [{'},
]


@pytest.mark.parametrize("refusal", UNCLEAR, ids=lambda r: str(r)[:60])
def test_a_wide_range_that_is_refused_is_asked_smaller_and_soon(
    busy: FakeNode, open_node: Any, clock: Any, refusal: dict[str, Any]
) -> None:
    node = open_node(busy.url)
    refuse_wide(busy, 30, refusal)
    assert places(read(node, [BOTH], 0, 399)) == expected(0, 399)
    assert clock.now < (60 if refusal.get("status") == 429 else 10)
    asked = ranges(busy)
    assert max(asked[len(asked) // 2 :]) <= 60


def refuse_wide(node: FakeNode, most: int, refusal: dict[str, Any]) -> None:
    """Makes the node answer eth_getLogs over more than `most` blocks so."""
    original = node._answer

    def answer(asked: Any, error: Any) -> bytes:
        items = asked if isinstance(asked, list) else [asked]
        wide = [
            q
            for item in items
            if item["method"] == "eth_getLogs"
            for q in item["params"]
            if int(q["toBlock"], 16) - int(q["fromBlock"], 16) >= most
        ]
        if wide and "code" not in refusal:
            node.requests += [("eth_getLogs", [q]) for q in wide]
            raise HttpRefusalError(refusal)
        return original(asked, refusal if wide else error)

    serve = node._serve

    def serve_or_refuse(handler: Any) -> None:
        stream = handler.rfile
        body = stream.read(int(handler.headers["Content-Length"]))
        try:
            answer(json.loads(body), None)
        except HttpRefusalError as refused:
            node.fail_next(1, **refused.fault)
        else:
            del node.requests[-1:]
        handler.rfile = io.BytesIO(body)
        serve(handler)
        handler.rfile = stream

    node._serve = serve_or_refuse  # type: ignore[method-assign]
    node._answer = answer  # type: ignore[method-assign]


class HttpRefusalError(Exception):
    """Carries what a POST gets instead of an answer."""

    def __init__(self, fault: dict[str, Any]) -> None:
        super().__init__(str(fault))
        self.fault = fault


def test_a_refused_range_is_not_asked_again_for_each_chunk(fake: FakeNode, open_node: Any) -> None:
    fake.mine(6_000)
    fake.range_error = lambda first, last, count: "limit exceeded" if last - first >= 30 else None
    chunks = read(open_node(fake.url), [LogFilter((A,))], 0, 6_000)
    refused = sum(span > 30 for span in ranges(fake))
    assert refused <= 16
    assert len(chunks) > 200


def test_a_limit_of_rate_is_waited_for_first(fake: FakeNode, open_node: Any, clock: Any) -> None:
    node = open_node(fake.url)
    fake.fail_next(2, status=429, headers={"Retry-After": "4"})
    chunks = read(node, [LogFilter((A,))], 0, 29)
    assert clock.now >= 8
    assert len(chunks) <= 10


def test_ranges_are_remembered_for_each_endpoint(
    busy: FakeNode, other: FakeNode, open_node: Any
) -> None:
    other.headers, other.logs = busy.headers, busy.logs
    busy.range_error = lambda first, last, count: "limit exceeded" if last - first >= 10 else None
    node = open_node(busy.url, other.url)
    read(node, [BOTH], 0, 99)
    busy.fail_next(1000, status=503)
    assert places(read(node, [BOTH], 0, 399)) == expected(0, 399)
    assert ranges(other)[-1] > 100
