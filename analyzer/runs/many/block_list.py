"""The blocks of a backfill: ranges with a step, single blocks, or what a recording pinned."""

from __future__ import annotations

import re
from collections.abc import Sequence

from analyzer.chain.base import Chain
from analyzer.chain.blocks import is_range, resolve_range
from analyzer.model.block import BlockRef
from analyzer.model.errors import AnalyzerError, InputError
from analyzer.runs.scanning.sources import resolve_pinned

_STEP = re.compile(r"[0-9]{1,3}(?:_?[0-9]{1,3}){0,5}")

Missing = list[tuple[int, str]]
"""(block number, why it cannot be scanned)."""


def chosen_blocks(chain: Chain, texts: Sequence[str]) -> tuple[list[BlockRef], Missing]:
    """The blocks that `texts` name, ascending, each once; and those of ranges that there are not.

    FIRST:LAST:STEP is FIRST, FIRST + STEP, ... up to LAST, both in block syntax; anything else is
    one block. No text means every pinned block of a recording.
    Raises: InputError for what is no range or block, a step below 1, or no text without pins.
    """
    from analyzer.chain.replay import Replay

    pins = [number for number, _, _ in chain.pins()] if isinstance(chain, Replay) else []
    if not texts and not pins:
        raise InputError("which blocks? give --blocks FIRST:LAST:STEP")
    found: dict[int, BlockRef] = {}
    missing: dict[int, str] = {}
    for text in texts or [str(number) for number in pins]:
        if not is_range(text):
            block = resolve_pinned(chain, text)
            found[block.number] = block
            continue
        for number in _numbers(chain, text):
            try:
                found[number] = resolve_pinned(chain, str(number))
            except AnalyzerError as error:
                missing[number] = str(error)
    return [found[number] for number in sorted(found)], sorted(missing.items())


def extent_of(chain: Chain, texts: Sequence[str]) -> tuple[int, BlockRef]:
    """How many blocks `texts` name at most, and the last of them; of a range only its ends are
    asked for. Raises: InputError as `chosen_blocks` does."""
    if not texts:
        raise InputError("which blocks? give --blocks FIRST:LAST:STEP")
    numbers: set[int] = set()
    for text in texts:
        numbers.update(_numbers(chain, text) if is_range(text) else [chain.resolve(text).number])
    if not numbers:
        raise InputError("the ranges of --blocks hold no block")
    return len(numbers), chain.headers([max(numbers)])[0]


def _numbers(chain: Chain, text: str) -> range:
    """The numbers of a range with a step. Raises: InputError."""
    span, _, step = text.rpartition(":")
    if not _STEP.fullmatch(step.strip()) or not is_range(span):
        raise InputError(
            f"'{text}' is no range with a step: write FIRST:LAST:STEP (FIRST:LAST:1 = every block)"
        )
    every = int(step)
    if every < 1:
        raise InputError(f"'{text}': a step of {every} goes nowhere, give at least 1")
    first, last = resolve_range(chain, span)
    return range(first.number, last.number + 1, every)
