from __future__ import annotations

import contextlib
from typing import Any

import eth_abi
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from analyzer.abi.codec import decode_values, encode_values
from analyzer.abi.errors import DecodeError

WORDS = st.one_of(
    st.integers(1, 32).map(lambda n: f"uint{8 * n}"),
    st.integers(1, 32).map(lambda n: f"int{8 * n}"),
    st.integers(1, 32).map(lambda n: f"bytes{n}"),
    st.sampled_from(["address", "bool"]),
)
TYPES = st.recursive(
    st.one_of(WORDS, st.sampled_from(["bytes", "string"])),
    lambda inner: st.one_of(
        inner.map(lambda t: f"{t}[]"),
        st.tuples(inner, st.integers(1, 3)).map(lambda p: f"{p[0]}[{p[1]}]"),
        st.lists(inner, min_size=1, max_size=3).map(lambda ts: f"({','.join(ts)})"),
    ),
    max_leaves=5,
)


def values_of(kind: str) -> st.SearchStrategy[Any]:
    """Values of a type, as our decoder would give them."""
    if kind.endswith("]"):
        item, _, length = kind[:-1].rpartition("[")
        low, high = (int(length), int(length)) if length else (0, 3)
        return st.lists(values_of(item), min_size=low, max_size=high).map(tuple)
    if kind.startswith("("):
        return st.tuples(*[values_of(item) for item in split(kind[1:-1])])
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1)
    if kind.startswith("int"):
        half = 2 ** (int(kind[3:]) - 1)
        return st.integers(-half, half - 1)
    if kind == "address":
        return st.binary(min_size=20, max_size=20).map(to_checksum_address)
    if kind == "bool":
        return st.booleans()
    if kind == "string":
        return st.text(max_size=40)
    if kind == "bytes":
        return st.binary(max_size=70)
    size = int(kind[5:])
    return st.binary(min_size=size, max_size=size)


def split(text: str) -> list[str]:
    """The members of a tuple type."""
    out, depth, start = [], 0, 0
    for i, c in enumerate(text + ","):
        depth += {"(": 1, ")": -1}.get(c, 0)
        if c == "," and not depth:
            out.append(text[start:i])
            start = i + 1
    return out


@st.composite
def typed_values(draw: st.DrawFn, kinds: st.SearchStrategy[str]) -> tuple[list[str], list[Any]]:
    types = draw(st.lists(kinds, min_size=1, max_size=4))
    return types, [draw(values_of(kind)) for kind in types]


@given(typed_values(TYPES))
def test_encoding_agrees_with_eth_abi_and_comes_back(case: tuple[list[str], list[Any]]) -> None:
    types, values = case
    encoded = encode_values(types, values)
    assert encoded == eth_abi.encode(types, values)
    assert decode_values(types, encoded) == tuple(values)


@given(st.lists(WORDS, min_size=1, max_size=4), st.data())
def test_random_words_are_read_as_eth_abi_reads_them_or_refused_as_it_does(
    types: list[str], data: st.DataObject
) -> None:
    raw = data.draw(st.binary(min_size=0, max_size=32 * len(types)))
    if data.draw(st.booleans()):
        raw = encode_values(types, [data.draw(values_of(t)) for t in types])
    try:
        theirs: tuple[Any, ...] | None = eth_abi.decode(types, raw)
    except eth_abi.exceptions.DecodingError:
        theirs = None
    try:
        ours: tuple[object, ...] | None = decode_values(types, raw)
    except DecodeError:
        ours = None
    if theirs is not None:
        theirs = tuple(
            to_checksum_address(v) if t == "address" else v
            for t, v in zip(types, theirs, strict=True)
        )
    assert ours == theirs


@given(st.lists(TYPES, min_size=1, max_size=3), st.binary(max_size=200))
def test_no_bytes_make_the_decoder_fail_in_any_other_way(types: list[str], raw: bytes) -> None:
    with contextlib.suppress(DecodeError):
        decode_values(types, raw)
