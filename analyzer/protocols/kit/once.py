"""A number that is computed when it is first asked for, and then kept.

Like `functools.cached_property`, whose lock (before Python 3.12) costs as much as these numbers
do; nothing here is shared between threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801
    """Decorator of a method without arguments: its result becomes an attribute of that name."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> once[T]: ...
    @overload
    def __get__(self, owner: object, kind: type) -> T: ...

    def __get__(self, owner: object | None, kind: type) -> once[T] | T:
        """The value; from then on it is found in the owner itself. Whatever `compute` raises is
        not kept."""
        if owner is None:
            return self
        value = owner.__dict__[self._name] = self._compute(owner)
        return value
