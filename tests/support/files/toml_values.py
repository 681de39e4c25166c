"""Values that a TOML file can hold, written as one: for tests of what reads such files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from hypothesis import strategies as st


class Raw(str):
    """A value as it is to stand in the file: what no Python value is written as."""


ODD = [
    Raw(text)
    for text in (
        "nan", "-inf", "inf", "1e400", "1e999999999", "1e-999999999", "0x" + "f" * 5000, "true",
        "1979-05-27", "1979-05-27T07:32:00Z", "07:32:00", "[[[[]]]]", "{}", "[]", '""', '"\\u0000"',
        '"a\\nb"', '"\\u202e"', "-1", "99999999999999999999", '"' + "9" * 5000 + '"', '"x"',
        '["x"]',         "{a = 1}", '"-30%"', '"x1e9"', "0", "1", "0.5",
    )
]  # fmt: skip
"""What readers of numbers, texts and lists stumble over."""


def values() -> st.SearchStrategy[Any]:
    """Any value: plain, odd, or a list or table of them."""
    plain = st.one_of(
        st.sampled_from(ODD),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(width=32),
        st.text(max_size=8),
        st.dates(),
        st.times(),
        st.datetimes(),
    )
    return st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys(), inner, max_size=3),
        max_leaves=5,
    )


def keys() -> st.SearchStrategy[str]:
    """Any key."""
    return st.text(max_size=4) | st.sampled_from(["ETH", "*", "@alt", "a.b"])


def tables(*known: str) -> st.SearchStrategy[dict[str, Any]]:
    """A table with some of these keys, now and then another, and any values."""
    names = st.sampled_from(known) | st.sampled_from(known) | keys()
    return st.dictionaries(names, values(), max_size=4)


def toml(value: object) -> str:
    """A value as TOML, tables inline."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml(str(k))} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(toml, value)) + "]"
    return repr(value)


def document(table: Mapping[str, object]) -> str:
    """A table as a whole file."""
    return "".join(f"{toml(str(key))} = {toml(value)}\n" for key, value in table.items())
