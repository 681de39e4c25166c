"""TOML files: whatever stands in one, it is read, or refused in one line that says where."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from analyzer.model.errors import InputError
from analyzer.model.toml_file import read_toml, shown

REFUSED = {
    "5,000 digits": (b"a = 1\nx = " + b"9" * 5000, "line 2 (key 'x') has a number that is too"),
    "3,000 brackets": (b"x = " + b"[" * 3000 + b"]" * 3000, "line 1 (key 'x') is nested too deep"),
    "3,000 tables": (b"x = " + b"{a=" * 3000 + b"1" + b"}" * 3000, "line 1 (key 'x') is nested"),
    "no UTF-8": (b'a = 1\nb = "\xff"', "line 2 is not UTF-8"),
    "UTF-16": ('a = "b"'.encode("utf-16"), "line 1 is not UTF-8"),
    "a byte-order mark": (b"\xef\xbb\xbfa = 1", "byte-order mark"),
    "NUL": (b'a = "b\0"', "is no demo file"),
    "no TOML": (b"a = ", "is no demo file"),
    "the same key twice": (b"a = 1\na = 2", "is no demo file"),
    "an impossible date": (b"a = 2025-02-30", "is no demo file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_toml_is_one_line_that_says_where(tmp_path: Path, name: str) -> None:
    content, said = REFUSED[name]
    path = tmp_path / "demo.toml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_toml(path, "demo file")
    assert str(caught.value).startswith(f"{path} is no demo file: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300 + len(str(path))


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no demo file"):
        read_toml(tmp_path / "none.toml", "demo file")
    with pytest.raises(InputError, match="cannot be read as a demo file"):
        read_toml(tmp_path, "demo file")
    with pytest.raises(InputError, match="cannot be read as a demo file"):
        read_toml(Path("a\0b"), "demo file")


def test_a_value_is_shown_in_one_short_line_whatever_it_is() -> None:
    assert shown("a\nb") == "'a\\nb'"
    assert shown(16**5000) == "a int too large to be shown"
    assert len(shown("x" * 1000)) == 80
    deep: object = 1
    for _ in range(100_000):
        deep = {"a": deep}
    assert shown(deep).startswith("{'a': {'a': ")
    assert len(shown(deep)) <= 80


@pytest.mark.parametrize("limit", [1000, 100_000])
def test_what_is_nested_too_deep_is_refused_whatever_pythons_own_limit_is(
    tmp_path: Path, limit: int
) -> None:
    path, before = tmp_path / "deep.toml", sys.getrecursionlimit()
    path.write_text(f"a = {'[' * 3000}{']' * 3000}", encoding="utf-8")
    sys.setrecursionlimit(max(limit, before))
    try:
        with pytest.raises(InputError, match="nested too deep"):
            read_toml(path, "demo file")
    finally:
        sys.setrecursionlimit(before)
    path.write_text(f"a = {'[' * 90}{']' * 90}", encoding="utf-8")
    assert read_toml(path, "demo file")
