from __future__ import annotations

import gzip
import json
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analyzer.chain.base import NotRecordedError
from analyzer.chain.replay import Replay
from analyzer.model.deployment import Deployment
from analyzer.model.errors import ExitCode, InputError
from analyzer.model.logs import LogFilter
from analyzer.model.reads import NotRead, ReadRequest, Reverted, Value

A = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
T1, T2 = "0x" + "01" * 32, "0x" + "02" * 32


def block_hash(number: int) -> str:
    return f"0x{number + 1:064x}"


def block(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "number": hex(number),
        "hash": block_hash(number),
        "parentHash": block_hash(number - 1),
        "timestamp": hex(1_700_000_000 + 12 * number),
        "gasLimit": "0x1",
    } | changes


def log(number: int, index: int, topic: str = T1, **changes: Any) -> dict[str, Any]:
    return {
        "address": A.lower(),
        "topics": [topic],
        "data": "0x",
        "blockHash": block_hash(number),
        "blockNumber": hex(number),
        "transactionHash": "0x" + "07" * 32,
        "transactionIndex": "0x0",
        "logIndex": hex(index),
        "removed": False,
    } | changes


META: dict[str, Any] = {
    "format": 1,
    "chain_id": 1337,
    "protocol": "toy",
    "contracts": {"thing": A.lower()},
    "pinned_blocks": [{"block": 5, "label": "calm", "note": "quiet"}, {"block": 7, "label": "8"}],
}
BLOCKS = [block(n) for n in range(10)]
LOGS = [log(3, 0), log(3, 1, T2), log(6, 0)]
CALLS: list[dict[str, Any]] = [
    {"block": 5, "to": A, "data": "0xABCD0001", "result": "0x01"},
    {"block": 5, "to": A, "data": "0xabcd0002", "error": {"data": "0xae769b25"}},
    {"block": 5, "to": A, "data": "0xabcd0003", "error": {"message": "execution reverted: no"}},
    {
        "block": 5,
        "to": A,
        "data": "0xabcd0004",
        "error": {"code": 3, "message": "execution reverted", "data": "0x"},
    },
]
STORAGE = [{"block": 5, "address": A, "slot": "0x6", "value": "0x07"}]
CODES = [{"block": 5, "address": A, "code_hash": "0x" + "0c" * 32}]

Write = Callable[..., Path]


def lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a recording; any file may be replaced, as rows or as bytes, or left out (None)."""

    def write_(packed: bool = True, **files: Any) -> Path:
        folder = tmp_path / "recording"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        rows = {"blocks": BLOCKS, "logs": LOGS, "calls": CALLS, "storage": STORAGE}
        rows |= {"code_hashes": CODES}
        rows |= {k: v for k, v in files.items() if k != "meta"}
        meta = files.get("meta", META)
        if meta is not None:
            (folder / "meta.json").write_text(meta if isinstance(meta, str) else json.dumps(meta))
        for name, content in rows.items():
            if content is None:
                continue
            raw = content if isinstance(content, bytes) else lines(content)
            if isinstance(content, bytes) and packed:
                (folder / f"{name}.jsonl.gz").write_bytes(raw)
            elif packed:
                (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(raw))
            else:
                (folder / f"{name}.jsonl").write_bytes(raw)
        return folder

    return write_


def zipped(folder: Path, inside: str = "") -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, inside + file.name)
    return path


@pytest.fixture(params=["folder", "plain", "zip", "zip with a folder in it"])
def replay(request: pytest.FixtureRequest, write: Write) -> Replay:
    folder = write(packed=request.param != "plain")
    if request.param.startswith("zip"):
        return Replay(zipped(folder, "inner/" if "folder" in request.param else ""))
    return Replay(folder)


def test_it_answers_what_was_recorded_whatever_the_case(replay: Replay) -> None:
    at = replay.resolve("calm")
    requests = [
        ReadRequest("call", A.lower(), "0xabcd0001"),
        ReadRequest("call", A.upper().replace("0X", "0x"), "0xABCD0001"),
        ReadRequest("call", A, "0xabcd0002"),
        ReadRequest("call", A, "0xabcd0003"),
        ReadRequest("call", A, "0xabcd0004"),
        ReadRequest("slot", A, f"0x{6:064x}"),
        ReadRequest("code_hash", A, "0x"),
    ]
    assert replay.read(at, requests) == [
        Value(b"\1"),
        Value(b"\1"),
        Reverted(bytes.fromhex("ae769b25"), "0xae769b25"),
        Reverted(b"", "execution reverted: no"),
        Reverted(b"", "execution reverted"),
        Value((7).to_bytes(32, "big")),
        Value(b"\x0c" * 32),
    ]


def test_what_was_not_recorded_is_not_read_never_a_revert_or_empty(replay: Replay) -> None:
    requests = [
        ReadRequest("call", A, "0xabcd0009", "Thing.view"),
        ReadRequest("slot", A, f"0x{7:064x}"),
        ReadRequest("code_hash", "0x" + "22" * 20, "0x"),
    ]
    assert replay.read(replay.resolve("calm"), requests) == [
        NotRead("not in the recording at block 5: Thing.view"),
        NotRead(f"not in the recording at block 5: slot of {A} 0x00000000"),
        NotRead(f"not in the recording at block 5: code_hash of 0x{'22' * 20} 0x"),
    ]
    pinned = ReadRequest("call", A, "0xabcd0001", "Thing.view")
    assert replay.read(replay.resolve("6"), [pinned]) == [
        NotRead("not in the recording at block 6: Thing.view")
    ]


def test_blocks_resolve_among_the_recorded_headers(replay: Replay) -> None:
    forms = {
        "calm": 5,
        "8": 7,  # a label wins over the block of that number
        "9": 9,
        "latest": 9,
        "finalized": 9,
        "safe": 9,
        "earliest": 0,
        "-2": 7,
        block_hash(4): 4,
        "2023-11-14T22:13:30": 0,
        "2023-11-14T22:14:20": 5,
        "2030-01-01": 9,
    }
    assert {text: replay.resolve(text).number for text in forms} == forms


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("10", NotRecordedError),
        ("0x" + "99" * 32, NotRecordedError),
        ("-10", InputError),
        ("2020-01-01", InputError),
        ("nonsense", InputError),
    ],
)
def test_a_block_that_was_not_recorded_is_said_so(
    write: Write, text: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        Replay(write()).resolve(text)


def test_another_block_of_a_recorded_number_is_not_recorded(write: Write) -> None:
    from dataclasses import replace

    replay = Replay(write())
    other = replace(replay.resolve("5"), hash="0x" + "99" * 32)
    with pytest.raises(NotRecordedError, match="block 5 0x9999"):
        replay.read(other, [ReadRequest("call", A, "0xabcd0001")])


def test_a_top_level_protocol_is_one_deployment_with_complete_logs(replay: Replay) -> None:
    assert replay.deployments() == [
        Deployment("toy", "toy", 1337, 0, {"thing": A}, {}, f"recording {replay.path.name}")
    ]
    assert replay.pins() == [(5, "calm", "quiet"), (7, "8", "")]
    (chunk,) = replay.logs([LogFilter((A.lower(),), (T1,))], 0, 9)
    assert [(g.block_number, g.log_index) for g in chunk.logs] == [(3, 0), (6, 0)]
    assert (chunk.first, chunk.last) == (0, 9)
    assert [h.number for h in chunk.headers] == [3, 6, 9]
    assert next(replay.logs([LogFilter(("0x" + "22" * 20,))], 4, 5)).logs == []
    with pytest.raises(NotRecordedError, match=r"blocks 0\.\.10"):
        list(replay.logs([LogFilter((A.lower(),))], 0, 10))


def test_a_filter_outside_log_filters_is_not_recorded(write: Write) -> None:
    filters = [
        {"address": A, "topics": [[T1]], "fromBlock": "0x2", "toBlock": "0x5"},
        {"address": [A], "topics": [T1], "fromBlock": 6, "toBlock": "0x9"},
    ]
    replay = Replay(write(meta=META | {"log_filters": filters}))

    def found(topics: tuple[str, ...], first: int, last: int) -> list[int]:
        chunks = replay.logs([LogFilter((A.lower(),), topics)], first, last)
        return [g.block_number for chunk in chunks for g in chunk.logs]

    assert found((T1,), 2, 9) == [3, 6]
    assert found((T1,), 3, 3) == [3]
    for topics, first, last in (((T1,), 1, 9), ((T1, T2), 2, 9), ((), 2, 9)):
        with pytest.raises(NotRecordedError, match="not in the recording: logs of 0x5aaeb6"):
            found(topics, first, last)


def test_without_a_file_of_logs_no_log_was_recorded(write: Write) -> None:
    replay = Replay(write(logs=None))
    with pytest.raises(NotRecordedError, match="not in the recording: logs of 0x5aaeb6"):
        list(replay.logs([LogFilter((A.lower(),), (T1,))], 2, 5))


def test_deployments_may_be_several_and_start_later(write: Write) -> None:
    meta = {k: v for k, v in META.items() if k not in ("protocol", "contracts")}
    entry = {"name": "one", "protocol": "toy", "from_block": 2, "contracts": {"thing": A.lower()}}
    other = {**entry, "name": "two", "factors": {"WETH": "ETH"}}
    replay = Replay(write(meta=meta | {"deployments": [entry, other]}))
    assert replay.deployments() == [
        Deployment("one", "toy", 1337, 2, {"thing": A}, {}, "recording recording"),
        Deployment("two", "toy", 1337, 2, {"thing": A}, {"WETH": "ETH"}, "recording recording"),
    ]
    assert sum(len(c.logs) for c in replay.logs([LogFilter((A.lower(),))], 2, 9)) == 3
    with pytest.raises(NotRecordedError):
        list(replay.logs([LogFilter((A.lower(),))], 1, 9))


CORRUPT: dict[str, tuple[dict[str, Any], str]] = {
    "no meta": ({"meta": None}, "is no recording: it has no meta.json"),
    "meta no JSON": ({"meta": "{"}, "meta.json is corrupt"),
    "meta a list": ({"meta": "[]"}, "meta.json is corrupt: it is no JSON object"),
    "another format": ({"meta": META | {"format": 2}}, "recording format 2 is not known"),
    "no format": ({"meta": {"chain_id": 1}}, "recording format None is not known"),
    "chain id a text": ({"meta": META | {"chain_id": "1"}}, "chain_id is '1'"),
    "bad pins": ({"meta": META | {"pinned_blocks": [{}]}}, "pinned_blocks is malformed"),
    "bad contract": ({"meta": META | {"contracts": {"a": "0x1"}}}, "a deployment is malformed"),
    "bad filters": ({"meta": META | {"log_filters": {}}}, "log_filters is no list"),
    "bad filter": ({"meta": META | {"log_filters": [{"fromBlock": "x"}]}}, "malformed"),
    "bad gzip": ({"calls": b"not gzip"}, "calls.jsonl.gz is corrupt: bad gzip"),
    "cut gzip": ({"logs": gzip.compress(lines(LOGS))[:-9]}, "logs.jsonl.gz is corrupt: bad gzip"),
    "bad JSON": (
        {"calls": gzip.compress(lines(CALLS) + b'{"block": 5,\n')},
        "calls.jsonl.gz, line 5 is corrupt: no JSON",
    ),
    "no result": (
        {"calls": [{"block": 5, "to": A, "data": "0x"}]},
        "calls.jsonl.gz, line 1 is corrupt: not a row of this file",
    ),
    "result no hex": (
        {"calls": [{"block": 5, "to": A, "data": "0x", "result": "0x123"}]},
        "calls.jsonl.gz, line 1 is corrupt",
    ),
    "two answers": (
        {"calls": [*CALLS, {**CALLS[0], "result": "0x02"}]},
        "calls.jsonl.gz, line 5 is corrupt: the call 0xABCD0001 of .* is there twice, and differs",
    ),
    "wrong parent": (
        {"blocks": [*BLOCKS[:4], block(4, parentHash=block_hash(9)), *BLOCKS[5:]]},
        "blocks.jsonl.gz, line 5 is corrupt: block 4 names .* as its parent, but block 3 is",
    ),
    "header without time": (
        {"blocks": [{k: v for k, v in block(0).items() if k != "timestamp"}]},
        "blocks.jsonl.gz, line 1 is corrupt",
    ),
    "two headers": (
        {"blocks": [*BLOCKS, block(9, hash=block_hash(77))]},
        "blocks.jsonl.gz, line 11 is corrupt: block 9 is there twice, and differs",
    ),
    "foreign log": (
        {"logs": [*LOGS, log(7, 0, blockHash=block_hash(99))]},
        "logs.jsonl.gz, line 4 is corrupt: the log names .* as block 7, but its header says",
    ),
    "log without header": (
        {"logs": [log(77, 0)]},
        "logs.jsonl.gz, line 1 is corrupt: the header of block 77 is missing",
    ),
    "two logs": (
        {"logs": [*LOGS, log(3, 0, data="0x01")]},
        "logs.jsonl.gz, line 4 is corrupt: log 0 of block 3 is there twice, and differs",
    ),
    "removed log": ({"logs": [log(3, 0, removed=True)]}, "logs.jsonl.gz, line 1 is corrupt"),
    "slot no hex": (
        {"storage": [{**STORAGE[0], "value": "0xzz"}]},
        "storage.jsonl.gz, line 1 is corrupt",
    ),
    "slot too long": (
        {"storage": [{**STORAGE[0], "value": "0x" + "11" * 33}]},
        "storage.jsonl.gz, line 1 is corrupt",
    ),
}


@pytest.mark.parametrize("name", CORRUPT)
def test_a_corrupt_recording_is_one_line_with_file_and_line(write: Write, name: str) -> None:
    import re

    files, words = CORRUPT[name]
    folder = write(**files)
    with pytest.raises(InputError) as caught:
        Replay(folder).deployments()
    text = str(caught.value)
    assert re.search(words, text)
    assert text.startswith(str(folder))
    assert "\n" not in text
    assert caught.value.exit_code is ExitCode.BAD_INPUT


def test_a_path_that_is_no_recording_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    for path, words in (
        (tmp_path / "nothing", "no recording at"),
        (tmp_path / "file", "nor a zip"),
    ):
        with pytest.raises(InputError, match=words):
            Replay(path)


def test_a_corrupt_zip_member_is_an_input_error(write: Write) -> None:
    path = zipped(write())
    raw = bytearray(path.read_bytes())
    place = raw.find(b"meta.json") + 60
    raw[place] ^= 0xFF
    path.write_bytes(bytes(raw))
    with pytest.raises(InputError):
        Replay(path)


def test_long_ranges_come_in_chunks_that_end_at_recorded_headers(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analyzer.chain import replay as module

    monkeypatch.setattr(module, "_CHUNK_LOGS", 3)
    logs = [log(n, i) for n in range(10) for i in range(n % 3)]
    chunks = list(Replay(write(logs=logs)).logs([LogFilter((A.lower(),))], 0, 9))
    assert [c.first for c in chunks] == [0, *[c.last + 1 for c in chunks[:-1]]]
    assert chunks[-1].last == 9
    assert [g.block_number for c in chunks for g in c.logs] == [
        n for n in range(10) for _ in range(n % 3)
    ]
    assert len(chunks) > 1


@pytest.mark.parametrize("name", ["derive_v2_seedA", "gmx_v2_seedA", "synthetix_v3_seedA"])
def test_the_recordings_of_other_protocols_load_and_serve_every_row(
    shared: Path, name: str
) -> None:
    folder = shared / "recordings" / name
    start = time.process_time()
    replay = Replay(folder)
    assert time.process_time() - start < 4
    meta = json.loads((folder / "meta.json").read_text())
    assert replay.chain_id == meta["chain_id"]
    assert replay.meta == meta
    assert replay.pins() == [(p["block"], p["label"], p["note"]) for p in meta["pinned_blocks"]]
    for number, label, _ in replay.pins():
        assert replay.resolve(label).number == replay.resolve(str(number)).number == number
    (deployment,) = replay.deployments()
    assert deployment.name == deployment.protocol == meta["protocol"]
    assert {k: v.lower() for k, v in deployment.contracts.items()} == {
        k: v.lower() for k, v in meta["contracts"].items()
    }
    assert replay.resolve("latest").number == meta["last_block"]
    _check_logs(replay, _rows(folder, "logs"), meta["last_block"])
    _check_reads(replay, _rows(folder, "calls"), _rows(folder, "storage"))


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    file = folder / f"{name}.jsonl.gz"
    if not file.exists():
        return []
    return [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]


def _check_logs(replay: Replay, rows: list[dict[str, Any]], last: int) -> None:
    """Every log is served, and by address only those of the address."""
    found = [g for c in replay.logs([LogFilter(())], 0, last) for g in c.logs]
    assert [(g.block_number, g.log_index, "0x" + g.data.hex()) for g in found] == sorted(
        (int(r["blockNumber"], 16), int(r["logIndex"], 16), r["data"]) for r in rows
    )
    address = rows[0]["address"].lower()
    mine = [g for c in replay.logs([LogFilter((address,))], 0, last) for g in c.logs]
    assert len(mine) == sum(r["address"].lower() == address for r in rows)


def _check_reads(
    replay: Replay, calls: list[dict[str, Any]], storage: list[dict[str, Any]]
) -> None:
    """Every call and slot is served at its block as it stands in the file."""
    by_block: dict[int, list[tuple[ReadRequest, str]]] = {}
    for row in calls:
        answer = row.get("result") or "reverted " + row["error"].get("data", "")
        request = ReadRequest("call", row["to"], row["data"])
        by_block.setdefault(row["block"], []).append((request, answer))
    for row in storage:
        request = ReadRequest("slot", row["address"], row["slot"])
        by_block.setdefault(row["block"], []).append((request, row["value"]))
    checked = 0
    for number, wanted in by_block.items():
        answers = replay.read(replay.resolve(str(number)), [r for r, _ in wanted])
        shown = [
            "0x" + a.data.hex()
            if isinstance(a, Value)
            else f"reverted 0x{a.data.hex()}"
            if isinstance(a, Reverted)
            else a.reason
            for a in answers
        ]
        assert shown == [text for _, text in wanted]
        checked += len(shown)
    assert checked == len(calls) + len(storage)
