"""The raw JSON answer of eth_getLogs to columns, without building an object per log.

In compact JSON every log is the same text but for its values:

    {"address":"0x..","topics":["0x..","0x.."],"data":"0x..","blockNumber":"0x1b",...}
     ^       ^ ^    ^                       quotes: their number tells the number of topics

All quotes are found at once; the first log of each shape is parsed and becomes the template; every
byte of the other logs that is not inside a value is compared with it. Whatever does not fit
(whitespace, escapes, missing fields, another order, `"removed":true`) raises `NotCompactError`,
and the caller takes the slower way: JSON parser and the exact codec. Where numba is installed and
much has been scanned, `compiled` does the same.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass

import numpy as np
import orjson

from analyzer.abi import compiled
from analyzer.abi.batch import NO_TIME, Bytes, Ints, LogBatch
from analyzer.abi.layout import (
    HEX_DIGITS,
    NUMBER_DIGITS,
    NUMBERS,
    TIME,
    NotCompactError,
    Scanned,
    template,
)
from analyzer.abi.types import WORD

_RESULT = b'"result":['
_QUOTE, _OPEN, _CLOSE, _COMMA = (ord(c) for c in '"{},')
_PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class LogText:
    """The text of the logs of one answer: what stands between the brackets of its array."""

    text: bytes

    def parsed(self) -> list[object]:
        """The same by the JSON parser. Raises orjson.JSONDecodeError, a ValueError, for no JSON."""
        found: list[object] = orjson.loads(b"[" + self.text + b"]")
        return found


def cut_logs(body: bytes) -> tuple[bytes, list[LogText]]:
    """A JSON-RPC body whose arrays of logs are cut out, each replaced by its number: `[0]`, `[1]`.

    A body that is not compact, or has an escape in it, is given back as it is.
    """
    pieces: list[bytes] = []
    found: list[LogText] = []
    position = 0
    if b"\\" in body:
        return body, []
    while (mark := body.find(_RESULT, position)) >= 0:
        start = mark + len(_RESULT)
        end = _end_of_logs(body, start) if body[start : start + 1] == b"{" else start
        if end < 0:
            break
        pieces += [body[position:start], b"%d" % len(found)]
        found.append(LogText(body[start:end]))
        position = end
        if body[end : end + 1] != b"]":
            return body, []
    return b"".join([*pieces, body[position:]]), found


def _places(text: Bytes, character: int) -> Ints:
    """Where a character stands, looked for in pieces that stay in the processor's cache."""
    found = [
        np.flatnonzero(text[at : at + _PIECE] == character) + at
        for at in range(0, len(text), _PIECE)
    ]
    return np.concatenate(found)


def _end_of_logs(body: bytes, start: int) -> int:
    """Where an array of flat objects ends: at the first `]` behind a `}`; -1 = nowhere."""
    at = body.find(b"]", start)
    while at >= 0 and body[at - 1] != _CLOSE:
        at = body.find(b"]", at + 1)
    return at


def scan_logs(logs: LogText) -> list[Scanned]:
    """The logs of one answer, grouped by shape.

    Raises NotCompactError when the slower way has to be taken.
    """
    region = logs.text
    if not region:
        return []
    functions = compiled.ENGINE.wanted(len(region))
    return scan_plainly(region) if functions is None else compiled.scan(region, functions)


def scan_plainly(region: bytes) -> list[Scanned]:
    """`scan_logs` without a compiler: what a compiled scan has to give, too."""
    text = np.frombuffer(region, dtype=np.uint8)
    opens, closes = _places(text, _OPEN), _places(text, _CLOSE)
    flat = (
        len(opens) == len(closes) > 0
        and opens[0] == 0
        and closes[-1] == len(text) - 1
        and bool((opens[1:] == closes[:-1] + 2).all())
        and bool((text[closes[:-1] + 1] == _COMMA).all())
    )
    if not flat or b"\\" in region:
        raise NotCompactError("the logs are not flat objects side by side")
    quotes = _places(text, _QUOTE)
    first_quote = np.searchsorted(quotes, opens)
    counts = np.diff(np.append(first_quote, len(quotes)))
    out: list[Scanned] = []
    for count in np.unique(counts):
        rows = np.flatnonzero(counts == count)
        if count % 2 or not count:
            raise NotCompactError("a string is not closed")
        marks = quotes[first_quote[rows][:, None] + np.arange(count)]
        out += _scan_shape(region, text, rows, opens[rows], closes[rows], marks)
    return out


def _scan_shape(
    region: bytes, text: Bytes, rows: Ints, opens: Ints, closes: Ints, marks: Ints
) -> list[Scanned]:
    """The logs that have the same number of strings, split by the length of their data.

    marks: [log, quote] positions; rows: places in the answer.
    """
    layout = template(region[opens[0] : closes[0] + 1])
    strings = list(layout.strings)
    starts = marks[:, 0::2][:, strings] + 1 + np.array([2 if r else 0 for r in layout.roles])
    ends = marks[:, 1::2][:, strings]
    before = np.column_stack([opens, ends])
    after = np.column_stack([starts, closes + 1])
    for number, literal in enumerate(layout.literals):
        same = (after[:, number] - before[:, number] == len(literal)).all()
        if not same or (_gather(text, before[:, number], len(literal)) != list(literal)).any():
            raise NotCompactError("a log is laid out differently")
    lengths = ends - starts
    data = lengths[:, layout.roles.index("data")]
    out: list[Scanned] = []
    for length in np.unique(data):
        part = data == length
        batch = _batch(text, layout.roles, starts[part], ends[part])
        out.append(Scanned(rows[part], batch))
    return out


def _batch(text: Bytes, roles: tuple[str, ...], starts: Ints, ends: Ints) -> LogBatch:
    """The values of logs of one shape and one data length."""
    numbers: dict[str, Ints] = {}
    fixed: dict[str, Bytes] = {}
    topics: list[Bytes] = []
    for column, role in enumerate(roles):
        start, end = starts[:, column], ends[:, column]
        if role in NUMBERS or role == TIME:
            numbers[role] = _numbers(text, start, end)
        elif role == "topic":
            topics.append(_hex(text, start, end, 2 * WORD))
        elif role:
            fixed[role] = _hex(text, start, end, HEX_DIGITS.get(role))
    count = len(starts)
    return LogBatch(
        numbers["blockNumber"],
        numbers["logIndex"],
        numbers["transactionIndex"],
        numbers.get(TIME, np.full(count, NO_TIME, dtype=np.int64)),
        fixed["blockHash"],
        fixed["transactionHash"],
        fixed["address"],
        np.stack(topics, axis=1) if topics else np.zeros((count, 0, WORD), dtype=np.uint8),
        fixed["data"],
    )


def _gather(text: Bytes, starts: Ints, width: int) -> Bytes:
    """`width` bytes from each start. Shape: [start, byte]."""
    if not width:
        return np.zeros((len(starts), 0), dtype=np.uint8)
    # Overlapping items of `width` bytes: numpy then copies each as a block, not byte by byte.
    shape = (len(text) - width + 1,)
    items = np.ndarray(shape, dtype=f"V{width}", buffer=text.data, strides=(1,))
    return items[starts].view(np.uint8).reshape(len(starts), width)


def _hex(text: Bytes, starts: Ints, ends: Ints, digits: int | None) -> Bytes:
    """Hex values of one length (`digits`, or that of the first), every digit checked."""
    digits = int(ends[0] - starts[0]) if digits is None else digits
    if (ends - starts != digits).any() or digits % 2:
        raise NotCompactError("a hex value has another length")
    try:
        raw = binascii.unhexlify(_gather(text, starts, digits).reshape(-1).data)
    except binascii.Error:
        raise NotCompactError("a value is not hexadecimal") from None
    return np.frombuffer(raw, dtype=np.uint8).reshape(len(starts), digits // 2)


_DIGIT = np.full(256, 255, dtype=np.uint8)
_DIGIT[[ord(c) for c in "0123456789"]] = range(10)
_DIGIT[[ord(c) for c in "abcdef"]] = range(10, 16)
_DIGIT[[ord(c) for c in "ABCDEF"]] = range(10, 16)


def _numbers(text: Bytes, starts: Ints, ends: Ints) -> Ints:
    """Hex numbers of varying length; every digit is checked."""
    lengths = ends - starts
    width = int(lengths.max())
    if lengths.min() < 1 or width > NUMBER_DIGITS:
        raise NotCompactError("a number is empty or too long")
    digits = _DIGIT[_gather(text, ends - width, width)]
    digits[np.arange(width) < (width - lengths)[:, None]] = 0
    if (digits == 255).any():
        raise NotCompactError("a number is not hexadecimal")
    places = 16 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return np.asarray(digits.astype(np.int64) @ places)
