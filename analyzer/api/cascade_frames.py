"""What `Database.stress` and `Database.contagion` give: the document, the findings, the tables.

The tables are those that `--out` writes into a snapshot, row for row, as DataFrames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.api.frames import Money, check_money, table_frame
from analyzer.documents.contagion import ContagionDocument
from analyzer.documents.stress import StressDocument
from analyzer.findings.assessed import Assessed
from analyzer.model.finding import Finding
from analyzer.runs.stress.rows import contagion_rows, stress_rows
from analyzer.store.rows import Row
from analyzer.store.snapshot import SCHEMA

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Stressed:
    """Scenarios that were run. document: what `analyzer stress --format json` says. findings: of
    the scenarios. assessed: each cascade, for computing on."""

    document: StressDocument
    findings: tuple[Finding, ...]
    assessed: tuple[Assessed, ...]

    def results(self, *, money: Money = "decimal") -> pd.DataFrame:
        """One row per scenario and deployment: the table `stress_results`. Raises: InputError."""
        return _frame("stress_results", stress_rows(self.assessed), self.assessed, money)

    def runs(self) -> pd.DataFrame:
        """How each was run (shocks, curves, options, whether its ledger closes): the table
        `contagion_runs`."""
        return _frame("contagion_runs", stress_rows(self.assessed), self.assessed, "decimal")


@dataclass(frozen=True, slots=True)
class Followed:
    """One scenario whose cascade was followed. document: what `analyzer contagion --format json`
    says. assessed: the cascade itself, for computing on."""

    document: ContagionDocument
    findings: tuple[Finding, ...]
    assessed: Assessed

    def results(self, *, money: Money = "decimal") -> pd.DataFrame:
        """One row per deployment: the table `stress_results`."""
        return self._table("stress_results", money)

    def rounds(self, *, money: Money = "decimal") -> pd.DataFrame:
        """One row per round and deployment: the table `cascade_rounds`."""
        return self._table("cascade_rounds", money)

    def edges(self, *, money: Money = "decimal") -> pd.DataFrame:
        """One row per transmission of a loss: the table `contagion_edges`."""
        return self._table("contagion_edges", money)

    def paths(self, *, money: Money = "decimal") -> pd.DataFrame:
        """The largest ways that losses took, in words too: the table `contagion_paths`."""
        return self._table("contagion_paths", money)

    def victims(self, *, money: Money = "decimal") -> pd.DataFrame:
        """Everybody with a loss, failed or bearing: the table `contagion_victims`."""
        return self._table("contagion_victims", money)

    def absorbed(self, *, money: Money = "decimal") -> pd.DataFrame:
        """Those victims that did not fail: who bears what failed accounts lack."""
        victims = self.victims(money=money)
        return victims[~victims["failed"].astype(bool)].reset_index(drop=True)

    def _table(self, name: str, money: Money) -> pd.DataFrame:
        """One of its tables."""
        return _frame(name, contagion_rows(self.assessed), (self.assessed,), money)


def _frame(
    name: str, rows: dict[str, list[Row]], assessed: Sequence[Assessed], money: Money
) -> pd.DataFrame:
    """The rows of one table with their deployments in front. Raises: InputError for a money that
    there is not."""
    check_money(money)
    deployments = {venue.scan_id: name for one in assessed for name, venue in one.venues.items()}
    named = [(deployments[str(row[0])], *row) for row in rows[name]]
    return table_frame(SCHEMA[name], named, money)
