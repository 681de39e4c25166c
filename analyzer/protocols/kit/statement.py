"""Lines of a margin statement, collected in reading order."""

from __future__ import annotations

from analyzer.model.rows import StatementLine
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
