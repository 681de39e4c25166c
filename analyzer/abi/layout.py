"""How the log of a compact answer is laid out: which of its text is the same in every log."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from analyzer.abi.batch import Ints, LogBatch

NUMBER_DIGITS = 15
"""Hex digits of a block number or index: more would not be one, and 15 fit an int64."""
HEX_DIGITS = {"address": 40, "blockHash": 64, "transactionHash": 64}
NUMBERS = ("blockNumber", "logIndex", "transactionIndex")
TIME = "blockTimestamp"
"""Of the block, which current nodes give with the log."""
_FIELDS = (*HEX_DIGITS, *NUMBERS, "data")
_USED = (*_FIELDS, TIME)
_QUOTE = ord('"')


class NotCompactError(Exception):
    """The answer is not of the fixed layout: no fault of the node, only not for this path."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """Logs of one shape. `place`: where each stood in the answer."""

    place: Ints
    batch: LogBatch


@dataclass(frozen=True, slots=True)
class Template:
    """The layout of one shape: which strings of a log are values, and of what.

    strings: numbers of the strings that are values; roles: what each is (a field name, `topic`,
    or '' for one that is not used); literals: the text before each value (with its 0x where the
    value is used) and, last, the text after the last one.
    """

    strings: tuple[int, ...]
    roles: tuple[str, ...]
    literals: tuple[bytes, ...]


def template(log: bytes) -> Template:
    """The layout of a log. Raises NotCompactError when it lacks a field or is removed."""
    try:
        parsed = orjson.loads(log)
    except orjson.JSONDecodeError:
        raise NotCompactError("a log is not JSON") from None
    if not all(isinstance(parsed.get(name), str) for name in _FIELDS) or parsed.get("removed"):
        raise NotCompactError("a log lacks a field, or is removed")
    topics = parsed.get("topics")
    quotes = [i for i, c in enumerate(log) if c == _QUOTE]
    strings, roles, literals = [], [], []
    key, position = "", 0
    for number in range(len(quotes) // 2):
        start, end = quotes[2 * number] + 1, quotes[2 * number + 1]
        if log[end + 1 : end + 2] == b":":
            key = log[start:end].decode()
            continue
        role = "topic" if key == "topics" else key if key in _USED else ""
        skip = 2 if role else 0
        if role and log[start : start + 2] != b"0x":
            raise NotCompactError(f"{key} is not 0x text")
        strings.append(number)
        roles.append(role)
        literals.append(log[position : start + skip])
        position = end
    if sorted(r for r in roles if r in _FIELDS) != sorted(_FIELDS) or roles.count(TIME) > 1:
        raise NotCompactError("a field is there twice")
    if not isinstance(topics, list) or roles.count("topic") != len(topics):
        raise NotCompactError("the topics are no list of texts")
    return Template(tuple(strings), tuple(roles), (*literals, log[position:]))
