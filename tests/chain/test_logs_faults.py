"""Logs from endpoints on two forks, that change hands in the middle, or send what is no log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from fake_node import FakeNode, digest
from log_ranges import BOTH, T1, A, expected, places, read

from analyzer.chain.base import ChangedError
from analyzer.chain.endpoint import Endpoint
from analyzer.chain.logs import LogReader
from analyzer.model.errors import UnreadError
from analyzer.model.logs import LogFilter


def two_forks(one: FakeNode, other: FakeNode) -> tuple[FakeNode, FakeNode]:
    """Two nodes that agree up to block 9; only the second one's block 15 has a log."""
    for node, salt in ((one, "a"), (other, "b")):
        node.reorg(20, salt=salt)
        node.add_log(5, A, [T1])
    other.add_log(15, A, [T1])
    return one, other


def test_endpoints_on_two_forks_never_give_logs_of_both(
    fake: FakeNode, other: FakeNode, open_node: Any
) -> None:
    one, two = two_forks(fake, other)
    node = open_node(one.url, two.url, tries=2)
    honest = one._own_logs

    def logs(params: list[Any]) -> list[dict[str, Any]]:
        # The first node gives logs, and is away for ever after that.
        found = honest(params[0])
        one.fail_next(99, status=503)
        return found

    one.methods["eth_getLogs"] = logs
    with pytest.raises(ChangedError, match=r"block 29 was .* and is now .*; run again"):
        read(node, [LogFilter((A,))], 0, 29)


def test_an_endpoint_that_is_left_in_the_middle_gives_no_half_of_a_chunk(
    fake: FakeNode, other: FakeNode, open_node: Any
) -> None:
    """The second node has the same chain, and the logs that the first one withholds."""
    for node in (fake, other):
        node.add_log(5, A, [T1])
    other.add_log(15, A, [T1])
    node = open_node(fake.url, other.url, tries=2)

    def logs(params: list[Any]) -> list[dict[str, Any]]:
        fake.fail_next(99, status=503)
        return fake._own_logs(params[0])

    fake.methods["eth_getLogs"] = logs
    assert places(read(node, [LogFilter((A,))], 0, 29)) == [(5, 0), (15, 0)]


@pytest.mark.parametrize("depth", [1, 5, 20])
def test_a_reorg_between_logs_and_headers_is_noticed_where_no_log_shows_it(
    fake: FakeNode, open_node: Any, depth: int
) -> None:
    node = open_node(fake.url)

    def logs(params: list[Any]) -> list[dict[str, Any]]:
        found = fake._own_logs(params[0])
        fake.reorg(depth)
        fake.add_log(29, A, [T1])
        return found

    fake.methods["eth_getLogs"] = logs
    with pytest.raises(ChangedError, match="reorganised while it was being read"):
        read(node, [LogFilter((A,))], 0, 29)


ODD_LOGS: list[Any] = [
    None,
    "none",
    {"logs": []},
    0,
    [None],
    [[]],
    [{}],
]


@pytest.mark.parametrize("answer", ODD_LOGS, ids=str)
def test_what_is_no_list_of_logs_is_asked_elsewhere_and_else_not_read(
    busy: FakeNode, other: FakeNode, open_node: Any, answer: Any
) -> None:
    other.headers, other.logs = busy.headers, busy.logs
    busy.methods["eth_getLogs"] = lambda params: answer
    assert places(read(open_node(busy.url, other.url), [BOTH], 0, 399)) == expected(0, 399)
    with pytest.raises(UnreadError, match=r"^the logs of blocks 0\.\.399 cannot be read: "):
        read(open_node(busy.url), [BOTH], 0, 399)


@pytest.mark.parametrize(
    "change",
    [
        {"logIndex": hex(2**70)},
        {"logIndex": "-0x5"},
        {"transactionIndex": hex(2**70)},
        {"transactionHash": "0x1234"},
        {"topics": "0x"},
        {"data": 5},
        {"blockNumber": hex(2**200)},
        {"address": "0x12"},
    ],
    ids=str,
)
def test_numbers_of_a_log_that_cannot_be_are_asked_elsewhere_and_else_named(
    busy: FakeNode, other: FakeNode, open_node: Any, change: dict[str, Any]
) -> None:
    other.headers, other.logs = busy.headers, [dict(log) for log in busy.logs]
    busy.methods["eth_getLogs"] = lambda params: [busy.logs[7] | change]
    assert places(read(open_node(busy.url, other.url), [BOTH], 0, 399)) == expected(0, 399)
    (name,) = change
    with pytest.raises(UnreadError, match=f"a log of block .*{name.rstrip('s')}"):
        read(open_node(busy.url), [BOTH], 0, 399)


def test_megabytes_of_logs_that_were_not_asked_for_are_refused(
    busy: FakeNode, other: FakeNode, open_node: Any
) -> None:
    other.headers, other.logs = busy.headers, busy.logs
    stranger = busy.logs[0] | {"address": "0x" + "cc" * 20, "data": "0x" + "11" * 1_000}
    busy.methods["eth_getLogs"] = lambda params: [stranger] * 10_000
    chunks = read(open_node(busy.url, other.url), [BOTH], 0, 399)
    assert places(chunks) == expected(0, 399)


def test_logs_that_fit_no_header_are_asked_of_another_endpoint(
    busy: FakeNode, other: FakeNode, open_node: Any
) -> None:
    other.headers, other.logs = busy.headers, [dict(log) for log in busy.logs]
    busy.logs[100]["blockHash"] = digest("other")
    assert places(read(open_node(busy.url, other.url), [BOTH], 0, 399)) == expected(0, 399)


class TakingTurns:
    """A pool of two endpoints; each answers one question and leaves the next to the other."""

    def __init__(self) -> None:
        self.endpoints = [Endpoint.of("http://127.0.0.1:1"), Endpoint.of("http://127.0.0.1:2")]
        self.asked = 0

    @property
    def endpoint(self) -> Endpoint:
        return self.endpoints[self.asked % 2]

    def batch(self, requests: Sequence[Any], *_: object, **__: object) -> list[object]:
        self.asked += 1
        return [[] for _ in requests]

    def leave(self, left: dict[int, str], problem: str) -> bool:
        return True


def test_endpoints_that_take_turns_for_ever_are_an_error(fake: FakeNode, open_node: Any) -> None:
    pool = TakingTurns()
    reader = LogReader(pool, open_node(fake.url).headers, lambda: -1)  # type: ignore[arg-type]
    with pytest.raises(UnreadError, match=r"endpoints take turns while blocks 0\.\.9 are read"):
        list(reader.chunks([BOTH], 0, 9))
    assert pool.asked == 6
