"""`scan_logs` for a compiler: the same logs, one walk over the text instead of one for each mark.

    walk     each log's text against the layouts known so far: where its values begin, its numbers
    decode   hexadecimal values of the logs of one shape into their columns, every digit checked

Plain functions over arrays; numba compiles them where it is installed (the extra `fast`). It pays
only for large answers: loading it costs half a second of CPU, the first time on a machine some
seconds. So a process scans plainly until it has scanned enough to get that back.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.abi.batch import NO_TIME, Bytes, Ints, LogBatch
from analyzer.abi.keccak import ADDRESS_BYTES
from analyzer.abi.layout import (
    HEX_DIGITS,
    NUMBER_DIGITS,
    NUMBERS,
    TIME,
    NotCompactError,
    Scanned,
    Template,
    template,
)
from analyzer.abi.types import WORD

Array = NDArray[Any]
Functions = tuple[Callable[..., tuple[int, int]], Callable[..., int]]
"""`walk` and `decode`, compiled or as they are."""

FROM_BYTES = 120_000_000
"""Text scanned by this process from which on the compiled functions are used: some 160,000 logs,
which cost as much more, scanned plainly, as loading them does."""
_SHORTEST = 300
"""No log that has all fields is shorter."""
_MOST_VALUES, _MOST_LAYOUTS = 24, 16
_UNUSED, _DATA, _NUMBER = -2, -1, 0
"""How long a value is, where it is not a fixed number of digits: to the quote, whatever it is, an
even number of digits, a number's."""
_COLUMNS = (*NUMBERS, TIME)
_DIGIT = np.full(256, 255, dtype=np.uint8)
_DIGIT[[ord(c) for c in "0123456789"]] = range(10)
_DIGIT[[ord(c) for c in "abcdef"]] = range(10, 16)
_DIGIT[[ord(c) for c in "ABCDEF"]] = range(10, 16)


def compile_functions() -> Functions | None:
    """(walk, decode), compiled, or loaded from where an earlier process kept them. None without
    numba, or where it has no folder to keep them in: to compile in every process does not pay."""
    if find_spec("numba") is None:
        return None
    njit = import_module("numba").njit
    try:
        return njit(nogil=True, cache=True)(walk), njit(nogil=True, cache=True)(decode)
    except RuntimeError:
        return None


class Engine:
    """Says when the compiled functions are worth loading. seen: bytes scanned so far."""

    def __init__(self, from_bytes: int = FROM_BYTES) -> None:
        self._from = from_bytes
        self._seen = 0
        self._functions: Functions | None = None
        self._looked = False

    def wanted(self, size: int) -> Functions | None:
        """The functions for a text of so many bytes; None = scan it plainly."""
        self._seen += size
        if self._seen < self._from:
            return None
        if not self._looked:
            self._looked = True
            self._functions = compile_functions()
        return self._functions


ENGINE = Engine()


def scan(region: bytes, functions: Functions) -> list[Scanned]:
    """The logs of the text of an answer, grouped by shape, as `scan_plainly` groups them.

    Raises NotCompactError when the slower way has to be taken.
    """
    walk_on, decode_some = functions
    if b"\\" in region or len(region) >= 1 << 31:
        raise NotCompactError("the text has an escape in it, or is too long")
    text = np.frombuffer(region, dtype=np.uint8)
    most = len(region) // _SHORTEST + 1
    starts = np.empty((most, _MOST_VALUES), dtype=np.int32)
    numbers = np.empty((most, len(_COLUMNS)), dtype=np.int64)
    which = np.empty(most, dtype=np.int8)
    widths = np.empty(most, dtype=np.int32)
    layouts: dict[int, Template] = {}
    position = row = 0
    while position < len(region):
        end = region.find(b"}", position) + 1
        if region.count(b"{", position, end) != 1:
            raise NotCompactError("the logs are not flat objects side by side")
        layout = template(region[position:end])
        quotes = region.count(b'"', position, end)
        if quotes in layouts or len(layouts) == _MOST_LAYOUTS:
            raise NotCompactError("a log is laid out differently")
        layouts[quotes] = layout
        found = walk_on(
            text, position, row, *_as_arrays(list(layouts.values())), _DIGIT,
            starts, numbers, which, widths,
        )  # fmt: skip
        if found[1] == row:
            raise NotCompactError("a log is laid out differently")
        position, row = int(found[0]), int(found[1])
    out: list[Scanned] = []
    order = list(layouts)
    for quotes in sorted(layouts):
        mine = which[:row] == order.index(quotes)
        for width in np.unique(widths[:row][mine]).tolist():
            rows = np.flatnonzero(mine & (widths[:row] == width))
            batch = _batch(text, layouts[quotes].roles, rows, width, starts, numbers, decode_some)
            out.append(Scanned(rows, batch))
    return out


def _as_arrays(layouts: list[Template]) -> tuple[Bytes, Ints, Ints, Ints]:
    """(literals one after the other, [layout, literal] where each begins and the last ends,
    [layout, value] lengths in digits, [layout, value] columns of numbers)."""
    joined = b"".join([literal for one in layouts for literal in one.literals])
    marks = np.zeros((len(layouts), _MOST_VALUES + 2), dtype=np.int64)
    digits = np.zeros((len(layouts), _MOST_VALUES + 1), dtype=np.int64)
    columns = np.zeros((len(layouts), _MOST_VALUES), dtype=np.int64)
    at = 0
    for number, one in enumerate(layouts):
        values = len(one.roles)
        if values > _MOST_VALUES:
            raise NotCompactError("a log has too many texts")
        for place, literal in enumerate(one.literals):
            marks[number, place] = at
            at += len(literal)
        marks[number, values + 1] = at
        digits[number, _MOST_VALUES] = values
        for place, role in enumerate(one.roles):
            digits[number, place] = _digits(role)
            if role in _COLUMNS:
                columns[number, place] = _COLUMNS.index(role)
    return np.frombuffer(joined, dtype=np.uint8), marks, digits, columns


def _digits(role: str) -> int:
    """How many digits a value of a role has, or the kind of it where that is not fixed."""
    if role == "topic":
        return 2 * WORD
    if role in _COLUMNS:
        return _NUMBER
    return _DATA if role == "data" else HEX_DIGITS.get(role, _UNUSED)


def _batch(
    text: Bytes,
    roles: tuple[str, ...],
    rows: Ints,
    width: int,
    starts: Array,
    numbers: Ints,
    decode_some: Callable[..., int],
) -> LogBatch:
    """The values of logs of one layout and one length of data (`width`, in digits)."""
    count, topics = len(rows), roles.count("topic")
    sizes = {"address": ADDRESS_BYTES, "blockHash": WORD, "transactionHash": WORD}
    sizes |= {"topic": topics * WORD, "data": width // 2}
    base = dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
    out = np.empty(count * sum(sizes.values()), dtype=np.uint8)
    plan, seen = [], 0
    for place, role in enumerate(roles):
        if role not in sizes:
            continue
        length = WORD if role == "topic" else sizes[role]
        plan.append((place, length, count * base[role] + seen * WORD * (role == "topic"),
                     sizes[role]))  # fmt: skip
        seen += role == "topic"
    if decode_some(text, rows, starts, np.array(plan, dtype=np.int64), _DIGIT, out):
        raise NotCompactError("a value is not hexadecimal")
    parts = {
        role: out[count * base[role] : count * (base[role] + size)] for role, size in sizes.items()
    }
    block, index, tx, time = (np.ascontiguousarray(column) for column in numbers[rows].T)
    return LogBatch(
        block,
        index,
        tx,
        time,
        parts["blockHash"].reshape(count, WORD),
        parts["transactionHash"].reshape(count, WORD),
        parts["address"].reshape(count, ADDRESS_BYTES),
        parts["topic"].reshape(count, topics, WORD),
        parts["data"].reshape(count, width // 2),
    )


def walk(
    text: Array, position: int, row: int, literals: Array, marks: Array, digits: Array,
    columns: Array, digit: Array, starts: Array, numbers: Array, which: Array, widths: Array,
) -> tuple[int, int]:  # fmt: skip
    """From `position` on, as many logs as are laid out in a known way; log after log into the rows
    of `starts` [row, value], `numbers` [row, column], `which` (layout), `widths` (digits of data).

    literals, marks, digits, columns: as `_as_arrays` gives them. (where it stopped, the next row):
    behind the text where every log fitted.
    """
    size, kinds = len(text), len(digits)
    last = kinds - 1
    while position < size and row < len(which):
        fits = False
        end = position
        numbers[row, -1] = NO_TIME
        for turn in range(kinds):
            # The layout of the log before first, then the others.
            kind = (last + turn) % kinds
            values = digits[kind, -1]
            end, at, fits = position, marks[kind, 0], True
            for value in range(values + 1):
                stop = marks[kind, value + 1]
                if end + stop - at > size:
                    fits = False
                    break
                while at < stop and text[end] == literals[at]:
                    at += 1
                    end += 1
                if at < stop:
                    fits = False
                    break
                if value == values:
                    break
                starts[row, value] = end
                length = digits[kind, value]
                if length > 0:
                    end += length
                    continue
                begin = end
                if length == _NUMBER:
                    number = np.int64(0)
                    while end < size and end - begin <= NUMBER_DIGITS and digit[text[end]] < 16:
                        number = 16 * number + np.int64(digit[text[end]])
                        end += 1
                    if not 1 <= end - begin <= NUMBER_DIGITS:
                        fits = False
                        break
                    numbers[row, columns[kind, value]] = number
                elif length == _DATA:
                    # As long as that of the log before, mostly: where what follows is there, too.
                    # What is within is checked as hexadecimal, and so holds no quote.
                    guess = widths[row - 1] if row else 0
                    follows = marks[kind, value + 2] - stop
                    alike = end + guess + follows <= size
                    place = 0
                    while alike and place < follows:
                        alike = text[end + guess + place] == literals[stop + place]
                        place += 1
                    if alike:
                        end += guess
                    else:
                        while end < size and text[end] != 34:
                            end += 1
                    if (end - begin) % 2:
                        fits = False
                        break
                    widths[row] = end - begin
                else:
                    while end < size and text[end] != 34:
                        # Braces end a log, and the rest may be no text in JSON.
                        if text[end] < 32 or text[end] > 122:
                            fits = False
                            break
                        end += 1
                    if not fits:
                        break
            if fits:
                which[row] = kind
                last = kind
                break
        if not fits:
            break
        if end == size:
            return size, row + 1
        # A comma and the next log; a comma at the end is none of JSON's.
        if text[end] != 44 or end + 1 == size:
            break
        position, row = end + 1, row + 1
    return position, row


def decode(text: Array, rows: Array, starts: Array, plan: Array, digit: Array, out: Array) -> int:
    """The hexadecimal values of some rows into `out`; not 0 where a digit is none.

    plan: for each value (its column in `starts`, bytes, where its first row begins in `out`, bytes
    from row to row).
    """
    bad = 0
    for place in range(len(rows)):
        for value in range(len(plan)):
            at, size = starts[rows[place], plan[value, 0]], plan[value, 1]
            to = plan[value, 2] + place * plan[value, 3]
            # Slices: twice as fast as sums of places, whose signs a compiler has to look at.
            source, target = text[at : at + 2 * size], out[to : to + size]
            for byte in range(size):
                high, low = digit[source[2 * byte]], digit[source[2 * byte + 1]]
                bad |= high | low
                target[byte] = (high << 4 | low) & 255
    return bad & 240
