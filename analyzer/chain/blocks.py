"""Block syntax: what people write for a block, and the header that it means.

latest  safe  finalized  earliest     tags
19000000  1_000  15M  1.5k  0x10      numbers
-1000                                 so many before latest
0x<64 digits>                         a block hash
2024-05-01  2024-05-01T12:00[:30]     UTC: the last block at or before that moment
15M:+1000  a:b  a:  :b                a range, where one is asked for (`resolve_range`)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from analyzer.chain.base import Chain
from analyzer.model.block import BlockRef
from analyzer.model.errors import InputError
from analyzer.model.toml_file import shown

TAGS = ("latest", "safe", "finalized", "earliest")
"""Tags that a node resolves itself."""

Kind: TypeAlias = Literal["tag", "number", "before_latest", "hash", "time"]


@dataclass(frozen=True, slots=True)
class BlockName:
    """What a text means. `value`: a number, blocks before latest, unix seconds, or 0 for a tag
    and a hash, which are in `text` (lower case)."""

    kind: Kind
    text: str
    value: int = 0


_NUMBER = re.compile(r"([0-9][0-9_]*(?:\.[0-9]+)?)([kKmM]?)")
MOST_DIGITS = 20
"""Of a number as it is written: no chain has a block beyond 64 bits."""
_SCALE = {"": 1, "k": 1_000, "m": 1_000_000}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?", re.ASCII)


def parse_block(text: str) -> BlockName:
    """The meaning of a block text. Raises InputError for what is none."""
    text = text.strip()
    lower = text.lower()
    if lower in TAGS:
        return BlockName("tag", lower)
    if re.fullmatch(r"0x[0-9a-f]{64}", lower):
        return BlockName("hash", lower)
    if re.fullmatch(r"0x[0-9a-f]{1,16}", lower):
        return BlockName("number", lower, int(lower, 16))
    if _DATE.fullmatch(text):
        return BlockName("time", text, _unix_seconds(text))
    if text[:1] == "-" and (count := _number(text[1:])) is not None:
        return BlockName("before_latest", text, count)
    if (number := _number(text)) is not None:
        return BlockName("number", text, number)
    if is_range(text):
        raise InputError(f"'{text}' is a range of blocks, and one block is asked for")
    raise InputError(
        f"{shown(text)} is no block: give a number (15M, 1_000), latest, safe, finalized, -1000,"
        " a block hash or a date (2024-05-01T12:00)"
    )


def _number(text: str) -> int | None:
    """`15M` -> 15000000; None when the text is no whole number of blocks."""
    match = _NUMBER.fullmatch(text)
    if match is None or len(match[1]) > MOST_DIGITS:
        return None
    value = Decimal(match[1].replace("_", "")) * _SCALE[match[2].lower()]
    return int(value) if value == int(value) else None


def _unix_seconds(text: str) -> int:
    """The moment of an ISO date in UTC. Raises InputError when there is no such day."""
    try:
        return int(datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise InputError(f"'{text}' is no date: {error}") from None


def show_time(seconds: int) -> str:
    """A block's time for people: `2024-05-01 12:00:00 UTC`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def block_at(
    seconds: int, earliest: BlockRef, latest: BlockRef, header: Callable[[int], BlockRef]
) -> BlockRef:
    """The last block at or before a moment, by a search that guesses from the block times.

    Raises InputError when the chain began later, or when its latest block is before that moment
    (then nobody knows yet which block will be the last one).
    """
    if seconds < earliest.time:
        raise InputError(f"the chain began at {show_time(earliest.time)}, after that date")
    if seconds > latest.time:
        raise InputError(
            f"the latest block {latest.number} is of {show_time(latest.time)}, before that date"
        )
    low, high = earliest, latest
    if latest.time <= seconds:
        return latest
    halve = False
    while high.number - low.number > 1:
        guess = (low.number + high.number) // 2
        if not halve and high.time > low.time:
            span = high.number - low.number
            guess = low.number + span * (seconds - low.time) // (high.time - low.time)
        found = header(min(max(guess, low.number + 1), high.number - 1))
        # Guessing converges fast where blocks are regular; every other step halves, so that it
        # also does where they are not.
        halve = not halve
        low, high = (found, high) if found.time <= seconds else (low, found)
    return low


def resolve_range(chain: Chain, text: str) -> tuple[BlockRef, BlockRef]:
    """The first and last block of a range: `a:b`, `15M:+1000` (so many blocks from 15M on),
    `a:` (to latest), `:b` (from the first). Both inclusive.

    Raises InputError when it is no range, or runs backwards.
    """
    start, colon, end = _split_range(text)
    if not colon:
        raise InputError(f"'{text}' is no block range: write FIRST:LAST or FIRST:+COUNT")
    first = chain.resolve(start or "earliest")
    if end.startswith("+"):
        count = _number(end[1:])
        if not count:
            raise InputError(f"'{text}' is no block range: '{end}' is no number of blocks")
        last = chain.resolve(str(first.number + count - 1))
    else:
        last = chain.resolve(end or "latest")
    if last.number < first.number:
        raise InputError(
            f"the block range '{text}' runs backwards: {first.number} to {last.number}"
        )
    return first, last


def is_range(text: str) -> bool:
    """Whether a text is written as a range: it has a colon, and not only in a time of day."""
    return ":" in text and not _DATE.fullmatch(text.strip())


def _split_range(text: str) -> tuple[str, str, str]:
    """Splits at the colon that is not inside a time of day."""
    match = re.fullmatch(
        r"(\s*\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?Z?|[^:]*):(.*)", text.strip()
    )
    return (match[1].strip(), ":", match[2].strip()) if match else (text, "", "")
