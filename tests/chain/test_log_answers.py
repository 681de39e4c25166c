"""An answer of eth_getLogs: scanned or parsed, the same columns, checked alike."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from fake_node import digest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.abi.batch import NO_TIME, LogColumns
from analyzer.abi.scan import LogText, cut_logs
from analyzer.chain.base import ChangedError
from analyzer.chain.log_answers import Wanted, logs_of_answer
from analyzer.chain.wire import parse_log, unique_columns
from analyzer.model.errors import UnreadError
from analyzer.model.logs import LogFilter, RawLog

A, B = "0x" + "11" * 20, "0x" + "12" * 20
TOPIC = "0x" + "22" * 32
LOG: dict[str, Any] = {
    "address": A,
    "topics": [TOPIC],
    "data": "0x",
    "blockNumber": "0x14",
    "blockHash": "0x" + "ab" * 32,
    "blockTimestamp": "0x6553f100",
    "transactionHash": "0x" + "cd" * 32,
    "transactionIndex": "0x0",
    "logIndex": "0x3",
    "removed": False,
}


def text(logs: list[dict[str, Any]]) -> LogText:
    """The logs as they come out of a compact answer."""
    _, (found,) = cut_logs(b'{"jsonrpc":"2.0","id":1,"result":' + orjson.dumps(logs) + b"}")
    return found


def unique(logs: list[RawLog]) -> list[RawLog]:
    return list(unique_columns([LogColumns.of([log]) for log in logs]))


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "blockNumber": st.sampled_from(["0x1", "0x2", hex(2**53), hex(2**53 + 1), "0x", "7", None]),
        "logIndex": st.sampled_from(["0x0", "0x5", hex(2**32), hex(2**32 + 1), "0x1_0"]),
        "blockTimestamp": st.sampled_from(["0x1", "0x0", hex(2**50), "soon", None]),
        "topics": st.lists(st.sampled_from([TOPIC, "0x" + "33" * 32]), max_size=5),
        "data": st.sampled_from(["0x", "0x" + "ab" * 32, "0x" + "AB" * 64, "0xa", "zz"]),
        "address": st.sampled_from([A, B, "0x11", "0x" + " 1" * 20]),
        "removed": st.sampled_from([False, True, None]),
    },
)


@given(st.lists(CHANGES, max_size=6))
def test_text_and_parsed_json_give_the_same_columns_or_the_same_refusal(
    changes: list[dict[str, Any]],
) -> None:
    logs = [LOG | change for change in changes]

    def read(result: object) -> Any:
        try:
            found = logs_of_answer(result)
        except UnreadError as error:
            return str(error)
        return sorted((log.block_number, log.log_index, repr(log)) for log in found), sorted(
            time for batch in found.batches for time in batch.block_time.tolist()
        )

    assert read(text(logs)) == read(logs)


def test_what_is_no_list_of_logs_is_refused() -> None:
    with pytest.raises(UnreadError, match="the node answered eth_getLogs with"):
        logs_of_answer("0x")
    with pytest.raises(UnreadError, match="with what is no JSON"):
        logs_of_answer(LogText(b'{"address":'))


def test_a_time_that_is_none_is_not_given() -> None:
    (batch,) = logs_of_answer([LOG | {"blockTimestamp": "soon"}]).batches
    assert batch.block_time.tolist() == [NO_TIME]


@pytest.mark.parametrize(
    ("log", "problem"),
    [
        (LOG | {"address": B}, "not asked for: block 20, log 3, address 0x1212"),
        (LOG | {"topics": ["0x" + "33" * 32]}, "not asked for: block 20"),
        (LOG | {"topics": []}, "not asked for: block 20"),
        (LOG | {"blockNumber": "0x1f"}, "a log of block 31 when asked for 10..30"),
    ],
)
def test_one_log_among_many_that_was_not_asked_for_is_named(
    log: dict[str, Any], problem: str
) -> None:
    wanted = Wanted(LogFilter((A,), (TOPIC,)))
    honest = [LOG | {"logIndex": hex(n)} for n in range(10, 40)]
    wanted.check(logs_of_answer(honest), 10, 30)
    with pytest.raises(UnreadError, match=problem):
        wanted.check(logs_of_answer([*honest, log]), 10, 30)


def test_a_filter_without_addresses_or_topics_asks_for_any() -> None:
    logs = logs_of_answer([LOG, LOG | {"logIndex": "0x4", "address": B, "topics": []}])
    Wanted(LogFilter(())).check(logs, 20, 20)


def test_equal_logs_are_one_and_in_order() -> None:
    logs = [parse_log(LOG | {"logIndex": hex(n)}) for n in (7, 3, 7, 5)]
    assert [log.log_index for log in unique(logs)] == [3, 5, 7]


@pytest.mark.parametrize(
    "change",
    [
        {"transactionHash": digest("other"), "transactionIndex": "0x1"},
        {"data": "0x" + "11" * 32},
        {"topics": ["0x" + "22" * 32, "0x" + "33" * 32]},
        {"address": "0x" + "12" * 20},
    ],
    ids=str,
)
def test_logs_that_share_an_index_and_differ_end_the_read(change: dict[str, Any]) -> None:
    with pytest.raises(UnreadError, match="two logs of block 20 have the index 3 and differ"):
        unique([parse_log(LOG), parse_log(LOG | change)])


def test_a_log_of_two_blocks_of_one_number_is_a_change() -> None:
    with pytest.raises(ChangedError, match="block 20 changed while it was being read: log 3"):
        unique([parse_log(LOG), parse_log(LOG | {"blockHash": digest("fork")})])
