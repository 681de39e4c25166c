"""Damaged files, files of others and files in use: each is told as what it is, in one line."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from bank import PLUG, bank, bank_abi
from memory_chain import MemoryChain

from analyzer.indexer.index import Index
from analyzer.model.errors import InputError
from analyzer.store.damage import DamagedError, is_damage, why_not_opened
from analyzer.store.reader import open_snapshot
from analyzer.store.snapshot import SCHEMA, check_replaceable, write_snapshot

SEEDS = range(8)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot with some hundred kilobytes of rows."""
    path = tmp_path_factory.mktemp("damage") / "scan.duckdb"
    rng = random.Random(1)
    rows = [
        ("5ca0", "all", f"0x{rng.getrandbits(160):040x}", rng.random(), "", 1.5, None, None, None)
        for _ in range(10_000)
    ]
    write_snapshot(path, {"distances": rows})
    return path


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file of another program."""
    path = tmp_path_factory.mktemp("other") / "other.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE analyzer_file AS SELECT 'snapshot' AS kind, 'x' AS v")
    return path


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(1, len(data))]


def flip_head(data: bytes, rng: random.Random) -> bytes:
    return _flipped(data, rng.randrange(12_288), rng)


def flip_anywhere(data: bytes, rng: random.Random) -> bytes:
    return _flipped(data, rng.randrange(len(data)), rng)


def noise(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(12_288, len(data))
    return data[:at] + rng.randbytes(4_096) + data[at + 4_096 :]


def zeros(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes(len(data) - at)


def _flipped(data: bytes, at: int, rng: random.Random) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


DAMAGES = [cut, flip_head, flip_anywhere, noise, zeros]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_snapshot_is_said_to_be_damaged_or_gives_every_row(
    snapshot: Path, tmp_path: Path, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    path, said = tmp_path / "scan.duckdb", 0
    with open_snapshot(snapshot) as whole:
        expected = whole.query("SELECT * FROM distances ORDER BY account_id")
    for seed in SEEDS:
        path.write_bytes(damage(snapshot.read_bytes(), random.Random(seed)))
        try:
            with open_snapshot(path) as opened:
                for name in SCHEMA:
                    opened.query(f"SELECT * FROM {name}")
                # What nobody reads may be damaged; what is read is what was written.
                assert opened.query("SELECT * FROM distances ORDER BY account_id") == expected
        except InputError as error:
            said += 1
            _is_honest(str(error), path)
    assert said > 0


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_put_aside_or_has_to_be_removed_and_is_made_again(
    chain: MemoryChain, tmp_path: Path, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    good = tmp_path / "good.duckdb"
    _advance(good, chain)
    with duckdb.connect(str(good)) as connection:
        expected = connection.execute("SELECT * FROM raw_logs ORDER BY ALL").fetchall()
    for seed in SEEDS:
        path = tmp_path / f"{seed}" / "index.duckdb"
        path.parent.mkdir()
        path.write_bytes(damage(good.read_bytes(), random.Random(seed)))
        said = _said(path, chain)
        if said:
            _is_honest(said, path)
            aside = path.with_name("index.duckdb.damaged")
            assert aside.exists() != path.exists()
            assert aside.exists() == (f"put aside as {aside.name}" in said)
            path.unlink(missing_ok=True)
            _advance(path, chain)
        with duckdb.connect(str(path)) as connection:
            found = connection.execute("SELECT * FROM raw_logs ORDER BY ALL").fetchall()
        assert found == expected


def _said(path: Path, chain: MemoryChain) -> str:
    """What the index says when it is gone on with; '' = nothing is wrong."""
    try:
        _advance(path, chain)
    except InputError as error:
        return str(error)
    return ""


def _is_honest(said: str, path: Path) -> None:
    """One line about this file that calls it damaged, or no database where its head is gone."""
    assert "\n" not in said
    assert said.startswith(str(path))
    assert "another process" not in said
    words = (
        "is damaged",
        "nor any DuckDB file",
        "is empty",
        "no whole file of this version",
        "was not made by",
    )
    assert any(word in said for word in words), said


def _advance(path: Path, chain: MemoryChain) -> None:
    head = chain.resolve("latest")
    with Index(path, abi=bank_abi) as index:
        index.advance(chain, bank(), PLUG, to=head, progress=lambda *_: None)
        assert list(index.events(bank(), PLUG, up_to=head.number))


def _folder(path: Path, _: Path) -> None:
    path.mkdir()


def _text(path: Path, _: Path) -> None:
    path.write_text("the lock of this block is no lock\n" * 1000)


def _empty(path: Path, _: Path) -> None:
    path.touch()


def _foreign(path: Path, other: Path) -> None:
    shutil.copyfile(other, path)


def _loop(path: Path, _: Path) -> None:
    path.symlink_to(path)


def _pipe(path: Path, _: Path) -> None:
    os.mkfifo(path)


OTHERS = [
    (_folder, "is a folder"),
    (_text, "is not a database of analyzer"),
    (_empty, "is empty"),
    (_foreign, "was not made by analyzer"),
    (_pipe, "is no regular file"),
]


@pytest.mark.parametrize(("make", "said"), OTHERS)
def test_a_file_of_somebody_else_is_told_from_a_damaged_one_and_left_alone(
    tmp_path: Path, other: Path, make: Callable[[Path, Path], None], said: str
) -> None:
    path = tmp_path / "scan.duckdb"
    make(path, other)
    before = path.read_bytes() if path.is_file() else None
    for attempt in (open_snapshot, lambda path: write_snapshot(path, {})):
        with pytest.raises(InputError, match=said) as caught:
            attempt(path)
        assert "damaged" not in str(caught.value)
        assert "\n" not in str(caught.value)
    if make is not _empty:
        with pytest.raises(InputError, match=said):
            Index(path)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert os.listdir(tmp_path) == ["scan.duckdb"]


def test_a_loop_of_links_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "scan.duckdb"
    path.symlink_to(path)
    for attempt in (open_snapshot, check_replaceable, Index):
        with pytest.raises(InputError) as caught:
            attempt(path)
        assert "\n" not in str(caught.value)


def test_a_file_that_another_process_writes_is_said_to_be_in_use(tmp_path: Path) -> None:
    path = tmp_path / "a block of locks.duckdb"
    Index(path).close()
    code = (
        "import sys, duckdb\n"
        f"connection = duckdb.connect({str(path)!r})\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        with pytest.raises(InputError, match="is being written by another process"):
            Index(path)
        writer.communicate()
    Index(path).close()


def test_another_storage_version_is_said_by_its_number(tmp_path: Path, snapshot: Path) -> None:
    data = snapshot.read_bytes()
    path = tmp_path / "later.duckdb"
    path.write_bytes(data[:12] + (77).to_bytes(8, "little") + data[20:])
    # DuckDB names the version when the checksum of the head is right.
    error = duckdb.IOException("with version number 77, but we can only read up to 68")
    told = why_not_opened(path, error, "scan again")
    assert "has storage version 77" in str(told)
    told = why_not_opened(path, duckdb.IOException("with version number 7"), "scan again")
    assert isinstance(told, DamagedError)


@pytest.mark.parametrize(
    "statement",
    ["SELEC 1", "SELECT * FROM nothing", "SELECT 1/'x'", "SELECT error('block')", "SELECT $x",
     "SELECT 170141183460469231731687303715884105727::HUGEINT + 1::HUGEINT"],
)  # fmt: skip
def test_a_wrong_statement_is_no_damage(statement: str) -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as caught:
        connection.execute(statement).fetchall()
    assert not is_damage(caught.value)


def test_an_error_crosses_to_another_process() -> None:
    error = DamagedError(Path("x"), "scan again")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.path) == (str(error), Path("x"))


def test_a_log_of_another_programs_writes_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "scan.duckdb"
    write_snapshot(path, {})
    path.with_name("scan.duckdb.wal").write_bytes(b"x")
    with pytest.raises(InputError, match=r"scan\.duckdb\.wal lies beside it"):
        write_snapshot(path, {})
    assert sorted(os.listdir(tmp_path)) == ["scan.duckdb", "scan.duckdb.wal"]


_LIMITED = """
import resource, sys
from pathlib import Path
from analyzer.model.errors import InputError
from analyzer.indexer.index import Index
from analyzer.store.snapshot import write_snapshot

folder, limit = Path(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for name, work in (("i", lambda path: Index(path).close()), ("s", lambda p: write_snapshot(p, {}))):
    try:
        work(folder / name)
    except InputError as error:
        print(error)
"""


@pytest.mark.parametrize("limit", [0, 4_096, 12_288, 20_000])
def test_a_disk_that_takes_no_more_is_said_and_is_no_damage(tmp_path: Path, limit: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path), str(limit)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = ran.stdout.splitlines()
    # An index without a row may still fit.
    assert len(said) == (2 if limit < 12_288 else 1), ran.stderr
    assert all("cannot be written: " in line for line in said)
    assert "Traceback" not in ran.stderr
    assert not [name for name in os.listdir(tmp_path) if name.startswith(("s", "."))]
