"""Any document as JSON, by the types of its fields: one rule a type, and nowhere an exception.

int            a number: counts, blocks, exit codes
Amount         a decimal string: exact integers of any size (the unit is in the field's name)
datetime       2026-11-30T12:00:00Z: UTC, to the second
date           2026-11-30
Enum           its label, else its value
None           null: unknown, or not asked
Mapping        an object; Sequence: a list; a dataclass: an object of its fields in their order
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

from analyzer.documents.envelope import Document

AS_TEXT = "a decimal string"
"""Marks integers that are written as text, because readers with doubles would lose digits."""
Amount: TypeAlias = Annotated[int, AS_TEXT]
"""An exact integer that may be of any size."""
Json: TypeAlias = Any
"""A JSON value whose shape nobody promises: a cell of a query."""

Writer = Callable[[Any], Any]


def to_json(value: Any) -> dict[str, Any]:
    """A document, or a part of one, as JSON has it; a document begins with `schema` and `kind`.

    Raises: ValueError for a time without a zone; TypeError for a field of a type that no document
    has.
    """
    written: dict[str, Any] = _writer(value.__class__)(value)
    return written


def key_of(name: str) -> str:
    """A field's name in JSON: `from_` is `from`, which Python keeps for itself."""
    return name.removesuffix("_")


def moment_text(moment: datetime) -> str:
    """A time as every document has it: UTC, to the second, `2026-11-30T12:00:00Z`.

    Raises: ValueError for a time without a zone, which is a time of an unknown clock.
    """
    if moment.tzinfo is None:
        raise ValueError(f"a document's time has a zone, {moment.isoformat()} has none")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def label_of(member: Enum) -> Any:
    """An enumeration's member as documents name it."""
    return getattr(member, "label", member.value)


def without_none(hint: Any) -> tuple[Any, bool]:
    """(the type less None, whether None was one of its choices). Of more than two choices the
    type is left as it is."""
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not NoneType]
        if len(kinds) == 1:
            return kinds[0], True
    return hint, False


@cache
def _writer(hint: Any) -> Writer:
    """How a value of a type is written."""
    kind, may_lack = without_none(hint)
    if may_lack:
        present = _writer(kind)
        return lambda value: None if value is None else present(value)
    origin = get_origin(hint)
    if origin is Annotated:
        return str
    if isinstance(hint, type) and is_dataclass(hint):
        return _of_fields(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return label_of
    if isinstance(origin, type) and issubclass(origin, Mapping):
        inner = _writer(get_args(hint)[1])
        return lambda value: {str(key): inner(item) for key, item in value.items()}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        inner = _writer(get_args(hint)[0])
        return lambda value: [inner(item) for item in value]
    if hint not in _PLAIN:
        raise TypeError(f"no document says how {hint!r} is written")
    return _PLAIN[hint]


def _of_fields(kind: type[Any]) -> Writer:
    """How a dataclass is written: its fields in their order, behind `schema` and `kind` where it is
    a document."""
    hints = get_type_hints(kind, include_extras=True)
    head = {"schema": kind.SCHEMA, "kind": kind.KIND} if issubclass(kind, Document) else {}
    parts: list[tuple[str, str, Writer]] = []

    def write(value: Any) -> dict[str, Any]:
        if not parts:
            parts.extend((f.name, key_of(f.name), _writer(hints[f.name])) for f in fields(kind))
        return {**head, **{key: inner(getattr(value, name)) for name, key, inner in parts}}

    return write


def _as_it_is(value: Any) -> Any:
    return value


_PLAIN: Mapping[Any, Writer] = {
    **dict.fromkeys((str, bool, int, float, Any), _as_it_is),
    datetime: moment_text,
    date: lambda day: day.isoformat(),
}
