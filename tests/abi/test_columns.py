"""Words of many logs at once: the exact decoder's values, or its refusal."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.abi.batch import LogBatch, LogColumns, distinct
from analyzer.abi.columns import is_of_words, word_columns
from analyzer.abi.contract import EventAbi, parse_abi
from analyzer.abi.errors import DecodeError
from analyzer.abi.events import decode_log
from analyzer.abi.keccak import checksum
from analyzer.model.logs import RawLog

MakeLog = Callable[..., RawLog]
ALICE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
BOB = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
EDGES = [0, 1, -1, 2**127 - 1, 2**127, -(2**127), -(2**127) - 1, 2**255 - 1, -(2**255), 10**38]


def some_logs(event: EventAbi, make_log: MakeLog) -> list[RawLog]:
    rng = random.Random(7)
    out = []
    for i in range(40):
        signed = EDGES[i % len(EDGES)]
        values = (
            (ALICE, BOB)[i % 2],
            signed % 2**256,
            signed,
            rng.randrange(-(2**23), 2**23),
            (signed * 3) % 2**128,
            i % 3 == 0,
            bytes([i, 1, 2, 3]),
            BOB,
        )
        out.append(make_log(event, values, i))
    return out


def value(kind: str, size: int, word: bytes) -> object:
    """What a word of a type means, by Python's own integers."""
    if kind == "address":
        return checksum(word[12:])
    if kind == "bool":
        return word[31] == 1
    if kind == "bytes":
        return word[:size]
    return int.from_bytes(word, "big", signed=kind == "int")


def values(batch: LogBatch, event: EventAbi) -> list[dict[str, object]]:
    columns = word_columns(batch, event)
    return [
        {
            c.argument.name: value(c.kind.kind, c.kind.size, c.words[i].tobytes())
            if c.kind
            else c.words[i].tobytes()
            for c in columns
        }
        for i in range(len(batch))
    ]


def test_every_word_means_what_the_exact_decoder_says(wordy: EventAbi, make_log: MakeLog) -> None:
    logs = some_logs(wordy, make_log)
    assert values(LogBatch.of(logs), wordy) == [decode_log(log, wordy) for log in logs]


def test_an_event_with_a_dynamic_argument_is_for_the_exact_decoder(
    wordy: EventAbi, talky: EventAbi, make_log: MakeLog
) -> None:
    assert (is_of_words(wordy), is_of_words(talky)) == (True, False)
    with pytest.raises(DecodeError, match="has arguments that are not single words"):
        word_columns(LogBatch.of(some_logs(wordy, make_log)), talky)


@pytest.mark.parametrize("place", [0, 17, 39])
def test_one_dirty_word_among_many_is_found_and_named(
    wordy: EventAbi, make_log: MakeLog, place: int
) -> None:
    logs = some_logs(wordy, make_log)
    log = logs[place]
    logs[place] = replace(log, data=log.data[:32] + b"\1" + log.data[33:])
    with pytest.raises(
        DecodeError, match=rf"log {place}\): small \(int24\): .* does not fit int24"
    ):
        word_columns(LogBatch.of(logs), wordy)


def test_a_log_of_another_shape_or_event_is_refused(wordy: EventAbi, make_log: MakeLog) -> None:
    logs = some_logs(wordy, make_log)
    longer = replace(logs[3], data=logs[3].data + bytes(32))
    with pytest.raises(DecodeError, match="data: 224 bytes, where 192 are needed"):
        word_columns(LogBatch.of([longer]), wordy)
    other = replace(logs[3], topics=(bytes(32), *logs[3].topics[1:]))
    with pytest.raises(DecodeError, match="first topic is of another event"):
        word_columns(LogBatch.of([*logs[:3], other]), wordy)


WIDTHS = [8, 24, 56, 64, 120, 128, 136, 256]
TYPES = st.one_of(
    st.sampled_from([f"{kind}{bits}" for kind in ("uint", "int") for bits in WIDTHS]),
    st.sampled_from(["address", "bool", "bytes1", "bytes4", "bytes32"]),
)
WORDS = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.integers(-(2**130), 2**130).map(lambda n: (n % 2**256).to_bytes(32, "big")),
    st.sampled_from([(n % 2**256).to_bytes(32, "big") for n in EDGES]),
)


@given(st.lists(st.tuples(TYPES, st.booleans()), min_size=1, max_size=5), st.data())
def test_random_events_are_read_or_refused_as_by_the_exact_decoder(
    types: list[tuple[str, bool]], data: st.DataObject
) -> None:
    indexed = 0
    inputs: list[dict[str, Any]] = []
    for i, (kind, wish) in enumerate(types):
        wish, indexed = (wish, indexed + wish) if indexed < 3 else (False, indexed)
        inputs.append({"name": f"a{i}", "type": kind, "indexed": wish})
    event = parse_abi("T", [{"type": "event", "name": "E", "inputs": inputs}]).event("E")
    topic0 = bytes.fromhex(event.topic0[2:])
    logs = []
    for i in range(data.draw(st.integers(1, 4))):
        words = [data.draw(WORDS) for _ in inputs]
        topics = [w for w, p in zip(words, inputs, strict=True) if p["indexed"]]
        rest = b"".join(w for w, p in zip(words, inputs, strict=True) if not p["indexed"])
        log = RawLog(1, i, b"\1" * 32, b"\2" * 32, 0, b"\3" * 20, (topic0, *topics), rest)
        logs.append(log)
    try:
        exact = [decode_log(log, event) for log in logs]
    except DecodeError:
        with pytest.raises(DecodeError):
            word_columns(LogBatch.of(logs), event)
        return
    assert values(LogBatch.of(logs), event) == exact


@given(st.lists(st.binary(min_size=20, max_size=20), max_size=30).map(lambda a: a + a[::2]))
def test_different_rows_are_told_apart_and_equal_ones_are_not(rows: list[bytes]) -> None:
    first, which = distinct(np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(-1, 20))
    assert len(first) == len(set(rows))
    assert [rows[first[i]] for i in which] == rows


def test_rows_that_mix_to_one_number_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.abi.batch._MIX", np.uint64(0))
    rows = np.array([[1] * 8 + [2] * 8, [3] * 8 + [2] * 8, [1] * 8 + [2] * 8], dtype=np.uint8)
    first, which = distinct(rows)
    assert (len(first), which.tolist()) == (2, [0, 1, 0])


def test_columns_are_the_logs_in_order_whatever_their_shape(
    wordy: EventAbi, talky: EventAbi, make_log: MakeLog
) -> None:
    words = some_logs(wordy, make_log)[:6]
    other = [replace(log, data=b"", log_index=log.log_index + 100) for log in words[:3]]
    columns = LogColumns.of([*other, *words[::-1]], range(9))
    in_order = sorted([*words, *other], key=lambda log: (log.block_number, log.log_index))
    assert columns == in_order
    assert [columns.log(i) for i in range(9)] == [*other, *words[::-1]]
    assert columns.without([0, 8]) == [g for g in in_order if g not in (other[0], words[0])]
    assert columns.repeated() == []
    assert LogColumns.joined([columns, LogColumns.of(words[:1])]).repeated() == [(8, 9)]
    with pytest.raises(IndexError):
        columns.log(9)
