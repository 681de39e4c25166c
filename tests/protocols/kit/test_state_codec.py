from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
import orjson
import pytest

from analyzer.protocols.kit.state_codec import StateCodec
from analyzer.protocols.kit.state_leaves import CodecError


class Side(Enum):
    LONG = "long"
    SHORT = "short"


class Level(IntEnum):
    LOW = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: str


@dataclass(slots=True)
class Leaf:
    """Every kind of field once."""

    number: int
    answer: int | Refusal | None
    side: Side
    level: Level
    flags: tuple[bool, ...] = ()
    pair: tuple[str, int] = ("", 0)
    seen: set[int] = field(default_factory=set)
    kept: frozenset[str] = frozenset()
    raw: bytes = b""
    share: Fraction = Fraction(0)
    by_ticks: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    named: Mapping[str, str | None] = field(default_factory=dict)
    listed: Sequence[int] = ()
    below: list[Leaf] = field(default_factory=list)


def leaf(**changes: Any) -> Leaf:
    values: dict[str, Any] = {
        "number": -(2**300),
        "answer": Refusal("OLD"),
        "side": Side.SHORT,
        "level": Level.LOW,
        "flags": (True, False),
        "pair": ("λ", 2**64),
        "seen": {3, -(2**70), 1},
        "kept": frozenset({"b", "a"}),
        "raw": b"\x00\xff",
        "share": Fraction(-2, 3),
        "by_ticks": {(-60, 60): [1], (-120, 0): []},
        "counted": Counter({"x": 2, "a": -1}),
        "named": {"a": None, "b": "c"},
        "listed": [1, 2],
    }
    return Leaf(**{**values, **changes})


CODEC = StateCodec(Leaf)


def test_every_kind_of_field_comes_back_with_its_type_and_its_order() -> None:
    given = leaf(below=[leaf(), leaf(answer=None)])
    found = CODEC.decode(CODEC.encode(given))
    assert found == given
    assert list(found.by_ticks) == [(-60, 60), (-120, 0)]
    kinds = (found.level, found.flags, found.seen, found.kept, found.counted, found.share)
    assert [type(kind) for kind in kinds] == [Level, tuple, set, frozenset, Counter, Fraction]
    assert type(found.flags[0]) is bool


def test_what_is_written_is_this_and_nothing_else() -> None:
    @dataclass
    class Small:
        balance: int
        price: int | Refusal
        status: Side | None

    codec: StateCodec[Any] = StateCodec(Small)
    assert codec.encode(Small(2**64, Refusal("OLD"), None)) == (
        b'["10000000000000000",[1,["OLD"]],null]'
    )
    assert codec.encode(Small(2**64 - 1, -(2**63), Side.LONG)) == (
        b'[18446744073709551615,[0,-9223372036854775808],"LONG"]'
    )


def test_a_set_is_written_in_one_order_however_it_was_filled() -> None:
    names = [f"n{number}" for number in range(50)]
    forward, backward = frozenset(names), frozenset(reversed(names))
    assert CODEC.encode(leaf(kept=forward)) == CODEC.encode(leaf(kept=backward))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"number": True}, "value.number: bool where int belongs"),
        ({"number": 1.0}, "value.number: float where int belongs"),
        ({"number": np.int64(1)}, "value.number: int64 where int belongs"),
        ({"number": Level.LOW}, "value.number: Level where int belongs"),
        ({"answer": "OLD"}, r"value.answer: str where int \| @Refusal \| None belongs"),
        ({"side": Level.LOW}, "value.side: Level where Side belongs"),
        ({"flags": (True, 1)}, r"value.flags\[1\]: int where bool belongs"),
        ({"flags": [True]}, "value.flags: list where list belongs"),
        ({"pair": ("a",)}, "value.pair: tuple where a tuple of 2 belongs"),
        ({"pair": ("\ud800", 1)}, r"value.pair\[0\]: a text that is no Unicode"),
        ({"by_ticks": {(1, 2): [1, None]}}, r"value.by_ticks\[\(1, 2\)\]\[1\]: NoneType where int"),
        ({"below": [leaf(raw="ff")]}, r"value.below\[0\].raw: str where bytes belongs"),
        ({"counted": {"a": 1}}, "value.counted: dict where Counter belongs"),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_path_to_it(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(CodecError, match=said.replace("value", "", 1)):
        CODEC.encode(leaf(**changes))


@pytest.mark.parametrize(
    "hint", [Any, object, float, "np.ndarray", list, dict[str, Any], "list[int] | list[str]"]
)
def test_a_hint_that_says_too_little_is_refused_when_the_codec_is_made(hint: Any) -> None:
    loose = type("Loose", (), {"__annotations__": {"what": hint}, "__module__": __name__})
    with pytest.raises(CodecError, match=r"^Loose\.what"):
        StateCodec(dataclass(loose))


def test_a_field_that_the_constructor_does_not_take_is_refused() -> None:
    @dataclass
    class Derived:
        twice: int = field(init=False, default=0)

    with pytest.raises(CodecError, match=r"^Derived\.twice: a field that is no plain argument"):
        StateCodec(Derived)


def test_a_mapping_that_cannot_be_changed_is_written_as_the_dict_it_shows() -> None:
    shown = leaf(named=MappingProxyType({"a": None}))
    assert CODEC.decode(CODEC.encode(shown)).named == {"a": None}


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (0, "0010000000000000000", "no integer"),
        (0, "1", "no integer"),
        (0, 1.5, "no integer"),
        (0, True, "no integer"),
        (1, [2, 1], "no "),
        (1, [-1, 1], "no "),
        (2, "SIDEWAYS", "no Side"),
        (4, [1], r"\.flags\[0\]"),
        (5, ["a"], "no tuple of 2"),
        (6, [1, 1], "the same item twice"),
        (8, "FF", "no bytes"),
        (9, [2, 4], "no fraction in lowest terms"),
        (9, [1, 0], "no fraction in lowest terms"),
        (10, [[1, 2], [], [1, 2], []], "the same key twice"),
        (10, [[1, 2]], "no dict"),
    ],
)
def test_bytes_that_were_not_written_here_are_refused_with_the_path(
    place: int, value: object, said: str
) -> None:
    written = orjson.loads(CODEC.encode(leaf()))
    written[place] = value
    with pytest.raises(CodecError, match=said):
        CODEC.decode(orjson.dumps(written))


@pytest.mark.parametrize("data", [b"", b"[", b"{}", b"[]", b"null", b"1e400"])
def test_bytes_of_something_else_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        CODEC.decode(data)


def test_a_field_more_a_renamed_one_or_another_order_is_another_shape() -> None:
    def shape(**fields: Any) -> str:
        base = type("State", (), {"__annotations__": fields, "__module__": __name__})
        return StateCodec(dataclass(base)).shape

    shapes = {
        shape(a=int, b=int),
        shape(b=int, a=int),
        shape(a=int, c=int),
        shape(a=int, b=int, c=int),
        shape(a=int, b=str),
        shape(a=int, b=Side),
        shape(a=int, b=Refusal),
    }
    assert len(shapes) == 7
    assert shape(a=int, b=int) in shapes


@dataclass(slots=True)
class Market:
    """A state of many small things, some of them held under two names."""

    accounts: dict[str, Leaf]
    listed: list[int]
    again: dict[str, Leaf]
    none: dict[str, int] = field(default_factory=dict)


def market(accounts: int) -> Market:
    few = [leaf(number=n) for n in range(7)]
    named = {f"account {n}": few[n % 7] for n in range(accounts)}
    return Market(named, list(range(accounts)), dict(reversed(named.items())))


@pytest.mark.parametrize("accounts", [0, 1, 4_096, 8_193])
def test_a_large_state_is_written_in_small_pieces_that_are_the_same_json(accounts: int) -> None:
    codec, given = StateCodec(Market), market(accounts)
    pieces = list(codec.pieces(given))
    one = {n: orjson.loads(CODEC.encode(leaf(number=n))) for n in range(7)}
    by_name = [(f"account {n}", one[n % 7]) for n in range(accounts)]
    flat = [item for pair in by_name for item in pair]
    back = [item for pair in reversed(by_name) for item in pair]
    assert b"".join(pieces) == orjson.dumps([flat, list(range(accounts)), back, []])
    # 4,096 accounts of some 250 bytes each.
    assert max(map(len, pieces)) < 1_500_000
    assert codec.decode(codec.encode(given)) == given


def test_what_does_not_belong_far_inside_a_large_state_is_named() -> None:
    codec, given = StateCodec(Market), market(5_000)
    given.listed[4_500] = True
    with pytest.raises(CodecError) as refused:
        codec.encode(given)
    assert str(refused.value) == ".listed[4500]: bool where int belongs"
    given = market(5_000)
    given.again["account 17"] = leaf(number=1.5)
    with pytest.raises(CodecError) as refused:
        codec.encode(given)
    assert refused.value.path == ".again['account 17'].number"
