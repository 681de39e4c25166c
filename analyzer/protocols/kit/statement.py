"""Lines of a margin statement, collected in reading order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from analyzer.model.rows import StatementLine
from analyzer.protocols.kit.rows_of import RowsOf
from analyzer.protocols.kit.unreadable import Unreadable

E18 = "e18"


class Lines:
    """The lines of one account."""

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id
        self.lines: list[StatementLine] = []

    def add(
        self,
        section: str,
        label: str,
        amount: int | Unreadable | None,
        source: str,
        unit: str = E18,
    ) -> None:
        """One more line; an amount that cannot be had is None, and its reason stands in the
        source."""
        if isinstance(amount, Unreadable):
            source, amount = f"{source}; unknown: {amount}", None
        self.lines.append(StatementLine(self.account_id, section, label, amount, unit, source))


class Statements(RowsOf[StatementLine]):
    """The statements of many accounts, each written when it is asked for.

    A statement is a dozen lines of text around numbers that the book has; of a large book nobody
    reads more than a few. items: the accounts, in book order. make: the lines of one, in reading
    order.
    """

    def of(self, accounts: Collection[str]) -> Iterator[StatementLine]:
        """The lines of some accounts, in book order; of one that is not in the book there are
        none."""
        for account in self.items:
            if account in accounts:
                yield from self.make(account)


def statements_of(
    lines: Sequence[StatementLine], accounts: Collection[str]
) -> Iterator[StatementLine]:
    """The lines of some accounts among those of a whole book."""
    if isinstance(lines, Statements):
        yield from lines.of(accounts)
    else:
        yield from (line for line in lines if line.account_id in accounts)
