"""Small verbs of every fold: who was seen and when, what is not listed, what is odd."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Protocol, TypeVar

from analyzer.model.logs import Event
from analyzer.protocols.kit.arguments import FoldNote

K = TypeVar("K")
T = TypeVar("T")


class Seen(Protocol):
    """An account that counts the events that name it."""

    last_block: int
    events: int


def at_first(items: MutableMapping[K, T], key: K, make: Callable[[], T]) -> T:
    """The item under `key`, made when it is asked for the first time."""
    found = items.get(key)
    if found is None:
        found = items[key] = make()
    return found


def count_event(account: Seen, event: Event) -> None:
    """This event names the account."""
    account.last_block = event.block_number
    account.events += 1


def note(notes: list[FoldNote], kind: str, event: Event, words: str) -> None:
    """Keeps what the rules do not explain."""
    notes.append(FoldNote(kind, event.block_number, event.log_index, words))


def listed(
    items: Mapping[str, T], key: str, what: str, *, event: Event, notes: list[FoldNote]
) -> T | None:
    """The item under `key`; None, with a note, when the protocol never listed it."""
    found = items.get(key)
    if found is None:
        note(notes, f"unknown {what}", event, f"{event.name} of {key}")
    return found
