"""A TOML file as a user wrote it: read whole, or refused in one line that says where.

The parser of the standard library answers odd files with more than its own error: a number of
5,000 digits is a plain ValueError, 3,000 brackets end the stack, an exponent of twenty digits is
an error of `decimal`. All of them are the file's mistake, not ours.
"""

from __future__ import annotations

import re
import reprlib
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from analyzer.model.errors import InputError

LARGEST_BYTES = 64 << 20
"""A file that people write is smaller by far; a larger one is a mistake of the path."""
SHOWN_SIGNS = 80
"""How much of a wrong value a complaint repeats."""
DEEPEST = 100
"""How deep a file may be nested. What nobody writes is refused here, and not where Python's own
limit lies: libraries raise that so far that looking at such a value would end the process."""
LARGEST_INT64 = 2**63 - 1
"""The largest whole number that TOML promises to hold, and that a BIGINT column does."""


_HEADER = re.compile(r"\s*\[+\s*([^\[\]]+?)\s*\]+\s*(?:#.*)?$")
_ASSIGNED = re.compile(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=")
_BRIEF = reprlib.Repr()
"""Looks at no more of a value than is shown, however deep or long it is."""
_BRIEF.maxstring = _BRIEF.maxother = _BRIEF.maxlong = 2 * SHOWN_SIGNS


def read_text(path: Path, kind: str) -> str:
    """The text of a file of ours. kind: what it is, in words: `jobs file`.

    Raises: FileNotFoundError when there is none; InputError, one line, when it cannot be read, is
    too large, or is no UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a {kind}: {error}") from error
    if len(content) > LARGEST_BYTES:
        raise InputError(f"{path} is no {kind}: it is larger than {LARGEST_BYTES >> 20} MiB")
    if content.startswith(b"\xef\xbb\xbf"):
        raise InputError(
            f"{path} is no {kind}: it begins with a byte-order mark; save it as UTF-8 without one"
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path} is no {kind}: line {line} is not UTF-8") from error


def read_toml(
    path: Path, kind: str, parse_float: Callable[[str], object] = float
) -> dict[str, object]:
    """The values of a TOML file. kind: what it is, in words: `jobs file`.

    Raises: InputError naming the file, and the line and key where the parser says nothing of it.
    """
    try:
        text = read_text(path, kind)
    except FileNotFoundError:
        raise InputError(f"there is no {kind} {path}") from None
    return parse_toml(text, path, kind, parse_float)


def parse_toml(
    text: str, path: Path, kind: str, parse_float: Callable[[str], object] = float
) -> dict[str, object]:
    """The values in the text of a TOML file. Raises: InputError as `read_toml` does."""
    try:
        values = tomllib.loads(text, parse_float=parse_float)
        if _is_deep(values):
            raise RecursionError
        return values
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is no {kind}: {error}") from error
    except RecursionError as error:
        where = _place(text, r"[\[{.]", most=True)
        raise InputError(f"{path} is no {kind}: {where} is nested too deep") from error
    except (ValueError, ArithmeticError) as error:
        where = _place(
            text, rf"[0-9_]{{{sys.get_int_max_str_digits() or 4300},}}|[eE][+-]?\d{{9,}}"
        )
        raise InputError(f"{path} is no {kind}: {where} has a number that is too long") from error


def shown(value: object) -> str:
    """A value as a complaint repeats it: one line, cut where it is long or deep, never an error
    itself."""
    try:
        text = _BRIEF.repr(value)
    except (ValueError, RecursionError):  # too many digits
        return f"a {type(value).__name__} too large to be shown"
    return text if len(text) <= SHOWN_SIGNS else f"{text[: SHOWN_SIGNS - 1]}…"


def _is_deep(values: object) -> bool:
    """Whether tables and lists are nested deeper than `DEEPEST`."""
    level = [values]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(value, dict | list) for value in level)


def is_line(value: object) -> bool:
    """Whether a value is a text of one line that a terminal can show as it is: not empty, no
    control sign, nothing that turns the direction of reading."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def is_whole(value: object, least: int = 0, most: int = LARGEST_INT64) -> bool:
    """Whether a value is a whole number within these bounds; a boolean is none."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def line_of(text: str, *keys: str) -> int | None:
    """The line on which a key stands in the text of a file, `line_of(text, "folders", "data")`;
    that of its table where it has none of its own, as in an inline table; None for neither."""
    table: list[str] = []
    of_table = None
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is not None:
            table = _key_parts(header[1])
            if table == list(keys):
                return number
        assigned = _ASSIGNED.match(line) if header is None else None
        if assigned is not None:
            path = [*table, *_key_parts(assigned[1])]
            if path == list(keys):
                return number
            if path == list(keys[:1]):
                of_table = number
        elif header is not None and table == list(keys[:1]):
            of_table = number
    return of_table


def _key_parts(text: str) -> list[str]:
    """The parts of a dotted key, without quotes."""
    return [part.strip().strip("\"'") for part in text.split(".")]


def _place(text: str, pattern: str, *, most: bool = False) -> str:
    """`line 3 (key x)`: the first line that fits the pattern, or the one that does most often."""
    lines = text.splitlines()
    counts = [len(re.findall(pattern, line)) for line in lines]
    if not any(counts):
        return "a line"
    number = counts.index(max(counts)) if most else next(n for n, c in enumerate(counts) if c)
    key = lines[number].partition("=")[0].strip()
    named = f" (key {shown(key)})" if "=" in lines[number] else ""
    return f"line {number + 1}{named}"
