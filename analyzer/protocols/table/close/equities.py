"""Every account's equity at once, exact: a leg's value is worked out again when its price moves.

    equity = sum over the account's legs of amount x price, each cut toward zero at 18 decimals

Python's integers in numpy's arrays: as exact as one account after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from analyzer.protocols.table.value.account import Leg, Valuation

Integers = npt.NDArray[np.object_]


class Equities:
    """The equities of some accounts, [account], at prices that move.

    legs: of each account. Accounts with a leg that has no price are unknown.
    """

    def __init__(self, valuation: Valuation, legs: Sequence[Sequence[Leg]]) -> None:
        counts = [len(own) for own in legs]
        owner = np.repeat(np.arange(len(legs)), counts)
        numbers = np.array([n for own in legs for n, _ in own], dtype=np.int64)
        amounts = [amount for own in legs for _, amount in own]
        self._begin(valuation, owner, numbers, amounts, len(legs))

    @staticmethod
    def of_book(valuation: Valuation) -> Equities:
        """Of all accounts, as they are in the book."""
        book = valuation.book
        made = Equities.__new__(Equities)
        owner = np.repeat(np.arange(len(book)), np.diff(book.indptr))
        made._begin(valuation, owner, book.asset, book.amount, len(book))
        return made

    def _begin(
        self,
        valuation: Valuation,
        owner: npt.NDArray[np.int64],
        numbers: npt.NDArray[np.int64] | npt.NDArray[np.int32],
        amounts: Sequence[int],
        accounts: int,
    ) -> None:
        """Puts the legs together by asset and values them."""
        all_amounts: Integers = np.empty(len(amounts), dtype=object)
        all_amounts[:] = amounts
        self.known = np.ones(accounts, dtype=np.bool_)
        self.now: Integers = np.zeros(accounts, dtype=object)
        self._prices: dict[int, int] = {}
        self._scale = [10**asset.decimals for asset in valuation.book.assets]
        self._groups: dict[int, list[tuple[npt.NDArray[np.int64], Integers, int]]] = {}
        self._values: dict[int, list[Integers]] = {}
        order = np.argsort(numbers, kind="stable")
        found, starts = np.unique(numbers[order], return_index=True)
        for number, places in zip(found.tolist(), np.split(order, starts[1:]), strict=True):
            price = valuation.price_e18(number)
            if price is None:
                self.known[owner[places]] = False
                continue
            own = all_amounts[places]
            negative = np.asarray(own < 0, dtype=np.bool_)
            parts = [(~negative, 1), (negative, -1)]
            self._groups[number] = [
                (owner[places[sign]], own[sign] * factor, factor)
                for sign, factor in parts
                if sign.any()
            ]
            self.move(number, price)

    def move(self, number: int, price_e18: int) -> None:
        """The price of the book's asset `number` from now on."""
        groups = self._groups.get(number)
        if groups is None or self._prices.get(number) == price_e18:
            return
        before = self._values.get(number)
        values = []
        for place, (owner, size, sign) in enumerate(groups):
            value = size * price_e18 // self._scale[number] * sign
            np.add.at(self.now, owner, value if before is None else value - before[place])
            values.append(value)
        self._values[number], self._prices[number] = values, price_e18

    def move_to(self, ids: Mapping[str, Sequence[int]], prices_e18: Mapping[str, int]) -> None:
        """The same by asset. ids: asset -> its numbers in the book."""
        for asset, price in prices_e18.items():
            for number in ids.get(asset, ()):
                self.move(number, price)

    def listed(self) -> list[int | None]:
        """Every account's equity now; None where it is unknown."""
        found: list[int | None] = self.now.tolist()
        for number in np.flatnonzero(~self.known).tolist():
            found[number] = None
        return found
