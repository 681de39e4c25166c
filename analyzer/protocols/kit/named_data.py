"""Events whose arguments are (name, value) items: one generic event of the contract carries all.

    EventLog1(sender, "PositionIncrease", hash, topic, ((items, array_items), ...))

A protocol that logs this way declares few events and names the real one in the data. Here such a
log becomes an event of that name with its arguments by their names, as any other log does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from analyzer.model.errors import UnreadError
from analyzer.model.logs import Event


def named_event(event: Event, *, name: str = "eventName", data: str = "eventData") -> Event:
    """The event that a generic log stands for, as text and by its own arguments.

    name, data: the generic event's arguments with the real name, and with the groups: each a pair
    of (name, value) items and (name, values) items. What else the log carries (its topics, whoever
    sent it) is kept under the ABI's names, unless an item has that name. Raises: UnreadError where
    one name is given twice, or the data is no such groups.
    """
    title = event.args[name]
    items: dict[str, object] = {}
    for key, value in _items(event, data):
        if key in items:
            raise UnreadError(f"{_where(event, title)} names {key} twice: it cannot be decoded")
        items[key] = value
    others = {key: value for key, value in event.args.items() if key not in (name, data)}
    return replace(event, name=str(title), args={**others, **items})


def _items(event: Event, data: str) -> Iterator[tuple[str, object]]:
    """Every (name, value) pair of all groups."""
    groups = event.args[data]
    try:
        for single, many in groups:  # type: ignore[attr-defined]
            yield from single
            yield from many
    except (TypeError, ValueError) as error:
        where = _where(event, event.name)
        raise UnreadError(f"{where} has data that is no groups of named items: {error}") from None


def _where(event: Event, title: object) -> str:
    """Which log it is, for people."""
    return f"{title} (block {event.block_number}, log {event.log_index})"
