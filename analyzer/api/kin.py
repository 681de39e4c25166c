"""`accounts()` and its kin: the same tables of one snapshot, of several, and of a history."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.api.frames import Money, check_money, table_frame
from analyzer.store.parquet import arrow_table
from analyzer.store.schema import Table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of a table. lead: columns in front of the table's own, whose values begin each row."""

    table: Table
    lead: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


class Kin(ABC):
    """Tables by name. Every method takes `deployment=` (only this one) and, but for `arrow`,
    `money=` (what 18-decimal columns hold, see `analyzer.api.database`)."""

    @abstractmethod
    def _kept(self, name: str, deployment: str | None) -> Kept:
        """The rows of a table. Raises: InputError for an unknown table or deployment."""

    def _frame(
        self, name: str, *, deployment: str | None = None, money: Money = "decimal"
    ) -> pd.DataFrame:
        """A table as a frame, with what its rows are of in front."""
        check_money(money)
        kept = self._kept(name, deployment)
        return table_frame(kept.table, kept.rows, money, kept.lead)

    def arrow(self, name: str, *, deployment: str | None = None) -> pa.Table:
        """A table for Arrow, as `analyzer export --format parquet` has it: amounts as
        decimal128(38, 0), exact, and what does not fit in `<name>_overflow`; unknown is null; what
        its rows are of in front. Needs no pandas. Raises: InputError as the others."""
        import pyarrow

        kept = self._kept(name, deployment)
        first = len(kept.lead)
        found = arrow_table(kept.table, [row[first:] for row in kept.rows], {})
        for place, lead in enumerate(kept.lead):
            if lead in found.column_names:
                found = found.drop_columns([lead])
            kind = pyarrow.int64() if lead == "block_number" else pyarrow.string()
            values = pyarrow.array([row[place] for row in kept.rows], kind)
            found = found.add_column(place, lead, values)
        return found

    def scans(self, **options: Any) -> pd.DataFrame:
        """One row per scan: deployment, block, verdict counts, bad debt, how it was verified."""
        return self._frame("scans", **options)

    def accounts(self, **options: Any) -> pd.DataFrame:
        """One row per account: equity, margin, headroom, verdict, reason, verified."""
        return self._frame("margin", **options)

    def positions(self, **options: Any) -> pd.DataFrame:
        """One row per account and market."""
        return self._frame("positions", **options)

    def collateral(self, **options: Any) -> pd.DataFrame:
        """One row per account and token."""
        return self._frame("collateral", **options)

    def markets(self, **options: Any) -> pd.DataFrame:
        """One row per market."""
        return self._frame("markets", **options)

    def prices(self, **options: Any) -> pd.DataFrame:
        """One row per price, with status, source and age."""
        return self._frame("prices", **options)

    def backstops(self, **options: Any) -> pd.DataFrame:
        """The loss waterfall, layer by layer."""
        return self._frame("backstops", **options)

    def findings(self, **options: Any) -> pd.DataFrame:
        """One row per finding, with its fingerprint."""
        return self._frame("findings", **options)
