"""Rows that are made when they are asked for: a table may have a million accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar, overload

T = TypeVar("T")


class Made(Sequence[T], Generic[T]):
    """A sequence that makes its rows anew each time somebody goes through it, and keeps none."""

    def __init__(self, make: Callable[[], Iterator[T]]) -> None:
        self._make = make
        self._length: int | None = None

    def __iter__(self) -> Iterator[T]:
        return self._make()

    def __len__(self) -> int:
        if self._length is None:
            self._length = sum(1 for _ in self._make())
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...

    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return list(self._make())[index]
        place = index if index >= 0 else index + len(self)
        for row in islice(self._make(), max(place, 0), None):
            if place >= 0:
                return row
            break
        raise IndexError(index)
