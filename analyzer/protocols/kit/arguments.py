"""Arguments of decoded events with the type that the ABI promises, and notes on odd events."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.logs import Event


@dataclass(frozen=True, slots=True)
class FoldNote:
    """Something in the logs that a fold's rules do not explain; it is never passed over."""

    kind: str
    block_number: int
    log_index: int
    text: str


def integer(event: Event, name: str) -> int:
    """The integer argument `name`. Raises: TypeError when the ABI says otherwise."""
    value = event.args[name]
    if not isinstance(value, int):
        raise TypeError(f"{event.name}.{name} is {type(value).__name__}, not an integer")
    return value


def text(event: Event, name: str) -> str:
    """The address or text argument `name`. Raises: TypeError when the ABI says otherwise."""
    value = event.args[name]
    if not isinstance(value, str):
        raise TypeError(f"{event.name}.{name} is {type(value).__name__}, not text")
    return value


def blob(event: Event, name: str) -> bytes:
    """The bytes argument `name`. Raises: TypeError when the ABI says otherwise."""
    value = event.args[name]
    if not isinstance(value, bytes):
        raise TypeError(f"{event.name}.{name} is {type(value).__name__}, not bytes")
    return value
