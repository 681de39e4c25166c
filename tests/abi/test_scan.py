from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.abi.layout import NotCompactError
from analyzer.abi.scan import cut_logs, scan_logs
from analyzer.model.logs import RawLog


def plainly(raw: dict[str, Any]) -> RawLog:
    """A log by the JSON parser, field by field."""
    return RawLog(
        int(raw["blockNumber"], 16),
        int(raw["logIndex"], 16),
        bytes.fromhex(raw["blockHash"][2:]),
        bytes.fromhex(raw["transactionHash"][2:]),
        int(raw["transactionIndex"], 16),
        bytes.fromhex(raw["address"][2:]),
        tuple(bytes.fromhex(topic[2:]) for topic in raw["topics"]),
        bytes.fromhex(raw["data"][2:]),
    )


def answer(logs: Sequence[dict[str, Any]]) -> bytes:
    return orjson.dumps({"jsonrpc": "2.0", "id": 1, "result": logs})


def scanned(body: bytes) -> list[RawLog]:
    """The scanner's logs, put back into the order of the answer. Raises NotCompactError where the
    whole of it is for the JSON parser."""
    rest, texts = cut_logs(body)
    try:
        answer = orjson.loads(rest)
    except orjson.JSONDecodeError:
        raise NotCompactError("what is left is no JSON") from None
    if not texts or not isinstance(answer, dict) or answer.get("result") != [0]:
        raise NotCompactError("no compact result")
    placed = {}
    for shape in scan_logs(texts[0]):
        for i, place in enumerate(shape.place):
            placed[int(place)] = shape.batch.log(i)
    return [placed[i] for i in range(len(placed))]


def times(body: bytes) -> list[int]:
    """The times of the logs' blocks, in the order of the answer."""
    placed = {}
    for shape in scan_logs(cut_logs(body)[1][0]):
        placed |= dict(zip(shape.place.tolist(), shape.batch.block_time.tolist(), strict=True))
    return [placed[i] for i in range(len(placed))]


def hexes(size: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=size, max_size=size).map(lambda b: "0x" + b.hex())


NAMES = (
    "address",
    "topics",
    "data",
    "blockHash",
    "blockNumber",
    "blockTimestamp",
    "transactionHash",
    "transactionIndex",
    "logIndex",
    "removed",
)
LOGS = st.fixed_dictionaries(
    {
        "address": hexes(20),
        "topics": st.lists(hexes(32), max_size=4),
        "data": st.integers(0, 3).flatmap(lambda n: hexes(32 * n)),
        "blockHash": hexes(32),
        "blockNumber": st.integers(0, 2**40).map(hex),
        "blockTimestamp": st.integers(0, 2**40).map(hex),
        "transactionHash": hexes(32),
        "transactionIndex": st.integers(0, 400).map(hex),
        "logIndex": st.integers(0, 70_000).map(hex),
        "removed": st.just(False),
    }
).map(lambda log: {name: log[name] for name in NAMES})


@given(st.lists(LOGS, max_size=12))
def test_the_scanner_reads_what_the_json_parser_reads(logs: list[dict[str, Any]]) -> None:
    assert scanned(answer(logs)) == [plainly(log) for log in logs]
    assert times(answer(logs)) == [int(log["blockTimestamp"], 16) for log in logs]


@given(st.lists(st.lists(LOGS, max_size=3), min_size=1, max_size=4), st.randoms())
def test_every_result_of_a_batch_is_cut_out_and_found_again(
    results: list[list[dict[str, Any]]], chance: Any
) -> None:
    members = [{"jsonrpc": "2.0", "id": n, "result": logs} for n, logs in enumerate(results)]
    chance.shuffle(members)
    rest, texts = cut_logs(orjson.dumps([*members, {"id": 99, "error": {"code": 1}}]))
    for member in orjson.loads(rest)[:-1]:
        (number,) = member["result"]
        assert texts[number].parsed() == results[member["id"]]


@given(st.lists(LOGS, min_size=1, max_size=4), st.data())
def test_a_corrupted_answer_is_never_read_as_something_else(
    logs: list[dict[str, Any]], data: st.DataObject
) -> None:
    body = bytearray(answer(logs))
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = scanned(bytes(body))
    except NotCompactError:
        return
    # What the scanner takes, a JSON parser takes too, and sees the same in it.
    assert read == [plainly(log) for log in orjson.loads(bytes(body))["result"]]


def changed(log: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**log, **changes}


LOG = {
    "address": "0x" + "ab" * 20,
    "topics": ["0x" + "01" * 32],
    "data": "0x",
    "blockHash": "0x" + "02" * 32,
    "blockNumber": "0x1",
    "transactionHash": "0x" + "03" * 32,
    "transactionIndex": "0x0",
    "logIndex": "0x0",
    "removed": False,
}


@pytest.mark.parametrize(
    "body",
    [
        answer([changed(LOG, removed=True)]),
        answer([LOG, changed(LOG, removed=True)]),
        answer([LOG, {k: v for k, v in LOG.items() if k != "data"}]),
        answer([LOG, dict(reversed(LOG.items()))]),
        answer([LOG, changed(LOG, address="0x" + "ab" * 19 + "a ")]),
        answer([LOG, changed(LOG, blockNumber="0x")]),
        answer([LOG, changed(LOG, blockNumber="0x1g")]),
        answer([LOG, changed(LOG, blockNumber="0x" + "f" * 16)]),
        answer([LOG, changed(LOG, data="ab")]),
        answer([LOG, changed(LOG, data="0xabc")]),
        answer([changed(LOG, address=None)]),
        answer([changed(LOG, topics=None)]),
        answer([{k: v for k, v in LOG.items() if k != "topics"}]),
        answer([LOG, changed(LOG, extra={"a": "b"})]),
        orjson.dumps({"jsonrpc": "2.0", "id": 1, "result": [LOG]}, option=orjson.OPT_INDENT_2),
        b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}',
        b'{"jsonrpc":"2.0","id":1,"result":"0x"}',
        b"[]",
        b"",
        answer([LOG])[:-20],
    ],
)
def test_anything_but_the_compact_layout_is_left_to_the_slower_way(body: bytes) -> None:
    with pytest.raises(NotCompactError):
        scanned(body)


def test_an_answer_without_logs_is_empty() -> None:
    assert scanned(answer([])) == []


def test_members_after_the_result_are_allowed() -> None:
    body = b'{"jsonrpc":"2.0","result":' + orjson.dumps([LOG, LOG]) + b',"id":7}'
    assert scanned(body) == [plainly(LOG)] * 2


def test_real_logs_of_every_recording_are_read_as_the_json_parser_reads_them(shared: Path) -> None:
    counts = {}
    for file in sorted((shared / "recordings").glob("*/logs.jsonl.gz")):
        logs = [orjson.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
        assert scanned(answer(logs)) == [plainly(log) for log in logs]
        counts[file.parent.name] = len(logs)
    assert all(count > 1000 for count in counts.values())
    assert counts
