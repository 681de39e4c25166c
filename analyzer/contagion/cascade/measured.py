"""One measurement of a venue: every account's equity, a list beside names that all share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


class Measured(Mapping[str, int | None]):
    """Account -> its equity, 18 decimals, None where it is unknown; in book order.

    names: account -> its place; values: by place.
    """

    __slots__ = ("_names", "values_e18")

    def __init__(self, names: Mapping[str, int], values_e18: Sequence[int | None]) -> None:
        self._names, self.values_e18 = names, values_e18

    def __getitem__(self, account_id: str) -> int | None:
        return self.values_e18[self._names[account_id]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def get(self, account_id: str, default: int | None = None) -> int | None:  # type: ignore[override]
        """The equity; `default` of an account that was not measured."""
        place = self._names.get(account_id)
        return default if place is None else self.values_e18[place]

    def values(self) -> Any:
        """The equities, in book order."""
        return self.values_e18

    def items(self) -> Any:
        """(account, equity), in book order."""
        return zip(self._names, self.values_e18, strict=True)

    def again(self, values_e18: Sequence[int | None]) -> Measured:
        """Another measurement of the same accounts."""
        return Measured(self._names, values_e18)
