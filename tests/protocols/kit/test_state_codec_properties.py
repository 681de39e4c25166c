from __future__ import annotations

import keyword
from collections import Counter
from dataclasses import make_dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from analyzer.protocols.kit.state_codec import StateCodec
from analyzer.protocols.kit.state_leaves import CodecError


class Colour(Enum):
    RED = 1
    GREEN = 2


LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers() | st.integers(min_value=-(2**300), max_value=2**300),
    str: st.text(),
    bool: st.booleans(),
    bytes: st.binary(),
    Fraction: st.fractions(),
    Colour: st.sampled_from(Colour),
    type(None): st.none(),
}
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name)
)
Typed = tuple[Any, st.SearchStrategy[Any]]


def containers(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    """Hints made of other hints, with a strategy for values of each."""
    hashable = st.sampled_from([int, str, bytes, Colour]).map(lambda kind: (kind, LEAVES[kind]))
    return st.one_of(
        inner.map(lambda t: (list[t[0]], st.lists(t[1], max_size=4))),  # type: ignore[misc]
        inner.map(
            lambda t: (
                tuple[t[0], ...],  # type: ignore[misc]
                st.lists(t[1], max_size=4).map(tuple),
            )
        ),
        st.tuples(inner, inner).map(
            lambda p: (tuple[p[0][0], p[1][0]], st.tuples(p[0][1], p[1][1]))
        ),
        hashable.map(lambda t: (frozenset[t[0]], st.frozensets(t[1], max_size=4))),  # type: ignore[misc]
        hashable.map(
            lambda t: (Counter[t[0]], st.dictionaries(t[1], LEAVES[int], max_size=4).map(Counter))  # type: ignore[misc]
        ),
        st.tuples(hashable, inner).map(
            lambda p: (
                dict[p[0][0], p[1][0]],  # type: ignore[misc]
                st.dictionaries(p[0][1], p[1][1], max_size=4),
            )
        ),
        inner.map(lambda t: (t[0] | None, t[1] | st.none())),
        st.lists(inner, min_size=1, max_size=3).map(record),
    )


def record(parts: list[Typed]) -> Typed:
    """A dataclass with these fields."""
    made = make_dataclass("Made", [(f"f{n}", hint) for n, (hint, _) in enumerate(parts)])
    return made, st.builds(made, *(strategy for _, strategy in parts))


TYPED = st.recursive(st.sampled_from(list(LEAVES.items())), containers, max_leaves=6)


@given(TYPED.flatmap(lambda t: st.tuples(st.just(t[0]), t[1])))
def test_whatever_a_hint_allows_comes_back_equal_and_is_written_the_same_again(
    case: tuple[Any, Any],
) -> None:
    hint, value = case
    codec = StateCodec(hint)
    data = codec.encode(value)
    found = codec.decode(data)
    assert found == value
    assert type(found) is type(value)
    assert codec.encode(found) == data


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(TYPED, JSON)
def test_whatever_bytes_come_they_are_read_to_what_writes_them_or_refused(
    typed: Typed, document: Any
) -> None:
    codec = StateCodec(typed[0])
    try:
        found = codec.decode(orjson.dumps(document))
    except CodecError:
        return
    assert codec.decode(codec.encode(found)) == found
