"""What a table's book is made of beside its legs: rules, terms of legs, prices, and the extent."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.book import Book
from analyzer.protocols.kit.staged import checked_type
from analyzer.protocols.table.rules import Kind, Rules, Terms


@dataclass(frozen=True, slots=True)
class TablePrice:
    """The price of one asset as the table has it, 18 decimals; None = the cell is empty."""

    price_e18: int | None
    factor: str
    fixed: bool
    source: str


@dataclass(frozen=True, slots=True)
class TableState:
    """terms[n]: of the book's asset number n. prices: by asset. rows, accounts: how many the table
    itself has, counted before the book was made of it. taken_at: unix seconds, 0 = not said."""

    rules: Rules
    terms: list[Terms]
    prices: dict[str, TablePrice]
    rows: int
    accounts: int
    taken_at: int

    @property
    def cash_number(self) -> int:
        """The number of the asset that is money: it is always there, and always the last."""
        return len(self.terms) - 1

    def kind(self, number: int) -> Kind:
        """What a leg of the book's asset `number` is."""
        return self.terms[number].kind


def state_of(book: Book) -> TableState:
    """The book's state. Raises: TypeError for another protocol's."""
    return checked_type(book.state, TableState, "book")
