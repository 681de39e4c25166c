from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.abi.batch import LogBatch
from analyzer.abi.columns import decode_batch, decode_columns, hugeint
from analyzer.abi.contract import EventAbi, parse_abi
from analyzer.abi.errors import DecodeError
from analyzer.abi.events import decode_log
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


def from_duckdb(table: pa.Table) -> list[dict[str, Any]]:
    """What DuckDB makes of the table."""
    with duckdb.connect() as connection:
        connection.register("logs", table)
        connection.execute("CREATE TABLE stored AS SELECT * FROM logs")
        result = connection.execute("SELECT * FROM stored ORDER BY log_index")
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def whole(row: dict[str, Any], name: str, *, signed: bool) -> int:
    """A value, from its column or from where it overflowed to."""
    if row[name] is not None:
        assert row.get(f"{name}_overflow") is None
        return int(row[name])
    return int.from_bytes(row[f"{name}_overflow"], "big", signed=signed)


def test_duckdb_reads_every_column_as_the_exact_decoder_reads_every_log(
    wordy: EventAbi, make_log: MakeLog
) -> None:
    logs = some_logs(wordy, make_log)
    rows = from_duckdb(decode_columns(logs, wordy))
    for log, row in zip(logs, rows, strict=True):
        exact = decode_log(log, wordy)
        assert {
            "account": row["account"],
            "big": whole(row, "big", signed=False),
            "size": whole(row, "size", signed=True),
            "small": row["small"],
            "wide": whole(row, "wide", signed=False),
            "open": row["open"],
            "tag": row["tag"],
            "peer": row["peer"],
        } == exact
        assert (row["block_number"], row["log_index"], row["tx_hash"], row["address"]) == (
            log.block_number,
            log.log_index,
            "0x" + log.tx_hash.hex(),
            "0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB",
        )


def test_only_types_that_can_exceed_a_hugeint_have_an_overflow_column(
    wordy: EventAbi, make_log: MakeLog
) -> None:
    table = decode_columns(some_logs(wordy, make_log), wordy)
    assert table.column_names == [
        "block_number",
        "log_index",
        "tx_hash",
        "address",
        "account",
        "big",
        "big_overflow",
        "size",
        "size_overflow",
        "small",
        "wide",
        "wide_overflow",
        "open",
        "tag",
        "peer",
    ]
    assert table.schema.field("small").type == hugeint()


def test_no_logs_give_an_empty_table_of_the_same_types(
    wordy: EventAbi, talky: EventAbi, make_log: MakeLog
) -> None:
    assert (
        decode_columns([], wordy).schema == decode_columns(some_logs(wordy, make_log), wordy).schema
    )
    assert decode_columns([], talky).num_rows == 0
    assert decode_batch(LogBatch.of([]), wordy).schema == decode_columns([], wordy).schema


def test_dynamic_events_take_the_slow_path_to_the_same_kind_of_table(
    talky: EventAbi, make_log: MakeLog
) -> None:
    log = make_log(talky, ("x", "hello", b"\1\2", ((2**200, b"ab"),), 9))
    log = replace(log, topics=(log.topics[0], b"\7" * 32))
    (row,) = from_duckdb(decode_columns([log], talky))
    assert (row["name"], row["text"], row["blob"], row["n"]) == (b"\7" * 32, "hello", b"\1\2", 9)
    assert json.loads(row["pairs"]) == [[str(2**200), "0x6162"]]


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
        decode_columns(logs, wordy)


def test_a_log_of_another_shape_or_event_is_refused(wordy: EventAbi, make_log: MakeLog) -> None:
    logs = some_logs(wordy, make_log)
    with pytest.raises(DecodeError, match="data: 224 bytes, where 192 are needed"):
        decode_columns([*logs[:3], replace(logs[3], data=logs[3].data + bytes(32))], wordy)
    with pytest.raises(DecodeError, match="first topic is of another event"):
        decode_columns(
            [*logs[:3], replace(logs[3], topics=(bytes(32), *logs[3].topics[1:]))], wordy
        )


@given(
    kind=st.sampled_from(["uint8", "uint120", "uint128", "uint256", "int8", "int128", "int136"]),
    words=st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=6),
    small=st.booleans(),
)
def test_any_word_is_exact_or_refused_as_by_the_exact_decoder(
    kind: str, words: list[bytes], small: bool
) -> None:
    entry = {"name": "v", "type": kind, "indexed": False}
    event = parse_abi("T", [{"type": "event", "name": "E", "inputs": [entry]}]).event("E")
    if small:
        words = [bytes(16) + word[16:] for word in words]
    topic0 = bytes.fromhex(event.topic0[2:])
    logs = [
        RawLog(1, i, b"\1" * 32, b"\2" * 32, 0, b"\3" * 20, (topic0,), word)
        for i, word in enumerate(words)
    ]
    try:
        exact = [decode_log(log, event)["v"] for log in logs]
    except DecodeError as error:
        with pytest.raises(
            DecodeError, match=f"^{error.field}".replace("(", r"\(").replace(")", r"\)")
        ):
            decode_columns(logs, event)
        return
    table = decode_columns(logs, event)
    stored = table["v"].combine_chunks().storage.to_pylist()
    over = table["v_overflow"].to_pylist() if "v_overflow" in table.column_names else []
    got = [
        int.from_bytes(low, "little", signed=True)
        if low is not None
        else int.from_bytes(over[i], "big", signed=not kind.startswith("u"))
        for i, low in enumerate(stored)
    ]
    assert got == exact
