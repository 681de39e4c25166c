from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from bank import PLUG, bank, bank_abi, small_story
from index_rows import contents
from memory_chain import MemoryChain

from analyzer.indexer.index import Index
from analyzer.model.errors import InputError
from analyzer.store.snapshot import write_snapshot

SUPPORT = Path(__file__).resolve().parent.parent / "support" / "chains"

SLOW_RUN = """
import sys, time
from pathlib import Path
from bank import PLUG, bank, bank_abi, small_story
from memory_chain import MemoryChain
from analyzer.indexer import index
from analyzer.indexer import batch as index_batch

index_batch.BATCH_LOGS = 1
honest = index.write_checkpoint
def slow(*args):
    honest(*args)
    print("in a transaction", flush=True)
    time.sleep(0.15)
index.write_checkpoint = slow
chain = small_story(MemoryChain(chunk=2))
with index.Index(Path(sys.argv[1]), abi=bank_abi) as file:
    file.advance(chain, bank(), PLUG, to=chain.resolve("latest"), progress=lambda *_: None)
"""


def advance(path: Path, chain: MemoryChain) -> None:
    with Index(path, abi=bank_abi) as index:
        index.advance(chain, bank(), PLUG, to=chain.resolve("latest"), progress=lambda *_: None)


@pytest.mark.parametrize("lines", [1, 3])
def test_a_process_killed_without_mercy_is_gone_on_from(
    tmp_path: Path, chain: MemoryChain, lines: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_RUN, str(tmp_path / "killed")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
    )
    assert process.stdout is not None
    for _ in range(lines):
        assert process.stdout.readline() == b"in a transaction\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    advance(tmp_path / "killed", chain)
    advance(tmp_path / "straight", chain)
    assert contents(tmp_path / "killed") == contents(tmp_path / "straight")


def test_an_index_that_another_process_writes_is_refused(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from analyzer.indexer.index import Index\n"
        "index = Index(Path(sys.argv[1])); print('open', flush=True); time.sleep(60)"
    )
    path = tmp_path / "i"
    process = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        with pytest.raises(InputError, match="is being written by another process"):
            Index(path)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_an_empty_database_that_a_killed_run_left_is_taken_over(
    tmp_path: Path, chain: MemoryChain
) -> None:
    duckdb.connect(str(tmp_path / "i")).close()
    advance(tmp_path / "i", chain)
    advance(tmp_path / "straight", chain)
    assert contents(tmp_path / "i") == contents(tmp_path / "straight")


def test_an_index_of_another_version_is_refused_with_what_to_do(
    tmp_path: Path, chain: MemoryChain
) -> None:
    advance(tmp_path / "i", chain)
    with duckdb.connect(str(tmp_path / "i")) as connection:
        connection.execute("UPDATE analyzer_file SET version = 99")
    with pytest.raises(InputError, match=r"index of version 99, .* version 3: remove it"):
        Index(tmp_path / "i")


def test_somebody_elses_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE diary AS SELECT 'dear' AS word")
    before = path.read_bytes()
    with pytest.raises(InputError, match="was not made by analyzer"):
        Index(path)
    assert path.read_bytes() == before


def test_a_snapshot_is_no_index(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "s", {})
    with pytest.raises(InputError, match="holds the snapshot of analyzer, its index is wanted"):
        Index(tmp_path / "s")


def test_an_index_in_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no folder"):
        Index(tmp_path / "nowhere" / "i")


def test_a_second_opening_finds_what_the_first_one_wrote(tmp_path: Path) -> None:
    chain = small_story(MemoryChain())
    advance(tmp_path / "i", chain)
    first = contents(tmp_path / "i")
    advance(tmp_path / "i", chain)
    assert contents(tmp_path / "i") == first
    with Index(tmp_path / "i", abi=bank_abi) as index:
        assert len(list(index.events(bank(), PLUG, up_to=chain.head))) == 8


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("INSERT INTO raw_logs SELECT * FROM raw_logs LIMIT 1", "twice"),
        ("INSERT INTO headers SELECT * FROM headers LIMIT 1", "twice"),
        ("DELETE FROM headers WHERE block_number = (SELECT min(block_number) FROM headers)",
         "without the header of its block"),
        ("CREATE TABLE folds (deployment_key VARCHAR, block_number VARCHAR)", "table folds"),
    ],
)  # fmt: skip
def test_what_no_key_of_the_file_forbids_is_refused_when_it_is_read(
    tmp_path: Path, chain: MemoryChain, change: str, why: str
) -> None:
    advance(tmp_path / "i", chain)
    with duckdb.connect(str(tmp_path / "i")) as file:
        file.execute(change)
    with (
        pytest.raises(InputError, match=why),
        Index(tmp_path / "i", abi=bank_abi, read_only=True) as index,
    ):
        list(index.events(bank(), PLUG, up_to=chain.head))
