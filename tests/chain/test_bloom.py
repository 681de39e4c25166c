from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from blooms import bloom_of, bloom_of_logs
from fake_node import FakeNode, digest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.abi.keccak import keccak
from analyzer.chain.base import ChangedError
from analyzer.chain.bloom import lacks, may_hold, suspicious
from analyzer.model.block import BlockRef
from analyzer.model.logs import LogFilter, RawLog

A, B = "0x" + "aa" * 20, "0x" + "bb" * 20
T1, T2 = "0x" + "01" * 32, "0x" + "02" * 32
WORDS = st.binary(min_size=32, max_size=32)


def header(bloom: bytes) -> BlockRef:
    return BlockRef(5, "0x" + "05" * 32, "0x" + "04" * 32, 5, bloom)


def log(address: bytes, *topics: bytes) -> RawLog:
    return RawLog(5, 0, b"\5" * 32, b"\7" * 32, 0, address, topics, b"")


def test_the_filter_of_the_tests_is_that_of_geth() -> None:
    # core/types/bloom9_test.go, TestBloomExtensively
    items = [f"xxxxxxxxxx data {n} yyyyyyyyyyyyyy".encode() for n in range(100)]
    assert keccak(bloom_of(items)).hex() == (
        "c8d3ca65cdb4874300a9e39475508f23ed6da09fdbc487f89a2dcf50b09eb263"
    )


@given(
    st.lists(WORDS, max_size=3), st.binary(min_size=20, max_size=20), st.lists(WORDS, max_size=9)
)
def test_a_log_that_is_there_is_never_denied(
    topics: list[bytes], address: bytes, others: list[bytes]
) -> None:
    found = header(bloom_of([address, *topics, *others]))
    assert not lacks(found, log(address, *topics))
    assert may_hold(found, log(address, *topics))


@given(st.sets(WORDS, min_size=2, max_size=2), st.booleans())
def test_an_item_whose_bits_are_not_set_is_denied(words: set[bytes], first: bool) -> None:
    one, other = sorted(words)
    found = header(bloom_of([one]))
    covered = bloom_of([one, other]) == bloom_of([one])
    assert lacks(found, log(other, one) if first else log(one, other)) is not covered


@pytest.mark.parametrize("bloom", [b"", bytes(256)], ids=["none", "all zero"])
def test_an_empty_filter_says_nothing(bloom: bytes) -> None:
    assert not lacks(header(bloom), log(b"a" * 20))
    assert not may_hold(header(bloom), log(b"a" * 20))
    assert not suspicious(header(bloom), [LogFilter((A,), (T1,))])


def test_an_address_and_a_topic_of_one_filter_are_suspicious() -> None:
    found = header(bloom_of([bytes.fromhex(A[2:]), bytes.fromhex(T1[2:])]))
    assert suspicious(found, [LogFilter((B,), (T2,)), LogFilter((B, A), (T2, T1))])
    assert not suspicious(found, [LogFilter((A,), (T2,)), LogFilter((B,), (T1,))])
    assert not suspicious(replace(found, bloom=b"\xff" * 256), [LogFilter((A,), (T1,))])


def filled(bits: int) -> BlockRef:
    """A header whose filter holds A and T1, and has so many bits set."""
    value = int.from_bytes(bloom_of([bytes.fromhex(A[2:]), bytes.fromhex(T1[2:])]), "big")
    for place in range(2_048):
        if value.bit_count() < bits:
            value |= 1 << place
    return header(value.to_bytes(256, "big"))


# 2048 * (1 % / pairs) ** (1 / 6): 950.6 bits for one pair of address and topic, 754.5 for four.
@pytest.mark.parametrize(
    ("bits", "filters", "asked"),
    [
        (950, [LogFilter((A,), (T1,))], True),
        (951, [LogFilter((A,), (T1,))], False),
        (754, [LogFilter((A, B), (T1, T2))], True),
        (755, [LogFilter((A, B), (T1, T2))], False),
        (754, [LogFilter((A,), (T1, T2)), LogFilter((B,), (T1, T2))], True),
        (755, [LogFilter((A,), (T1, T2)), LogFilter((B,), (T1, T2))], False),
    ],
)
def test_a_filter_is_asked_about_while_chance_has_one_in_a_hundred_at_most(
    bits: int, filters: list[LogFilter], asked: bool
) -> None:
    assert suspicious(filled(bits), filters) is asked


def with_blooms(fake: FakeNode) -> None:
    """The filters that the chain of a fake node has."""
    for number, raw in enumerate(fake.headers):
        logs = [log for log in fake.logs if int(log["blockNumber"], 16) == number]
        raw["logsBloom"] = bloom_of_logs(logs)


@pytest.mark.parametrize("change", [{"topics": [T1, T2]}, {"topics": [T2]}, {"address": B}])
def test_a_log_that_its_header_denies_is_not_taken(
    fake: FakeNode, open_node: Any, change: dict[str, Any]
) -> None:
    fake.add_log(5, A, [T1])
    with_blooms(fake)
    fake.logs[0] |= change
    with pytest.raises(ChangedError, match="log 0 of block 5 is not in the bloom filter"):
        list(open_node(fake.url).logs([LogFilter((A, B))], 0, 29))


def test_logs_that_were_left_out_of_a_range_are_not_missed_where_a_header_is_read(
    fake: FakeNode, other: FakeNode, open_node: Any
) -> None:
    """The last block of the range has a log that the node gives only when it is asked for it
    alone: the second node is asked."""
    for node in (fake, other):
        node.add_log(5, A, [T1])
        node.add_log(29, A, [T1])
        with_blooms(node)
    fake.methods["eth_getLogs"] = lambda params: [
        log
        for log in fake._own_logs(params[0])
        if log["blockNumber"] != "0x1d" or params[0]["fromBlock"] == "0x1d"
    ]
    (chunk,) = open_node(fake.url, other.url).logs([LogFilter((A,), (T1,))], 0, 29)
    assert [g.block_number for g in chunk.logs] == [5, 29]
    with pytest.raises(ChangedError, match="gives logs of block 29 when it is asked for it alone"):
        list(open_node(fake.url).logs([LogFilter((A,), (T1,))], 0, 29))


def test_a_filter_with_room_and_no_log_is_asked_once_and_proves_nothing(
    fake: FakeNode, open_node: Any
) -> None:
    """The address and the topic are of two logs, neither of them ours."""
    fake.add_log(29, A, [T2])
    fake.add_log(29, B, [T1])
    with_blooms(fake)
    (chunk,) = open_node(fake.url).logs([LogFilter((A,), (T1,))], 0, 29)
    assert chunk.logs == []
    ranges = [(q["fromBlock"], q["toBlock"]) for (q,) in fake.asked("eth_getLogs")]
    assert ranges == [("0x0", "0x1d"), ("0x1d", "0x1d")]


def test_a_filter_of_another_length_is_none(fake: FakeNode, open_node: Any) -> None:
    fake.add_log(5, A, [T1])
    for raw in fake.headers:
        raw["logsBloom"] = digest("short")
    (chunk,) = open_node(fake.url).logs([LogFilter((A,), (T1,))], 0, 29)
    assert len(chunk.logs) == 1
