from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from analyzer.abi.contract import EventAbi
from analyzer.abi.errors import DecodeError
from analyzer.abi.events import decode_log
from analyzer.model.logs import RawLog

ALICE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
BOB = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
VALUES = (ALICE, 1 << 255, -1, -8388608, (1 << 128) - 1, True, b"abcd", BOB)
MakeLog = Callable[..., RawLog]


def test_a_log_decodes_to_its_arguments_in_the_order_of_the_abi(
    wordy: EventAbi, make_log: MakeLog
) -> None:
    decoded = decode_log(make_log(wordy, VALUES), wordy)
    assert list(decoded.items()) == [(p.name, v) for p, v in zip(wordy.inputs, VALUES, strict=True)]


def test_dynamic_arguments_decode_and_an_indexed_one_is_its_hash(
    talky: EventAbi, make_log: MakeLog
) -> None:
    values = ("x", "hello", b"\1\2", ((1, b"ab"), (2, b"cd")), 9)
    log = make_log(talky, values)
    log = replace(log, topics=(log.topics[0], b"\7" * 32))
    assert decode_log(log, talky) == {
        "name": b"\7" * 32,
        "text": "hello",
        "blob": b"\1\2",
        "pairs": ((1, b"ab"), (2, b"cd")),
        "n": 9,
    }


def test_a_log_that_is_not_the_event_is_refused_with_block_and_field(
    wordy: EventAbi, make_log: MakeLog
) -> None:
    log = make_log(wordy, VALUES, 5)
    broken = {
        "topics: the first topic is of another event": replace(
            log, topics=(b"\0" * 32, *log.topics[1:])
        ),
        "topics: 2, where 3 are needed": replace(log, topics=log.topics[:2]),
        "data: 191 bytes, where 192 are needed": replace(log, data=log.data[:-1]),
        "data: 224 bytes, where 192 are needed": replace(log, data=log.data + bytes(32)),
        "account: 0x01": replace(log, topics=(log.topics[0], b"\1" * 32, log.topics[2])),
        "small (int24): 0x": replace(log, data=log.data[:32] + b"\1" * 32 + log.data[64:]),
    }
    for problem, bad in broken.items():
        with pytest.raises(DecodeError) as caught:
            decode_log(bad, wordy)
        assert str(caught.value).startswith(f"Wordy (block 1001, log 5): {problem}")
