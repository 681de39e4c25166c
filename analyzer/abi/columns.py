"""Many logs of one event to its arguments' words, each checked, without an object per log.

    batch of logs ──▶ topics and data by argument ──▶ [log, 32] words, padding as the ABI has it

Only events of single words: what has a dynamic argument goes log by log through the exact codec,
which also says what is wrong with a log that is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from analyzer.abi.batch import Bytes, LogBatch, Mask
from analyzer.abi.contract import EventAbi, EventInput
from analyzer.abi.errors import DecodeError
from analyzer.abi.events import decode_log, event_plan
from analyzer.abi.types import WORD, WordType, parse_type

_ADDRESS_PADDING, _BOOL_PADDING = 12, 31


@dataclass(frozen=True, slots=True)
class WordColumn:
    """An argument of many logs. kind: None where the words are hashes of an indexed value that is
    no single word. words: [log, 32], big endian."""

    argument: EventInput
    kind: WordType | None
    words: Bytes


@lru_cache(maxsize=4096)
def is_of_words(event: EventAbi) -> bool:
    """Whether everything in the data is one word (an indexed argument always is)."""
    return event_plan(event).data_bytes is not None and all(
        p.indexed or isinstance(parse_type(p.type), WordType) for p in event.inputs
    )


def word_columns(batch: LogBatch, event: EventAbi) -> list[WordColumn]:
    """The arguments of logs of one event of single words, in the ABI's order.

    Raises DecodeError when a log is not this event: topics, length, dirty padding. The error is the
    exact path's, of the first log that is wrong.
    """
    plan = event_plan(event)
    expected = (len(plan.indexed) + 1, plan.data_bytes)
    if not is_of_words(event):
        raise DecodeError(event.name, "has arguments that are not single words")
    if batch.shape != expected:
        _raise_at(batch, event, "shape", np.ones(len(batch), dtype=np.bool_))
    wrong = (batch.topics[:, 0] != np.frombuffer(plan.topic0, dtype=np.uint8)).any(axis=1)
    _raise_at(batch, event, "topics", wrong)
    columns: list[WordColumn] = []
    topic, word = 1, 0
    for argument in event.inputs:
        if argument.indexed:
            words, topic = batch.topics[:, topic], topic + 1
        else:
            words, word = batch.data[:, WORD * word : WORD * word + WORD], word + 1
        kind = parse_type(argument.type)
        known = kind if isinstance(kind, WordType) else None
        if known is not None:
            _raise_at(batch, event, argument.name, _dirty(words, known))
        columns.append(WordColumn(argument, known, words))
    return columns


def above_differs(words: Bytes, above: int, *, signed: bool) -> Mask:
    """Where the first `above` bytes are not the sign extension of what follows."""
    if not signed:
        return np.asarray(words[:, :above].any(axis=1))
    sign = np.where(words[:, above] >= 0x80, np.uint8(0xFF), np.uint8(0))
    return np.asarray((words[:, :above] != sign[:, None]).any(axis=1))


def _dirty(words: Bytes, kind: WordType) -> Mask:
    """Where a word is no value of its type: what pads it is not what has to pad it."""
    if kind.kind == "address":
        return np.asarray(words[:, :_ADDRESS_PADDING].any(axis=1))
    if kind.kind == "bool":
        return np.asarray(words[:, :_BOOL_PADDING].any(axis=1) | (words[:, _BOOL_PADDING] > 1))
    if kind.kind in ("uint", "int"):
        above = WORD - kind.size // 8
        if not above:
            return np.zeros(len(words), dtype=np.bool_)
        return above_differs(words, above, signed=kind.kind == "int")
    return np.asarray(words[:, kind.size :].any(axis=1))


def _raise_at(batch: LogBatch, event: EventAbi, field: str, wrong: Mask) -> None:
    """Raises DecodeError for the first log where `wrong` is true, by the exact path's words."""
    if not wrong.any():
        return
    log = batch.log(int(np.argmax(wrong)))
    decode_log(log, event)
    raise DecodeError(
        f"{event.name} (block {log.block_number}, log {log.log_index}): {field}",
        "the column decoder refuses what the exact decoder takes",
    )
