from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.abi import compiled
from analyzer.abi.layout import NotCompactError, Scanned
from analyzer.abi.scan import scan_plainly

PLAIN = (compiled.walk, compiled.decode)
NAMES = ("address", "topics", "data", "blockHash", "blockNumber", "blockTimestamp",
         "transactionHash", "transactionIndex", "logIndex", "removed")  # fmt: skip


@pytest.fixture(scope="module")
def functions() -> compiled.Functions:
    found = compiled.compile_functions()
    assert found is not None
    return found


def hexes(size: int) -> st.SearchStrategy[str]:
    upper = st.booleans()
    return st.tuples(st.binary(min_size=size, max_size=size), upper).map(
        lambda pair: "0x" + (pair[0].hex().upper() if pair[1] else pair[0].hex())
    )


LOG = st.fixed_dictionaries(
    {
        "address": hexes(20),
        "topics": st.lists(hexes(32), max_size=4),
        "data": st.integers(0, 3).flatmap(lambda n: hexes(16 * n)),
        "blockHash": hexes(32),
        "blockNumber": st.integers(0, 2**58).map(hex),
        "blockTimestamp": st.integers(0, 2**40).map(hex),
        "transactionHash": hexes(32),
        "transactionIndex": st.integers(0, 400).map(hex),
        "logIndex": st.integers(0, 70_000).map(hex),
        "removed": st.just(False),
    }
)


def same(one: Sequence[Scanned], other: Sequence[Scanned]) -> bool:
    """Whether the same shapes, in the same order, with the same places, values and types."""
    if len(one) != len(other):
        return False
    for a, b in zip(one, other, strict=True):
        pairs = [(a.place, b.place)]
        pairs += [(getattr(a.batch, n), getattr(b.batch, n)) for n in a.batch.__slots__]
        if not all(x.dtype == y.dtype and np.array_equal(x, y) for x, y in pairs):
            return False
    return True


def both(region: bytes, functions: compiled.Functions) -> tuple[Any, Any]:
    """What the plain scan and the compiled one give; None = left to the JSON parser."""
    out: list[Any] = []
    for scan in (scan_plainly, lambda text: compiled.scan(text, functions)):
        try:
            out.append(scan(region))
        except NotCompactError:
            out.append(None)
    return out[0], out[1]


def text(logs: Sequence[dict[str, Any]]) -> bytes:
    return orjson.dumps(logs)[1:-1]


@settings(max_examples=100)
@given(st.lists(LOG, min_size=1, max_size=10), st.permutations(NAMES), st.data())
def test_a_compiled_scan_gives_what_the_plain_one_gives(
    functions: compiled.Functions, logs: list[dict[str, Any]], names: Any, data: st.DataObject
) -> None:
    extra = data.draw(st.sampled_from([None, "kept", "", "{", "é", "0x12"]))
    left_out = data.draw(st.sampled_from(["", "removed", "blockTimestamp"]))
    logs = [{n: log[n] for n in names if n != left_out} for log in logs]
    if extra is not None:
        logs = [{**log, "extra": extra} for log in logs]
    plain, fast = both(text(logs), functions)
    assert plain is not None or extra == "{"
    # What the compiled scan leaves to the parser is only what no node sends.
    assert fast is not None or extra in ("{", "é")
    assert fast is None or same(plain, fast)
    _, loops = both(text(logs), PLAIN)
    assert (fast is None) == (loops is None)
    assert fast is None or same(fast, loops)


@settings(max_examples=200)
@given(st.lists(LOG, min_size=1, max_size=4), st.data())
def test_a_broken_text_is_never_read_as_something_else(
    functions: compiled.Functions, logs: list[dict[str, Any]], data: st.DataObject
) -> None:
    region = bytearray(text([{n: log[n] for n in NAMES} for log in logs]))
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(region) - 1))
        how = data.draw(st.sampled_from(["replace", "insert", "delete", "cut"]))
        byte = data.draw(st.one_of(st.sampled_from(list(b'"{}[],:0x \\')), st.integers(0, 255)))
        if how == "replace":
            region[at] = byte
        elif how == "insert":
            region.insert(at, byte)
        elif how == "delete" and len(region) > 1:
            del region[at]
        elif at:
            del region[at:]
    plain, fast = both(bytes(region), functions)
    assert fast is None or (plain is not None and same(plain, fast))


def log(**changes: Any) -> dict[str, Any]:
    made = {
        "address": "0x" + "ab" * 20,
        "topics": ["0x" + "01" * 32],
        "data": "0x" + "00" * 32,
        "blockHash": "0x" + "02" * 32,
        "blockNumber": "0x1",
        "transactionHash": "0x" + "03" * 32,
        "transactionIndex": "0x0",
        "logIndex": "0x0",
        "removed": False,
    }
    return {**made, **changes}


@pytest.mark.parametrize(
    "region",
    [
        text([log(), log(removed=True)]),
        text([log(), {k: v for k, v in log().items() if k != "data"}]),
        text([log(), dict(reversed(log().items()))]),
        text([log(), log(data="0xabc")]),
        text([log(), log(data="0x" + "0g" * 32)]),
        text([log(), log(blockNumber="0x")]),
        text([log(), log(blockNumber="0x" + "1" * 16)]),
        text([log(), log(blockNumber="0x1g")]),
        text([log(), log(address="0x" + "ab" * 19 + "a ")]),
        text([log(), log(topics=["0x" + "01" * 31])]),
        text([log(extra=str(n)) for n in range(30)])[:-1],
        text([log(**{f"e{n}": "" for n in range(20)})]),
        text([log()]) + b",",
        text([log()]) + b"," + text([log()])[:-1],
        text([log()]) + b" ",
        text([log()]) + b"{",
        text([log(**{"k{y": "0x"})]),
    ],
)
def test_what_is_no_compact_array_of_logs_is_left_to_the_slower_way(
    functions: compiled.Functions, region: bytes
) -> None:
    with pytest.raises(NotCompactError):
        compiled.scan(region, functions)


def test_no_log_is_shorter_than_what_is_reckoned_with(functions: compiled.Functions) -> None:
    shortest = {k: v for k, v in log(topics=[], data="0x").items() if k != "removed"}
    region = text([shortest] * 50)
    plain, fast = both(region, functions)
    assert same(plain, fast)
    assert sum(len(part.batch) for part in fast) == 50


def test_small_runs_load_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def functions() -> compiled.Functions:
        asked.append("compiled")
        return PLAIN

    monkeypatch.setattr(compiled, "compile_functions", functions)
    engine = compiled.Engine(100)
    assert [engine.wanted(40), engine.wanted(40), engine.wanted(20)] == [None, None, PLAIN]
    assert engine.wanted(1) is PLAIN
    assert asked == ["compiled"]


def test_without_numba_everything_is_scanned_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "find_spec", lambda _name: None)
    assert compiled.compile_functions() is None
    assert compiled.Engine(0).wanted(1) is None
