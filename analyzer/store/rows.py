"""Rows by name: a dataclass as a row of its table and back; a mapping where there is no dataclass.

A table's columns are the one list of what it holds. A value is found under its column's name, or
where the table says; a column for which there is none is refused when the table is loaded, so no
value can ever slide into its neighbour's column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from operator import attrgetter, itemgetter
from types import NoneType
from typing import Any, Protocol, TypeAlias, TypeVar, get_args, get_type_hints

import orjson

from analyzer.store.schema import Kind, Table

Row: TypeAlias = tuple[Any, ...]
"""The values of one row, in the order of its table's columns."""

_T = TypeVar("_T")
_Item = TypeVar("_Item", contravariant=True)
_Made = TypeVar("_Made", covariant=True)
_NONE: Mapping[str, Any] = {}


class ToRow(Protocol[_Item]):
    """Makes a row of an item."""

    def __call__(self, item: _Item, *beside: object) -> Row:
        """The row. beside: what the item does not know, in the order that its table says."""


class FromRow(Protocol[_Made]):
    """Makes an item of a row."""

    def __call__(self, row: Sequence[Any], **beside: object) -> _Made:
        """The item. beside: its parts that no one column holds, by name. Raises: ValueError, and
        what else the columns' values raise, for a row that analyzer does not write."""


def row_writer(
    table: Table,
    model: type[_T],
    *,
    beside: Sequence[str] = ("scan_id",),
    at: Mapping[str, str] = _NONE,
    made: Mapping[str, Callable[[Any], object]] = _NONE,
) -> ToRow[_T]:
    """What makes a row of `table` of a `model`.

    beside: columns whose values are given beside it, in this order. at: column -> where its value
    lies (`margin.owner`), if not under its own name. made: column -> what its value is made into.
    Raises: ValueError for a column that the model has nothing for, and for a name of no column.
    """
    names = [column.name for column in table.columns]
    _known(table, [*beside, *at, *made])
    own = [name for name in names if name not in beside]
    for name in own:
        if not hasattr(model, at.get(name, name).partition(".")[0]):
            raise ValueError(f"{table.name}.{name}: nothing of {model.__name__} has that name")
    take = attrgetter(*(at.get(name, name) for name in own))
    given = [*beside, *own]
    arrange = None if given == names else itemgetter(*map(given.index, names))
    changes = [(names.index(name), make) for name, make in made.items()]

    def to_row(item: _T, *keys: object) -> Row:
        row: Row = (*keys, *take(item))
        if arrange is not None:
            row = arrange(row)
        return _changed(row, changes) if changes else row

    return to_row


def row_reader(
    table: Table,
    model: Callable[..., _T],
    *,
    beside: Sequence[str] = (),
    column: Mapping[str, str] = _NONE,
    made: Mapping[str, Callable[[Any], object]] = _NONE,
) -> FromRow[_T]:
    """What makes a `model` (a dataclass) of a row of `table`.

    beside: fields that are given beside the row, by name. column: field -> the column it is read
    from, if not of its own name. made: field -> what the column's value is made into. A field that
    has a default and no column keeps its default.
    Raises: ValueError for a field that has neither. What is returned raises ValueError for a NULL
    where the field takes none, and whatever `made` raises: rows may be a stranger's.
    """
    names = [one.name for one in table.columns]
    _known(table, column.values())
    read = {
        field: names.index(column.get(field, field))
        for field in _fields(model, beside)
        if column.get(field, field) in names
    }
    missing = _fields(model, beside, needed=True).keys() - read.keys()
    if missing:
        raise ValueError(f"{table.name} has no column for {', '.join(sorted(missing))}")
    hints = get_type_hints(model)
    never_null = [read[field] for field in read if NoneType not in get_args(hints[field])]
    take, take_never_null = _taker([*read.values()]), _taker(never_null)
    changes = [(list(read).index(field), make) for field, make in made.items()]
    leading = not beside and list(read) == list(_fields(model, ()))[: len(read)]

    def from_row(row: Sequence[Any], **given: object) -> _T:
        if None in take_never_null(row):
            empty = next(names[place] for place in never_null if row[place] is None)
            raise ValueError(f"{table.name}.{empty} is NULL")
        values = _changed(take(row), changes) if changes else take(row)
        return model(*values) if leading else model(**dict(zip(read, values, strict=True)), **given)

    return from_row


def record_writer(table: Table) -> Callable[..., Row]:
    """What makes a row of `table` of values given by name; JSON columns take what they hold.

    What it returns raises TypeError where a column has no value, or a value no column.
    """
    names = [column.name for column in table.columns]
    documents = {column.name for column in table.columns if column.kind is Kind.JSON}
    expected = frozenset(names)

    def to_row(**values: object) -> Row:
        if values.keys() != expected:
            wrong = ", ".join(sorted(values.keys() ^ expected))
            raise TypeError(f"{table.name}: {wrong}: a value without a column, or a column without")
        return tuple(
            orjson.dumps(values[name]).decode() if name in documents else values[name]
            for name in names
        )

    return to_row


def record_reader(table: Table) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """What makes column -> value of a row of `table`, JSON columns as what they hold.

    What it returns raises ValueError for a text that is no JSON: rows may be a stranger's.
    """
    names = [column.name for column in table.columns]
    documents = [column.name for column in table.columns if column.kind is Kind.JSON]

    def from_row(row: Sequence[Any]) -> dict[str, Any]:
        record = dict(zip(names, row, strict=True))
        for name in documents:
            if record[name] is not None:
                record[name] = orjson.loads(record[name])
        return record

    return from_row


def column_reader(table: Table, *names: str) -> Callable[[Sequence[Any]], Row]:
    """What takes these columns' values out of a row of `table`. Raises: ValueError."""
    _known(table, names)
    places = {column.name: place for place, column in enumerate(table.columns)}
    return _taker([places[name] for name in names])


def json_object(values: Mapping[str, str]) -> str:
    """A JSON object with sorted keys."""
    return orjson.dumps(dict(values), option=orjson.OPT_SORT_KEYS).decode()


def json_list(values: Sequence[str]) -> str:
    """A JSON list."""
    return orjson.dumps(list(values)).decode()


def json_amounts(amounts: Mapping[str, int]) -> str:
    """Amounts as a JSON object of decimal strings: exact in any reader."""
    return json_object({name: str(value) for name, value in amounts.items()})


def amounts_of(text: str) -> dict[str, int]:
    """Amounts from their JSON object of decimal strings. Raises: ValueError, AttributeError."""
    return {name: int(value) for name, value in orjson.loads(text).items()}


def texts_of(text: str) -> tuple[str, ...]:
    """The texts of a JSON list. Raises: ValueError, TypeError."""
    return tuple(orjson.loads(text))


def _fields(model: Any, beside: Sequence[str], *, needed: bool = False) -> dict[str, None]:
    """The fields of a dataclass but for these, in order. needed: only those without a default."""
    return {
        field.name: None
        for field in fields(model)
        if field.name not in beside
        and not (needed and (field.default, field.default_factory) != (MISSING, MISSING))
    }


def _taker(places: Sequence[int]) -> Callable[[Sequence[Any]], Row]:
    """What takes the values at these places out of a row, always as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple(row[place] for place in places)


def _changed(values: Row, changes: Sequence[tuple[int, Callable[[Any], object]]]) -> Row:
    """The values with those at some places made into something else."""
    changed = list(values)
    for place, make in changes:
        changed[place] = make(changed[place])
    return tuple(changed)


def _known(table: Table, names: Iterable[str]) -> None:
    """Raises: ValueError for a name that is none of the table's columns."""
    unknown = sorted(set(names) - {column.name for column in table.columns})
    if unknown:
        raise ValueError(f"{table.name} has no column {', '.join(unknown)}")
