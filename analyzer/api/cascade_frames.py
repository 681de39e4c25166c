"""What `Database.stress` and `Database.contagion` give: the document, the findings, the tables.

The tables are those that `--out` writes into a snapshot, row for row, as DataFrames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from analyzer.api.frames import Money, check_money, plain_frame, table_frame
from analyzer.documents.contagion import ContagionDocument
from analyzer.documents.stress import StressDocument
from analyzer.documents.sweep import (
    ExactBesideBatch,
    Quantile,
    SweepDocument,
    SweptScenario,
)
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
class Swept:
    """Many scenarios that were run at once. document: what `analyzer stress --batch --format json`
    says. findings, assessed: of the worst ones, run exactly."""

    document: SweepDocument
    findings: tuple[Finding, ...]
    assessed: tuple[Assessed, ...]

    def scenarios(self) -> pd.DataFrame:
        """One row per scenario, by the linear twin in float64: accounts closed, notional, bad debt
        before any waterfall (None = unknown), rounds, undecided accounts; shocks and prices as
        mappings of multiples by factor."""
        return _entries(self.document.scenarios, SweptScenario)

    def quantiles(self) -> pd.DataFrame:
        """Bad debt in USD that a share of the scenarios does not exceed."""
        return _entries(self.document.quantiles, Quantile)

    def exact(self) -> pd.DataFrame:
        """The block's own prices and the worst scenarios by both cascades: exact bad debt as int
        (18 decimals), and how far the batch is off in USD."""
        return _entries(self.document.exact, ExactBesideBatch)

    def results(self, *, money: Money = "decimal") -> pd.DataFrame:
        """One row per exact scenario and deployment: the table `stress_results`."""
        return _frame("stress_results", stress_rows(self.assessed), self.assessed, money)


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


def _entries(entries: Sequence[Any], kind: type[Any]) -> pd.DataFrame:
    """A document's entries of one kind, a column a field."""
    columns = [field.name for field in fields(kind)]
    return plain_frame([[getattr(e, name) for name in columns] for e in entries], columns)


def _frame(
    name: str, rows: dict[str, list[Row]], assessed: Sequence[Assessed], money: Money
) -> pd.DataFrame:
    """The rows of one table with their deployments in front. Raises: InputError for a money that
    there is not."""
    check_money(money)
    deployments = {venue.scan_id: name for one in assessed for name, venue in one.venues.items()}
    named = [(deployments[str(row[0])], *row) for row in rows[name]]
    return table_frame(SCHEMA[name], named, money, ("deployment",))
