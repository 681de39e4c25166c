from __future__ import annotations

import errno
import gzip
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_node import FakeNode, RefusedError

from analyzer.chain import open_chain
from analyzer.chain.base import Chain
from analyzer.chain.record import Recorder
from analyzer.chain.recording import LogCoverage, check_recording_place, write_recording
from analyzer.chain.replay import Replay
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.model.logs import LogFilter
from analyzer.model.reads import NotRead, ReadRequest

A, B = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x" + "bb" * 20
T1, T2 = "0x" + "01" * 32, "0x" + "02" * 32
FILTERS = [LogFilter((A.lower(), B), (T1,)), LogFilter((B,), (T2,))]
WHOLE = {
    "stateRoot": "0x" + "5a" * 32,
    "logsBloom": "0x" + "00" * 256,
    "baseFeePerGas": "0x7",
    "transactions": ["0x" + "77" * 32],
}
DEPLOYMENT = Deployment("one", "toy", 1337, 3, {"thing": A}, {"WETH": "ETH"})
REQUESTS = [
    *[ReadRequest("call", A, f"0x{n:08x}", f"f({n})") for n in range(9)],
    ReadRequest("slot", A, f"0x{5:064x}"),
    ReadRequest("code_hash", A, "0x"),
]


@pytest.fixture
def live(fake: FakeNode) -> FakeNode:
    for block in range(3, 28):
        fake.add_log(
            block, (A.lower(), B)[block % 2], [(T1, T2)[block % 3 == 0]], f"0x{block:064x}"
        )
    for number in range(9):
        fake.calls[A.lower(), f"0x{number:08x}"] = f"0x{number:064x}"
    fake.calls[A.lower(), "0x00000003"] = RefusedError(3, "execution reverted: no", "0xae769b25")
    fake.calls[A.lower(), "0x00000004"] = RefusedError(-32000, "cannot answer this")
    fake.storage[A.lower(), 5] = f"0x{99:064x}"
    fake.code[A.lower()] = "0x6001"
    for header in fake.headers:
        header |= WHOLE
    return fake


def everything(chain: Chain) -> list[object]:
    """All that a run asks of a chain."""
    block = chain.resolve("-3")
    logs = [g for chunk in chain.logs(FILTERS, 3, block.number) for g in chunk.logs]
    headers = chain.headers([5, 3])
    return [block, logs, headers, chain.read(block, REQUESTS)]


def record(live: FakeNode, open_node: Any, path: Path) -> list[object]:
    recorder = Recorder(
        open_node(live.url, whole_headers=True), path, description="a test", extra={"seed": 7}
    )
    recorder.add_deployment(DEPLOYMENT)
    recorder.pin(recorder.resolve("-3"), "calm", "quiet")
    seen = everything(recorder)
    recorder.close()
    recorder.close()
    return seen


@pytest.mark.parametrize("name", ["folder", "file.zip"])
def test_a_run_from_the_recording_sees_what_the_live_run_saw(
    live: FakeNode, open_node: Any, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "deep" / name
    seen = record(live, open_node, path)
    replay = Replay(path)
    again = [
        replay.resolve("calm"),
        [g for chunk in replay.logs(FILTERS, 3, 26) for g in chunk.logs],
        replay.headers([5, 3]),
        replay.read(replay.resolve("calm"), REQUESTS),
    ]
    answers: Any = seen[3]
    assert isinstance(answers[4], NotRead)
    answers[4] = NotRead("not in the recording at block 26: f(4)")  # no answer, so not recorded
    assert again == seen
    (deployment,) = replay.deployments()
    assert (deployment.name, deployment.from_block, deployment.contracts, deployment.factors) == (
        "one",
        3,
        {"thing": A},
        {"WETH": "ETH"},
    )
    assert replay.pins() == [(26, "calm", "quiet")]
    assert replay.meta["seed"] == 7


@pytest.mark.parametrize("name", ["folder", "file.zip"])
def test_equal_runs_give_equal_bytes(
    live: FakeNode, open_node: Any, tmp_path: Path, name: str
) -> None:
    def content(path: Path) -> dict[str, bytes]:
        if path.is_file():
            return {path.name: path.read_bytes()}
        return {file.name: file.read_bytes() for file in path.iterdir()}

    record(live, open_node, tmp_path / "first" / name)
    record(live, open_node, tmp_path / "second" / name)
    assert content(tmp_path / "first" / name) == content(tmp_path / "second" / name)


def test_the_files_are_those_of_the_format(live: FakeNode, open_node: Any, tmp_path: Path) -> None:
    path = tmp_path / "recording"
    record(live, open_node, path)
    rows = {
        file.name: [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
        for file in path.glob("*.gz")
    }
    assert sorted(rows) == [
        f"{name}.jsonl.gz" for name in ("blocks", "calls", "code_hashes", "logs", "storage")
    ]
    assert rows["calls.jsonl.gz"][3] == {
        "block": 26,
        "to": A.lower(),
        "data": "0x00000003",
        "error": {"message": "0xae769b25", "data": "0xae769b25"},
    }
    assert rows["storage.jsonl.gz"] == [
        {"block": 26, "address": A.lower(), "slot": f"0x{5:064x}", "value": f"0x{99:064x}"}
    ]
    assert rows["logs.jsonl.gz"] == [
        log
        for log in live.logs
        if int(log["blockNumber"], 16) <= 26 and (log["topics"] == [T1] or log["address"] == B)
    ]
    # As the node gave them, with what nobody of us reads; transactions are no field of a header.
    given = {name: value for name, value in live.headers[26].items() if name != "transactions"}
    assert rows["blocks.jsonl.gz"][-1] == given
    assert rows["blocks.jsonl.gz"][-1]["stateRoot"] == WHOLE["stateRoot"]
    meta = json.loads((path / "meta.json").read_text())
    assert (meta["format"], meta["chain_id"], meta["description"]) == (1, 1337, "a test")
    assert meta["pinned_blocks"] == [{"block": 26, "label": "calm", "note": "quiet"}]


def test_no_key_of_an_endpoint_is_written(live: FakeNode, open_node: Any, tmp_path: Path) -> None:
    live.calls[A.lower(), "0x00000003"] = RefusedError(3, "execution reverted at /s3cretkey")
    path = tmp_path / "file.zip"
    recorder = Recorder(open_node(f"{live.url}/s3cretkey?k=an0ther"), path)
    everything(recorder)
    recorder.close()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            raw = archive.read(name)
            text = gzip.decompress(raw) if name.endswith(".gz") else raw
            assert b"s3cret" not in text
            assert b"an0ther" not in text


def test_a_recording_replaces_a_recording_and_nothing_else(
    live: FakeNode, open_node: Any, tmp_path: Path
) -> None:
    path = tmp_path / "recording"
    record(live, open_node, path)
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    record(live, open_node, path)
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before
    (path / "notes.txt").write_text("x")
    with pytest.raises(InputError, match=r"own \(holds 'notes\.txt'\): it is not overwritten"):
        record(live, open_node, path)
    assert sorted(f.name for f in path.iterdir()) == sorted([*before, "notes.txt"])
    assert sorted(f.name for f in tmp_path.iterdir()) == ["recording"]


def _project(folder: Path) -> None:
    (folder / "src").mkdir(parents=True)
    (folder / "meta.json").write_text('{"my": "project"}')
    (folder / "src" / "a.c").write_text("code")


def _thesis(folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")


def _almost(folder: Path) -> None:
    folder.mkdir()
    (folder / "meta.json").write_text('{"format": 1, "chain_id": 1}')


def _foreign_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("meta.json", '{"format": 1, "chain_id": 1}')
        archive.writestr("photo.jpg", "x")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("mine", _project),
        ("mine", _thesis),
        ("mine", _almost),
        ("mine", lambda path: path.write_text("a text")),
        ("mine.zip", _foreign_zip),
        ("mine.zip", lambda path: path.write_text("a text")),
        ("mine.zip", _thesis),
        ("mine.zip", lambda path: path.symlink_to(path)),
    ],
)
def test_what_is_no_recording_of_ours_is_refused_and_left_alone(
    tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    path = tmp_path / name
    make(path)
    before = _tree(tmp_path)
    with pytest.raises(InputError) as caught:
        check_recording_place(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError):
        write_recording(path, {"format": 1, "chain_id": 1}, {"blocks": []})
    assert _tree(tmp_path) == before


def test_the_root_of_a_file_system_is_no_place_for_a_recording() -> None:
    with pytest.raises(InputError, match="exists and is no recording"):
        check_recording_place(Path("/"))


def _tree(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder, with its bytes where it is a file."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("name", ["target", "target.zip"])
def test_a_link_to_a_recording_stays_and_what_it_points_to_is_replaced(
    live: FakeNode, open_node: Any, tmp_path: Path, name: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / name, tmp_path / f"link-{name}"
    record(live, open_node, target)
    link.symlink_to(target)
    record(live, open_node, link)
    assert link.is_symlink()
    assert [path.name for path in target.parent.iterdir()] == [name]


def test_a_recording_that_cannot_be_put_in_place_leaves_the_old_one(
    live: FakeNode, open_node: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "recording"
    record(live, open_node, path)
    before, rename = _tree(tmp_path), os.replace

    def refuse(source: Path, target: Path) -> None:
        if target == path and source.suffix == ".part":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rename(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InputError, match="recording cannot be written: No space left on device"):
        record(live, open_node, path)
    assert _tree(tmp_path) == before


def test_a_discarded_recording_leaves_nothing(
    live: FakeNode, open_node: Any, tmp_path: Path
) -> None:
    recorder = Recorder(open_node(live.url), tmp_path / "recording")
    everything(recorder)
    recorder.discard()
    recorder.close()
    assert list(tmp_path.iterdir()) == []


def test_coverage_joins_ranges_and_tells_what_is_missing() -> None:
    coverage = LogCoverage()
    coverage.add(LogFilter((A.lower(), B), (T1, T2)), 0, 9)
    coverage.add(LogFilter((A.lower(),), (T1, T2)), 10, 19)
    coverage.add(LogFilter((B,), (T1,)), 15, 19)
    assert coverage.as_filters() == [
        {"fromBlock": "0x0", "toBlock": "0x13", "address": [A.lower()], "topics": [[T1, T2]]},
        {"fromBlock": "0x0", "toBlock": "0x9", "address": [B], "topics": [[T1, T2]]},
        {"fromBlock": "0xf", "toBlock": "0x13", "address": [B], "topics": [[T1]]},
    ]
    again = LogCoverage.parse(coverage.as_filters(), 19)
    for known in (coverage, again):
        assert known.missing(LogFilter((A.lower(),), (T2,)), 0, 19) == ""
        assert known.missing(LogFilter((B,), (T1,)), 15, 19) == ""
        assert known.missing(LogFilter((B,), (T1,)), 9, 15) == (
            f"logs of {B} with topic {T1} in blocks 9..15"
        )
        assert known.missing(LogFilter((B,)), 0, 9) != ""
        assert known.missing(LogFilter((), (T1,)), 0, 9) != ""


def test_open_chain_takes_a_node_or_a_recording_and_checks_the_chain(
    live: FakeNode, open_node: Any, tmp_path: Path
) -> None:
    path = tmp_path / "recording"
    record(live, open_node, path)
    chain = open_chain([], path, chain_id=1337)
    assert chain.resolve("calm").number == 26
    with pytest.raises(InputError, match="is of chain 1337, not of chain 10"):
        open_chain([], path, chain_id=10)
    for rpc, recording in (([], None), ([live.url], path)):
        with pytest.raises(InputError, match="either an RPC URL"):
            open_chain(rpc, recording)
    node = open_chain([live.url], record=tmp_path / "second")
    assert node.resolve("latest").number == 29
    node.close()
    assert Replay(tmp_path / "second").resolve("latest").number == 29


def test_a_recording_of_a_replay_is_the_same_recording(
    live: FakeNode, open_node: Any, tmp_path: Path
) -> None:
    record(live, open_node, tmp_path / "first")
    recorder = Recorder(Replay(tmp_path / "first"), tmp_path / "second")
    block = recorder.resolve("26")
    list(recorder.logs(FILTERS, 3, 26))
    recorder.read(block, REQUESTS)
    recorder.close()
    for name in ("logs", "calls", "storage", "code_hashes"):
        file = f"{name}.jsonl.gz"
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
