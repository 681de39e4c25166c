"""Whether the head that a live endpoint names is one that the chain may still have.

A node that hangs or lags names an old block as its latest, and everything read there is right, and
old. What a person asked for by number, by hash or by date is as old as it is, and a recording is
of its day: neither is judged.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.chain.blocks import is_range, parse_block, show_time
from analyzer.model.block import BlockRef
from analyzer.model.errors import InputError, UnreadError
from analyzer.runs.scanning.sources import Source

NONE = "none"
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_UNITS = {"": 1, "s": 1, "m": _MINUTE, "h": _HOUR, "d": _DAY}
_AGE = re.compile(r"([0-9]{1,9}) *([smhd]?)")
_CLOCKS_S = 2 * _MINUTE
"""How far a block may be ahead of this machine's clock, whatever the limit: clocks differ."""


@dataclass(frozen=True, slots=True)
class HeadAge:
    """How old a chain's heads may be, in seconds: `latest`, and `safe` and `finalized`. why: where
    the numbers come from."""

    latest_s: int
    final_s: int
    why: str


_OP_STACK = "a block every 2 s, whatever happens; final when its batch is final on Ethereum"
_POSTED = "blocks come with transactions, many a minute; final when proven or posted on Ethereum"
DEFAULT_AGES: Mapping[int, HeadAge] = {
    1: HeadAge(
        10 * _MINUTE, 90 * _MINUTE, "a slot every 12 s; final after two epochs, 13 to 20 minutes"
    ),
    10: HeadAge(10 * _MINUTE, 6 * _HOUR, _OP_STACK),
    56: HeadAge(10 * _MINUTE, 30 * _MINUTE, "a block in at most 3 s; final within some blocks"),
    100: HeadAge(10 * _MINUTE, 90 * _MINUTE, "a slot every 5 s; final after two epochs"),
    137: HeadAge(15 * _MINUTE, 60 * _MINUTE, "a block every 2 s; final by milestones, a minute"),
    324: HeadAge(15 * _MINUTE, 36 * _HOUR, "blocks come with transactions; final when executed"),
    957: HeadAge(10 * _MINUTE, 24 * _HOUR, _OP_STACK + ", and few batches are posted"),
    5000: HeadAge(10 * _MINUTE, 24 * _HOUR, _OP_STACK),
    8453: HeadAge(10 * _MINUTE, 6 * _HOUR, _OP_STACK),
    42161: HeadAge(10 * _MINUTE, 6 * _HOUR, _POSTED),
    43114: HeadAge(15 * _MINUTE, 30 * _MINUTE, "blocks come with transactions; final at once"),
    59144: HeadAge(15 * _MINUTE, 24 * _HOUR, _POSTED),
    534352: HeadAge(15 * _MINUTE, 24 * _HOUR, _POSTED),
}
"""By chain id. A chain that is not here, a local one first of all, has no limit."""


def parse_age(text: str | None) -> int | None:
    """Seconds of `90`, `90s`, `15m`, `2h`, `1d`; None for `none`, and for no text.

    Raises: InputError for anything else.
    """
    if text is None or text == NONE:
        return None
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise InputError(f"'{text}' is no age: write 90s, 15m, 2h, 1d or {NONE}")
    return int(match[1]) * _UNITS[match[2]]


def check_head(source: Source, text: str, block: BlockRef, max_age: str | None) -> None:
    """Judges the block that a live chain gave for a text, where that is `latest`, `safe` or
    `finalized`, or a range up to one of them.

    max_age: as `parse_age`; None means what is usual for the chain.
    Raises: UnreadError for a block that is older; InputError for what is no age.
    """
    given = parse_age(max_age)
    # What a recording is asked for may be a label, and is no block syntax.
    tag = _tag(text) if source.kind == "rpc" else ""
    if not tag or max_age == NONE:
        return
    usual = DEFAULT_AGES.get(source.chain.chain_id)
    if given is None and usual is not None:
        given = usual.latest_s if tag == "latest" else usual.final_s
    age = int(time.time()) - block.time
    if given is not None and -age > max(given, _CLOCKS_S):
        raise UnreadError(
            f"the {tag} block of the endpoint, {block.number}, is of {show_time(block.time)}, which"
            f" is {_words(-age)} ahead of this machine's clock: one of the two is wrong; name"
            f" another endpoint, set the clock, or --max-age {NONE}"
        )
    if given is not None and age > given:
        raise UnreadError(
            f"the {tag} block of the endpoint, {block.number}, is of {show_time(block.time)}, "
            f"{_words(age)} ago, and may be {_words(given)} old: the node lags or the chain stands;"
            f" name another endpoint, or --max-age {NONE}"
        )


def check_heads(source: Source, texts: Sequence[str], max_age: str | None) -> None:
    """The same for the blocks of a backfill, whose ranges have a step. Raises: as `check_head`."""
    for text in texts if source.kind == "rpc" else ():
        span = text.rpartition(":")[0] if is_range(text) else text
        if tag := _tag(span):
            check_head(source, tag, source.chain.resolve(tag), max_age)


def _tag(text: str) -> str:
    """The tag by which a text names its (last) block; '' for none."""
    end = text.rpartition(":")[2].strip() or "latest" if is_range(text) else text
    name = parse_block(end) if not end.startswith("+") else None
    return name.text if name is not None and name.kind == "tag" and name.text != "earliest" else ""


def _words(seconds: int) -> str:
    """`2 h 5 min`."""
    if seconds < 2 * _MINUTE:
        return f"{seconds} s"
    days, rest = divmod(seconds, _DAY)
    hours, rest = divmod(rest, _HOUR)
    parts = [(days, "d"), (hours, "h"), (rest // _MINUTE, "min")]
    return " ".join(f"{count:,} {unit}" for count, unit in parts if count)
