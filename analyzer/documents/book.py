"""What `book import` says: the answer of a table's book, and what the table was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from analyzer.documents.encode import Amount
from analyzer.documents.scan import JudgedDocument, JudgedRun


@dataclass(frozen=True, slots=True)
class BookRun(JudgedRun):
    """A run of `book import`. source: `table`. snapshot: the file's name."""

    started_at: datetime
    finished_at: datetime
    snapshot: str
    fail_on: str


@dataclass(frozen=True, slots=True)
class BookTable:
    """The table itself. positions, prices, rules: names of the files, `given` for what Python gave.
    content: hash of the book, which stands for a block's. unit: of account, of every amount. rows,
    accounts, owners: how many the table has. below_maintenance: accounts with less margin equity
    than maintenance, and lacking_e18: how much they lack together (18 decimals). notes: what was
    read otherwise than as plain decimals, in words."""

    positions: str
    prices: str
    rules: str
    content: str
    unit: str
    rows: int
    accounts: int
    owners: int
    below_maintenance: int
    lacking_e18: Amount
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BookDocument(JudgedDocument):
    """What `analyzer book import` says. Its one scan is of protocol `table`, chain 0, block 0: of
    no chain, and nothing in it was compared with one."""

    KIND: ClassVar[str] = "book"

    run: BookRun
    book: BookTable
