"""Rows that are made while they are read: those of a large book are written out once and kept by
nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar, overload

Row = TypeVar("Row")


class RowsOf(Sequence[Row]):
    """The rows of many items, in their order. make: the rows of one; it gives the same each time.

    A pass makes all of them anew and keeps none, so a reader goes through them once.
    """

    def __init__(self, items: Sequence[Any], make: Callable[[Any], Iterable[Row]]) -> None:
        self.items = items
        self.make = make

    def __iter__(self) -> Iterator[Row]:
        for item in self.items:
            yield from self.make(item)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return any(True for _ in self)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...

    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        """By place among all rows, which are all made for it."""
        return list(self)[place]

    def __eq__(self, other: object) -> bool:
        """Equal to any sequence of the same rows."""
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]
