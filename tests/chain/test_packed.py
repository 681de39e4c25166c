"""Recordings of strangers: what a file may unpack to, in every way in which it can be packed."""

from __future__ import annotations

import gzip
import itertools
import json
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from analyzer.chain.packed import PackedFolder, open_zip
from analyzer.chain.recording import RecordingFiles
from analyzer.chain.replay import Replay
from analyzer.model.errors import InputError
from analyzer.model.reads import NotRead, ReadRequest, Reverted

META = {"format": 1, "chain_id": 1, "pinned_blocks": [], "log_filters": []}
BIG = 5_000_000
TO = "0x" + "aa" * 20


@pytest.fixture(autouse=True)
def three_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYZER_MAX_UNPACKED_MB", "3")


def recording(folder: Path, **files: bytes) -> Path:
    folder.mkdir()
    for name, data in ({"meta.json": json.dumps(META).encode()} | files).items():
        (folder / name).write_bytes(data)
    return folder


def zipped(folder: Path, how: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", how) as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    return path


ROWS = b'{"block":1,"to":"0xa","data":"0x","result":"0x"}\n'
BOMBS = {
    "blank lines": {"calls.jsonl.gz": gzip.compress(b"\n" * BIG)},
    "members": {"calls.jsonl.gz": gzip.compress(b"\n" * 100_000) * 50},
    "equal rows": {"calls.jsonl.gz": gzip.compress(ROWS * (BIG // len(ROWS)))},
    "empty members": {"logs.jsonl.gz": gzip.compress(b"") * 300_000},
    "plain": {"storage.jsonl": b"\n" * BIG},
    "logs": {"logs.jsonl.gz": gzip.compress(b"\n" * BIG)},
    "attached": {"findings.json": b" " * BIG},
    "meta": {"meta.json": b" " * BIG},
    "one line": {"blocks.jsonl.gz": gzip.compress(b"[" + b"[]," * 800_000)},
}


@pytest.mark.parametrize("how", ["folder", "deflated", "bzip2", "lzma", "stored"])
@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_unpacks_to_too_much_is_named_with_the_limit(
    tmp_path: Path, name: str, how: str
) -> None:
    path = recording(tmp_path / "bomb", **BOMBS[name])
    methods = {
        "deflated": zipfile.ZIP_DEFLATED,
        "bzip2": zipfile.ZIP_BZIP2,
        "lzma": zipfile.ZIP_LZMA,
        "stored": zipfile.ZIP_STORED,
    }
    path = zipped(path, methods[how]) if how in methods else path
    with pytest.raises(InputError) as caught:
        Replay(path)
    (file,) = BOMBS[name]
    assert str(caught.value).startswith(f"{path}/{file}")
    assert "MB unpacked: `analyzer --max-unpacked-mb N ...` or ANALYZER_MAX_UNPACKED_MB" in str(
        caught.value
    )


def test_little_memory_is_taken_until_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYZER_MAX_UNPACKED_MB", "60")
    files = {"calls.jsonl.gz": gzip.compress(b"\n" * 10_000_000) * 7}
    path = recording(tmp_path / "bomb", **files)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="more than 60 MB unpacked"):
            Replay(path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_the_limit_is_raised_by_the_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = recording(tmp_path / "large", **BOMBS["equal rows"])
    monkeypatch.setenv("ANALYZER_MAX_UNPACKED_MB", "6")
    assert Replay(path).chain_id == 1
    monkeypatch.setenv("ANALYZER_MAX_UNPACKED_MB", "0")
    with pytest.raises(InputError, match="ANALYZER_MAX_UNPACKED_MB is '0': it has to be a whole"):
        Replay(path)


def test_lines_are_counted_as_they_stand_however_the_pieces_fall(tmp_path: Path) -> None:
    text = (
        b"\n\n".join(b'{"n": %d, "x": "%s"}' % (n, b"y" * 20_000) for n in range(100)) + b"\n \nx"
    )
    files = RecordingFiles(recording(tmp_path / "lines", **{"calls.jsonl": text}))
    rows = files.rows("calls", lambda row: row["n"])
    assert list(itertools.islice(rows, 100)) == list(range(100))
    with pytest.raises(InputError, match=r"calls\.jsonl, line 201 is corrupt: no JSON"):
        next(rows)


def test_a_digest_is_of_the_content_however_it_is_packed(tmp_path: Path) -> None:
    text = b'{"n": 1}\n' * 200_000
    plain = recording(tmp_path / "plain", **{"logs.jsonl": text})
    packed = recording(tmp_path / "packed", **{"logs.jsonl.gz": gzip.compress(text)})
    found = {RecordingFiles(p).digest(["blocks", "logs"]) for p in (plain, packed, zipped(packed))}
    assert len(found) == 1


def test_what_is_no_plain_file_is_not_read(tmp_path: Path) -> None:
    path = recording(tmp_path / "odd")
    (path / "calls.jsonl").symlink_to("/dev/zero")
    with pytest.raises(InputError, match=r"calls\.jsonl is no file"):
        Replay(path)


def test_a_zip_with_a_long_list_of_members_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(12_000):
            archive.writestr(f"{number:060d}", b"")
    with pytest.raises(InputError, match="its list of files is too long"):
        open_zip(path)
    raw = bytearray(path.read_bytes())
    # The same with the length in the records of large zips, and a lie in the small one.
    size, start = struct.unpack_from("<LL", raw, len(raw) - 10)
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 12_000, 12_000, size, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(raw) - 22, 1)
    end = bytes(raw[-22:-10]) + struct.pack("<LL", 5, start) + b"\0\0"
    path.write_bytes(bytes(raw[:-22]) + record + locator + end)
    with pytest.raises(InputError, match="its list of files is too long"):
        PackedFolder(path)


@pytest.mark.parametrize(
    "data", [b"", b"PK\5\6", b"PK\5\6" * 6, b"x" * 100, b"PK\5\6" + b"\xff" * 18]
)
def test_what_is_no_zip_is_one_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "no.zip"
    path.write_bytes(data)
    with pytest.raises(InputError, match="is no recording: "):
        PackedFolder(path)


@pytest.mark.parametrize(
    "meta",
    [
        {"pinned_blocks": [{"block": 1e300}]},
        {"pinned_blocks": [{"block": "9" * 5000}]},
        {"pinned_blocks": [{"block": -1}]},
        {"pinned_blocks": [{"block": True}]},
        {"log_filters": [{"fromBlock": "9" * 5000}]},
        {"log_filters": [{"toBlock": 1e300}]},
        {"log_filters": ["x" * 10_000]},
        {"chain_id": 1e300},
        {"format": "x" * 10_000},
    ],
    ids=lambda m: str(m)[:50],
)
def test_numbers_of_meta_json_that_cannot_be_are_one_short_line(
    tmp_path: Path, meta: dict[str, object]
) -> None:
    text = json.dumps({**META, **meta}).encode()
    files = {"meta.json": text, "logs.jsonl": b""}
    with pytest.raises(InputError) as caught:
        Replay(recording(tmp_path / "odd", **files))
    assert "meta.json" in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": -32000, "message": "header not found", "data": "0x01363019"}, NotRead),
        ({"code": -32005, "message": "limit exceeded"}, NotRead),
        ({"message": "missing trie node 5e1f"}, NotRead),
        ({"code": -32000, "message": "execution reverted"}, Reverted),
        ({"code": -32015, "message": "VM execution error.", "data": "Reverted 0xae"}, Reverted),
        ({"data": "0xae769b25"}, Reverted),
        ({"message": "no block: header not found", "data": "0xae769b25"}, Reverted),
        ({"message": "CH_EAV", "data": "0x"}, Reverted),
        ({}, Reverted),
    ],
    ids=str,
)
def test_a_recorded_fault_of_a_node_is_no_revert(
    tmp_path: Path, error: dict[str, object], kind: type
) -> None:
    header = {
        "number": "0x1",
        "hash": "0x" + "01" * 32,
        "parentHash": "0x" + "02" * 32,
        "timestamp": "0x1",
    }
    row = {"block": 1, "to": TO, "data": "0x12", "error": error}
    files = {"blocks.jsonl": json.dumps(header).encode(), "calls.jsonl": json.dumps(row).encode()}
    replay = Replay(recording(tmp_path / "faults", **files))
    (answer,) = replay.read(replay.resolve("1"), [ReadRequest("call", TO, "0x12")])
    assert isinstance(answer, kind)
