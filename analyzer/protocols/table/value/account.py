"""One account's numbers, exact: every leg at its price, cut at 18 decimals.

    value of a leg      = amount x price, cut toward zero at 18 decimals, debts alike
    equity              = collateral - debts + positions + cash
    margin equity       = collateral x (1 - haircut) x threshold + positions + cash
    maintenance         = debts + |positions| x maintenance ratio
    free collateral     = collateral x (1 - haircut) x initial threshold + positions + cash
                          - debts - |positions| x initial ratio

Each product with a share is cut at 18 decimals once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from analyzer.model.book import Book, Prices
from analyzer.protocols.table.rules import E36, Kind, Terms
from analyzer.protocols.table.state.state import TableState, state_of

Leg = tuple[int, int]
"""(number of the book's asset, exact amount)."""
_COLLATERAL, _DEBT, _POSITION, _CASH = range(4)
_CODES = {
    Kind.COLLATERAL: _COLLATERAL,
    Kind.DEBT: _DEBT,
    Kind.POSITION: _POSITION,
    Kind.CASH: _CASH,
}


class Sums(NamedTuple):
    """An account in numbers, 18 decimals. debt_e18: what is owed, not negative; held_e18: sum of
    |positions|; backing: whether some collateral with a threshold is there."""

    equity_e18: int
    margin_equity_e18: int
    maintenance_e18: int
    free_e18: int
    debt_e18: int
    held_e18: int
    backing: bool

    @property
    def headroom_e18(self) -> int:
        """Margin equity less maintenance."""
        return self.margin_equity_e18 - self.maintenance_e18

    @property
    def closable(self) -> bool:
        """Whether there is something that a liquidator may close."""
        return bool(self.held_e18 or (self.debt_e18 and self.backing))


class Valuation:
    """The numbers of a book's accounts at one set of prices, each worked out once."""

    def __init__(self, book: Book, prices: Prices, terms: Sequence[Terms] = ()) -> None:
        """terms: of the book's assets, where they are not those of its state."""
        self.book = book
        self.prices = prices
        self.state: TableState = state_of(book)
        self.terms = terms or self.state.terms
        self._rows = [
            (
                _CODES[terms.kind],
                prices.e18(asset.asset_id),
                10**asset.decimals,
                terms.weight_e36,
                terms.initial_weight_e36,
            )
            for asset, terms in zip(book.assets, self.terms, strict=True)
        ]
        self._sums: list[Sums | str] | None = None

    def all(self) -> list[Sums | str]:
        """Every account in book order: its numbers, or why they are not known."""
        if self._sums is None:
            indptr = self.book.indptr.tolist()
            numbers, amounts = self.book.asset.tolist(), self.book.amount
            self._sums = [
                self.sums((numbers[leg], amounts[leg]) for leg in range(indptr[i], indptr[i + 1]))
                for i in range(len(self.book))
            ]
        return self._sums

    def value_e18(self, number: int, amount: int) -> int | None:
        """An amount of the book's asset `number` at its price; None when it has none."""
        _, price, scale, _, _ = self._rows[number]
        if price is None:
            return None
        value: int = amount * price // scale if amount >= 0 else -(-amount * price // scale)
        return value

    def price_e18(self, number: int) -> int | None:
        """The price of the book's asset `number`."""
        return self._rows[number][1]

    def sums(self, legs: Iterable[Leg]) -> Sums | str:
        """The numbers of some legs, or which price they lack."""
        rows = self._rows
        pledged = backed = first = debt = moving = held = need = initial = 0
        backing = False
        for number, amount in legs:
            kind, price, scale, weight, weight_at_first = rows[number]
            if price is None:
                return f"{self.book.assets[number].symbol} has no price"
            value = amount * price // scale if amount >= 0 else -(-amount * price // scale)
            if kind == _COLLATERAL:
                pledged += value
                backed += value * weight // E36
                first += value * weight_at_first // E36
                backing = backing or (amount > 0 and weight > 0)
            elif kind == _DEBT:
                debt -= value
            else:
                moving += value
                if kind == _POSITION:
                    size = abs(value)
                    held += size
                    need += size * weight // E36
                    initial += size * weight_at_first // E36
        return Sums(
            pledged + moving - debt,
            backed + moving,
            debt + need,
            first + moving - debt - initial,
            debt,
            held,
            backing,
        )

    def legs(self, account: int) -> Iterator[Leg]:
        """The legs of account number `account`."""
        start, stop = int(self.book.indptr[account]), int(self.book.indptr[account + 1])
        for leg in range(start, stop):
            yield int(self.book.asset[leg]), self.book.amount[leg]
