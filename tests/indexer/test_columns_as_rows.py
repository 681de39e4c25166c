"""What goes into the index as columns is what goes in log by log, value for value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_rows import contents

from analyzer.abi.batch import LogBatch
from analyzer.abi.contract import parse_abi
from analyzer.abi.errors import DecodeError
from analyzer.chain.replay import Replay
from analyzer.indexer import write
from analyzer.indexer.batch import decode
from analyzer.indexer.index import Index
from analyzer.indexer.tables.events import event_arrays, event_row, event_table
from analyzer.model.logs import RawLog
from analyzer.protocols.registry import load_plug
from analyzer.store.files import open_database
from analyzer.store.load import fetch, load_columns, load_rows

KINDS = [*(f"{k}{b}" for k in ("uint", "int") for b in (8, 56, 64, 120, 128, 136, 256))]
TYPES = st.sampled_from([*KINDS, "address", "bool", "bytes3", "bytes32"])
EDGES = [0, 1, -1, 2**55, 2**63, 2**127 - 1, 2**127, -(2**127), -(2**127) - 1, 2**255, -(2**255)]
WORDS = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.sampled_from([(n % 2**256).to_bytes(32, "big") for n in EDGES]),
    st.binary(min_size=1, max_size=3).map(lambda b: b.rjust(32, b"\0")),
    st.binary(min_size=1, max_size=3).map(lambda b: b.ljust(32, b"\0")),
)


@settings(max_examples=60)
@given(st.lists(TYPES, min_size=1, max_size=6), st.data())
def test_the_rows_of_random_events_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, types: list[str], data: st.DataObject
) -> None:
    inputs = [{"name": f"a{i}", "type": t, "indexed": i == 1} for i, t in enumerate(types)]
    abi = parse_abi("T", [{"type": "event", "name": "E", "inputs": inputs}]).event("E")
    topic0, logs = bytes.fromhex(abi.topic0[2:]), []
    for i in range(data.draw(st.integers(1, 4))):
        words = [data.draw(WORDS) for _ in inputs]
        rest = b"".join(words[:1] + words[2:])
        log = RawLog(3, i, b"\1" * 32, bytes([i]) * 32, 0, b"\3" * 20, (topic0, *words[1:2]), rest)
        logs.append(log)
    table = event_table("role", abi)
    try:
        rows = [event_row("k", decode(log, "role", abi, 0), abi) for log in logs]
    except DecodeError:
        with pytest.raises(DecodeError):
            event_arrays(LogBatch.of(logs), table, abi)
        return
    connection = open_database(tmp_path_factory.mktemp("rows") / "f", read_only=False)
    for statement in table.ddl():
        connection.execute(statement)
    arrays = event_arrays(LogBatch.of(logs), table, abi)
    load_columns(connection, table, arrays, same={"deployment_key": "k"})
    as_columns = fetch(connection, f"SELECT * FROM {table.name} ORDER BY log_index")
    connection.execute(f"DELETE FROM {table.name}")
    load_rows(connection, table, rows)
    assert as_columns == fetch(connection, f"SELECT * FROM {table.name} ORDER BY log_index")
    connection.close()


def indexed(path: Path, recording: Path) -> dict[str, list[tuple[Any, ...]]]:
    chain = Replay(recording)
    with Index(path) as index:
        for one in chain.deployments():
            plug, to = load_plug(one.protocol), chain.resolve("latest")
            index.advance(chain, one, plug, to=to, progress=lambda *_: None)
    return contents(path)


def test_a_recordings_index_is_the_same_value_for_value(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = repository / "analyzer/runs/recordings/crash.zip"
    fast = indexed(tmp_path / "fast", recording)
    monkeypatch.setattr(write, "is_of_words", lambda abi: False)
    slow = indexed(tmp_path / "slow", recording)
    assert fast == slow
    assert sum(map(len, fast.values())) > 1_000
