"""Many accounts' equities at once, exact: what is held and owed, at prices that move.

    equity = sum of held x price / unit - sum of owed x price / unit      each cut to a whole unit

A leg's value is worked out again when its price moves, and no other. Python's integers in numpy's
arrays: as exact as one account after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.object_]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Group:
    """What is held (or owed: sign -1) at one price: of whom, and how much, without sign."""

    owner: Numbers
    size: Integers
    sign: int


class Equities:
    """The equities of some accounts by number, in the unit that prices are in.

    owner, slot, amount: of every leg: whose it is, at which price, and how much (below 0 = owed).
    units: of each slot, how much of its amounts a price is for. debts_up: whether what is owed is
    cut upwards, else downwards as what is held. Legs count once their price is told (`move`).
    """

    def __init__(
        self,
        accounts: int,
        owner: Sequence[int] | Numbers,
        slot: Sequence[int] | npt.NDArray[np.integer],
        amount: Sequence[int],
        units: Sequence[int],
        *,
        debts_up: bool = False,
    ) -> None:
        self._now: Integers = np.zeros(accounts, dtype=object)
        self._unknown: Numbers = np.zeros(0, dtype=np.int64)
        self._units, self._debts_up = units, debts_up
        self._prices: dict[int, int] = {}
        self._values: dict[int, list[Integers]] = {}
        self._groups: dict[int, list[_Group]] = {}
        amounts: Integers = np.empty(len(amount), dtype=object)
        amounts[:] = amount
        owners, slots = np.asarray(owner, dtype=np.int64), np.asarray(slot, dtype=np.int64)
        order = np.argsort(slots, kind="stable")
        found, starts = np.unique(slots[order], return_index=True)
        parts = np.split(order, starts[1:]) if len(found) else []
        for number, places in zip(found.tolist(), parts, strict=True):
            own = amounts[places]
            held = np.asarray(own >= 0, dtype=np.bool_)
            self._groups[number] = [
                _Group(owners[places[part]], own[part] * sign, sign)
                for part, sign in ((held, 1), (~held, -1))
                if part.any()
            ]

    def copied(self) -> Equities:
        """The same, to be moved by itself."""
        made = Equities.__new__(Equities)
        made._now, made._unknown = self._now.copy(), self._unknown
        made._units, made._debts_up, made._groups = self._units, self._debts_up, self._groups
        made._prices, made._values = dict(self._prices), dict(self._values)
        return made

    def never_known(self, accounts: Sequence[int] | Numbers) -> None:
        """The equity of these is None whatever prices are."""
        self._unknown = np.union1d(self._unknown, np.asarray(accounts, dtype=np.int64))

    def owners(self, slot: int) -> Numbers:
        """The numbers of the accounts with a leg at a price."""
        groups = [group.owner for group in self._groups.get(slot, ())]
        return np.unique(np.concatenate(groups)) if groups else np.zeros(0, dtype=np.int64)

    def move(self, slot: int, price: int) -> None:
        """A price from now on."""
        groups = self._groups.get(slot)
        if groups is None or self._prices.get(slot) == price:
            return
        before, values = self._values.get(slot), list[Integers]()
        for place, group in enumerate(groups):
            value = self._value(group, price, self._units[slot])
            np.add.at(self._now, group.owner, value if before is None else value - before[place])
            values.append(value)
        self._values[slot], self._prices[slot] = values, price

    def _value(self, group: _Group, price: int, unit: int) -> Integers:
        """[leg]: what it is worth, with its sign."""
        product: Integers = group.size * price
        up = group.sign < 0 and self._debts_up
        found: Integers = -product // unit if up else product // unit * group.sign
        return found

    def listed(self, times: int = 1) -> list[int | None]:
        """Every account's equity now, times a number; None where it is never known."""
        now = self._now if times == 1 else self._now * times
        found: list[int | None] = now.tolist()
        for number in self._unknown.tolist():
            found[number] = None
        return found
