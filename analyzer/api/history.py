"""A history for people and for Python: the time series, its views, its tables as DataFrames.

    history = analyzer.open_history("history")
    history.series()                     one row per deployment and block
    history.accounts(money="float")      every account at every block, as of a snapshot
    history.arrow("margin")              the same for Arrow, without pandas
    history.table("margin")              history_margin, every account at every block
    history.sql("SELECT ...")            over the views history_scans, history_margin, ...

Amounts are ints (`_e18`) and Decimals, exact; what is unknown is None, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.api.kin import Kept, Kin
from analyzer.model.closest import did_you_mean
from analyzer.model.errors import InputError, lacks_extra
from analyzer.protocols.registry import name_among
from analyzer.store.history import open_history as open_store
from analyzer.store.snapshot import SCHEMA

if TYPE_CHECKING:
    import pandas as pd

_SERIES = (
    "SELECT deployment, block_number AS block, strftime(time, '%Y-%m-%d %H:%M:%S') AS time,"
    " accounts, unknown, insolvent, liquidatable, below_initial, healthy, bad_debt,"
    " TRY_CAST(shortfall_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS shortfall,"
    " mismatches, answer FROM history_series"
    " ORDER BY protocol, chain_id, deployment, block_number"
)


def series(folder: Path, deployment: str | None = None) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The time series for people: (columns, rows), by deployment and block; times are UTC.

    Raises: InputError when there is no such history or deployment.
    """
    with open_store(folder) as history:
        columns, rows = history.query(_SERIES)
    if deployment is None:
        return columns, rows
    wanted = name_among(deployment, [str(row[0]) for row in rows])
    found = [row for row in rows if row[0] == wanted]
    if not found:
        known = ", ".join(sorted({str(row[0]) for row in rows})) or "none"
        raise InputError(f"{folder} holds no deployment '{deployment}' (it holds: {known})")
    return columns, found


def ask(folder: Path, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """One SQL statement over the views: (columns, rows). Raises: InputError."""
    with open_store(folder) as history:
        return history.query(sql)


class HistoryDatabase(Kin):
    """An open history. A context manager; every method reads, none writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._history = open_store(folder)

    def series(self) -> pd.DataFrame:
        """One row per deployment and block: verdict counts, bad debt, capacity, shortfall."""
        return self.sql("SELECT * FROM history_series")

    def table(self, name: str) -> pd.DataFrame:
        """A table of the history over all its blocks (`margin`, `prices`, `findings`, ...).

        Raises: InputError for an unknown one.
        """
        views = {view.name for view in self._history.tables()}
        if f"history_{name}" not in views:
            known = ", ".join(sorted(view.removeprefix("history_") for view in views))
            raise InputError(f"{self.folder} has no table {name!r} (it has: {known})")
        return self.sql(f"SELECT * FROM history_{name} ORDER BY deployment, block_number")

    def _kept(self, name: str, deployment: str | None) -> Kept:
        """The rows of a table of a snapshot at every block. Raises: InputError."""
        table = SCHEMA.get(name)
        if table is None:
            raise InputError(f"{self.folder} has no table {name!r}{did_you_mean(name, SCHEMA)}")
        wanted = None
        if deployment is not None:
            found = self._history.query("SELECT DISTINCT deployment FROM history_scans")[1]
            known = [str(row[0]) for row in found]
            wanted = name_among(deployment, known)
            if wanted not in known:
                listed = ", ".join(sorted(known)) or "none"
                raise InputError(
                    f"{self.folder} holds no deployment '{deployment}' (it holds: {listed})"
                )
        rows = self._history.rows_of(table, wanted)
        return Kept(table, ("deployment", "block_number"), rows)

    def sql(
        self, text: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> pd.DataFrame:
        """The rows of one SQL statement as a DataFrame of Python objects, exact.

        Raises: InputError with DuckDB's own words, and without pandas.
        """
        columns, rows = self._history.query(text, parameters)
        try:
            import pandas as pd
        except ImportError as error:
            raise lacks_extra("a table for Python", "pandas") from error
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def close(self) -> None:
        """Closes the views."""
        self._history.close()

    def __enter__(self) -> HistoryDatabase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_history(folder: str | Path) -> HistoryDatabase:
    """The history in `folder`: what `analyzer.open_history` is.

    Raises: InputError when there is none, or it is of another version.
    """
    return HistoryDatabase(Path(folder))
