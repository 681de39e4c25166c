from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from fake_node import FakeNode, digest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.chain.wire import MOST_BLOCK, parse_header, parse_log
from analyzer.model.block import BlockRef
from analyzer.model.errors import UnreadError
from analyzer.model.logs import LogFilter, RawLog

TOKEN, TOPIC = "0x" + "11" * 20, "0x" + "22" * 32
LOG = {
    "address": TOKEN,
    "topics": [TOPIC],
    "data": "0x",
    "blockNumber": "0x14",
    "blockHash": "0x" + "ab" * 32,
    "transactionHash": "0x" + "cd" * 32,
    "transactionIndex": "0x0",
    "logIndex": "0x3",
    "removed": False,
}
HEADER = {
    "number": "0x14",
    "hash": "0x" + "Ab" * 32,
    "parentHash": "0x" + "aa" * 32,
    "timestamp": "0x6553f100",
}
NUMBERS = ("-0x5", "0x", "0x1_0", " 0x1", "0x-1", "5", 5, None, [], True, hex(2**70), hex(2**200))
HASHES = ("0x1234", "0x" + "0" * 63, "0x" + "0" * 65, "0x" + " 1" * 32, "zz" * 33, "0x", 7, None)
WRONG_LOGS = [
    *((field, n) for field in ("blockNumber", "logIndex", "transactionIndex") for n in NUMBERS),
    *((field, h) for field in ("blockHash", "transactionHash", "address") for h in HASHES),
    *(("topics", [h]) for h in HASHES),
    ("topics", [TOPIC] * 5),
    ("topics", None),
    ("data", "0x1"),
    ("data", "0x1 2"),
    ("data", None),
]


def test_a_log_is_taken_as_it_was_sent() -> None:
    assert parse_log(LOG) == RawLog(
        20, 3, b"\xab" * 32, b"\xcd" * 32, 0, b"\x11" * 20, (b"\x22" * 32,), b""
    )


def test_a_header_is_taken_in_lower_case() -> None:
    assert parse_header(HEADER) == BlockRef(20, "0x" + "ab" * 32, "0x" + "aa" * 32, 1_700_000_000)


@pytest.mark.parametrize(("field", "value"), WRONG_LOGS, ids=str)
def test_a_field_of_a_log_that_is_none_is_named(field: str, value: object) -> None:
    block = "?" if field == "blockNumber" else "20"
    name = "a topic" if field == "topics" and isinstance(value, list) and len(value) == 1 else field
    with pytest.raises(UnreadError) as caught:
        parse_log(LOG | {field: value})
    assert str(caught.value).startswith(f"a log of block {block} is malformed: {name} ")


@pytest.mark.parametrize("field", LOG)
def test_a_field_that_is_missing_is_named(field: str) -> None:
    log = {name: value for name, value in LOG.items() if name != field}
    if field == "removed":
        assert parse_log(log) == parse_log(LOG)
        return
    with pytest.raises(UnreadError, match=f"{field}.* missing"):
        parse_log(log)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((field, n) for field in ("number", "timestamp") for n in NUMBERS),
        *((field, h) for field in ("hash", "parentHash") for h in HASHES),
    ],
    ids=str,
)
def test_a_field_of_a_header_that_is_none_is_named(field: str, value: object) -> None:
    block = "?" if field == "number" else "20"
    with pytest.raises(UnreadError) as caught:
        parse_header(HEADER | {field: value})
    assert str(caught.value).startswith(f"the header of block {block} is not usable: {field} is ")


def test_the_bound_itself_is_a_number() -> None:
    assert parse_log(LOG | {"blockNumber": hex(MOST_BLOCK)}).block_number == 2**53
    with pytest.raises(UnreadError):
        parse_log(LOG | {"blockNumber": hex(2**53 + 1)})


@given(
    st.dictionaries(
        st.sampled_from([*LOG, *HEADER]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=70)
        | st.lists(st.text(max_size=70) | st.none(), max_size=6)
        | st.dictionaries(st.text(max_size=2), st.none(), max_size=1),
        min_size=1,
    )
)
def test_whatever_is_sent_no_other_error_comes_out(changes: dict[str, Any]) -> None:
    for parse, honest in ((parse_log, LOG), (parse_header, HEADER)):
        with suppress(UnreadError):
            parse(honest | changes)


@pytest.mark.parametrize("block", [0, 20, 29])
def test_a_node_that_counts_logs_anew_in_each_transaction_is_refused(
    fake: FakeNode, open_node: Any, block: int
) -> None:
    fake.add_log(block, TOKEN, [TOPIC])
    fake.add_log(
        block,
        TOKEN,
        [TOPIC],
        logIndex="0x0",
        transactionIndex="0x1",
        transactionHash=digest("tx 2"),
    )
    with pytest.raises(UnreadError, match=f"two logs of block {block} have the index 0"):
        list(open_node(fake.url).logs([LogFilter((TOKEN,))], 0, 29))
