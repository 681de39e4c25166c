"""One log to the named arguments of its event: the slow exact path, and the check of the fast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from analyzer.abi.codec import Reader, decode_values, word_reader
from analyzer.abi.contract import EventAbi
from analyzer.abi.errors import DecodeError
from analyzer.abi.types import WORD, WordType, parse_type
from analyzer.model.logs import RawLog


@dataclass(frozen=True, slots=True)
class EventPlan:
    """How the logs of one event are laid out.

    indexed: (name, reader of the topic), reader None where the topic is only a hash. names and
    types: of what stands in the data. data_bytes: its exact length, None when it is dynamic.
    """

    topic0: bytes
    indexed: tuple[tuple[str, Reader | None], ...]
    names: tuple[str, ...]
    types: tuple[str, ...]
    data_bytes: int | None
    order: tuple[str, ...]


@lru_cache(maxsize=4096)
def event_plan(event: EventAbi) -> EventPlan:
    """The layout of an event's logs."""
    indexed: list[tuple[str, Reader | None]] = []
    for parameter in event.inputs:
        if parameter.indexed:
            kind = parse_type(parameter.type)
            reader = word_reader(kind) if isinstance(kind, WordType) else None
            indexed.append((parameter.name, reader))
    plain = [p for p in event.inputs if not p.indexed]
    kinds = [parse_type(p.type) for p in plain]
    return EventPlan(
        bytes.fromhex(event.topic0[2:]),
        tuple(indexed),
        tuple(p.name for p in plain),
        tuple(p.type for p in plain),
        None if any(k.dynamic for k in kinds) else sum(k.head_bytes for k in kinds),
        tuple(p.name for p in event.inputs),
    )


def decode_log(raw: RawLog, event: EventAbi) -> dict[str, object]:
    """The arguments of `raw` by name, in the order of the ABI.

    An indexed string, bytes, array or struct is only a hash on chain: its value is that 32-byte
    topic. Raises DecodeError when the log is not this event: first topic, number of topics,
    short, over-long or dirty data.
    """
    plan = event_plan(event)
    try:
        return _decode(raw, plan)
    except DecodeError as error:
        where = f"{event.name} (block {raw.block_number}, log {raw.log_index})"
        raise DecodeError(f"{where}: {error.field}", error.problem) from None


def _decode(raw: RawLog, plan: EventPlan) -> dict[str, object]:
    """The same; errors name the field only."""
    if not raw.topics or raw.topics[0] != plan.topic0:
        raise DecodeError("topics", "the first topic is of another event")
    if len(raw.topics) != len(plan.indexed) + 1:
        raise DecodeError("topics", f"{len(raw.topics)}, where {len(plan.indexed) + 1} are needed")
    if plan.data_bytes is not None and len(raw.data) != plan.data_bytes:
        raise DecodeError("data", f"{len(raw.data)} bytes, where {plan.data_bytes} are needed")
    values: dict[str, object] = {}
    for (name, reader), word in zip(plan.indexed, raw.topics[1:], strict=True):
        if len(word) != WORD:
            raise DecodeError(name, f"a topic of {len(word)} bytes")
        try:
            values[name] = word if reader is None else reader(word)
        except DecodeError as error:
            raise DecodeError(name, error.problem) from None
    decoded = decode_values(plan.types, raw.data, names=plan.names)
    values.update(zip(plan.names, decoded, strict=True))
    return {name: values[name] for name in plan.order}
