"""A snapshot for Python: `analyzer.open("scan.duckdb")`, tables as pandas DataFrames, exact money.

    db = analyzer.open("scan.duckdb")
    db.accounts()                       equity as Decimal: exact
    db.accounts(money="int")            equity_e18 as int: the contract's own integers
    db.accounts(money="float")          equity_float: for plots, said in its name
    db.sql("SELECT ..."), db.query("nearest_to_liquidation", limit=5)
    db.book()                           the cross-margin book with its prices, to compute on

What is unknown is None (NaN in a float column), never 0. The file is only read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from analyzer.model.errors import InputError
from analyzer.runs.opened import OpenedScan, open_scans
from analyzer.runs.query import run as run_query
from analyzer.store.schema import Kind, Table
from analyzer.store.snapshot import SCHEMA, open_snapshot

if TYPE_CHECKING:
    import pandas as pd

Money = Literal["decimal", "int", "float"]

MONEY: tuple[Money, ...] = ("decimal", "int", "float")
_E18 = "_e18"
_EXACT = Context(prec=100)
"""Wide enough for every 256-bit integer with 18 decimals: nothing is rounded."""


def _pandas() -> Any:
    """pandas, which only this part of the program needs. Raises: InputError without it."""
    try:
        import pandas as pd
    except ImportError as error:
        raise InputError("tables for Python need pandas: pip install 'analyzer[pandas]'") from error
    return pd


class Database:
    """An open snapshot. A context manager; every method reads, none writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._snapshot = open_snapshot(path)

    def tables(self) -> pd.DataFrame:
        """Every table and view: name, kind, comment."""
        found = self._snapshot.tables()
        rows = [(table.name, table.kind, table.comment) for table in found]
        return _table_of(rows, ["name", "kind", "comment"])

    def columns(self, table: str) -> pd.DataFrame:
        """The columns of a table or view: name, type, and what it means. Raises: InputError."""
        for found in self._snapshot.tables():
            if found.name == table:
                rows = [(c.name, c.type, c.comment) for c in found.columns]
                return _table_of(rows, ["name", "type", "comment"])
        raise InputError(f"{self.path} has no table {table!r}: `.tables()` lists them")

    def table(
        self, name: str, *, deployment: str | None = None, money: Money = "decimal"
    ) -> pd.DataFrame:
        """A table of the snapshot, by key, with the deployment in front where a row has a scan.

        money: what its 18-decimal columns hold, see the module. Raises: InputError for an unknown
        table or deployment, or another money.
        """
        table = SCHEMA.get(name)
        if table is None:
            raise InputError(f"{self.path} has no table {name!r}: `.tables()` lists them")
        if money not in MONEY:
            raise InputError(f"money={money!r} is none of {', '.join(MONEY)}")
        rows = [
            (scan, *row)
            for scan_id, scan in self._scan_names(deployment)
            for row in self._snapshot.rows(table, scan_id)
        ]
        return _frame(table, rows, money)

    def _scan_names(self, deployment: str | None) -> list[tuple[str, str]]:
        """(scan id, deployment) of the scans that are wanted. Raises: InputError."""
        _, rows = self._snapshot.query("SELECT scan_id, deployment FROM scans ORDER BY 2, 1")
        if deployment is None:
            return [(str(scan), str(name)) for scan, name in rows]
        found = [(str(scan), str(name)) for scan, name in rows if name == deployment]
        if not found:
            known = ", ".join(str(name) for _, name in rows) or "none"
            raise InputError(f"{self.path} holds no deployment {deployment!r} (it holds: {known})")
        return found

    def scans(self, **options: Any) -> pd.DataFrame:
        """One row per scan: deployment, block, verdict counts, bad debt, how it was verified."""
        return self.table("scans", **options)

    def accounts(self, **options: Any) -> pd.DataFrame:
        """One row per account: equity, margin, headroom, verdict, reason, verified."""
        return self.table("margin", **options)

    def positions(self, **options: Any) -> pd.DataFrame:
        """One row per account and market."""
        return self.table("positions", **options)

    def collateral(self, **options: Any) -> pd.DataFrame:
        """One row per account and token."""
        return self.table("collateral", **options)

    def markets(self, **options: Any) -> pd.DataFrame:
        """One row per market."""
        return self.table("markets", **options)

    def prices(self, **options: Any) -> pd.DataFrame:
        """One row per price, with status, source and age."""
        return self.table("prices", **options)

    def backstops(self, **options: Any) -> pd.DataFrame:
        """The loss waterfall, layer by layer."""
        return self.table("backstops", **options)

    def findings(self, **options: Any) -> pd.DataFrame:
        """One row per finding, with its fingerprint."""
        return self.table("findings", **options)

    def sql(
        self, text: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> pd.DataFrame:
        """The rows of one SQL statement as a DataFrame of Python objects: HUGEINT as int, DECIMAL
        as Decimal, both exact. Raises: InputError with DuckDB's own words."""
        columns, rows = self._snapshot.query(text, parameters)
        return _table_of(rows, columns)

    def query(self, name: str, **parameters: object) -> pd.DataFrame:
        """A stored query (`analyzer query`) as a DataFrame. Raises: InputError."""
        bound = {key: str(value) for key, value in parameters.items()}
        columns, rows = run_query(self.path, name, bound)
        return _table_of(rows, columns)

    def book(self, deployment: str | None = None) -> OpenedScan:
        """One scan's book with its prices and rules: `.plug.margin(.book, .prices)` is its exact
        margin again. Raises: InputError when the snapshot holds several and none is named."""
        scans = open_scans(self.path, () if deployment is None else (deployment,))
        if len(scans) != 1:
            names = ", ".join(scan.deployment.name for scan in scans) or "none"
            raise InputError(f"{self.path} holds {len(scans)} scans: name one of {names}")
        return scans[0]

    def books(self) -> list[OpenedScan]:
        """Every scan's book, by deployment."""
        return open_scans(self.path)

    def close(self) -> None:
        """Closes the file."""
        self._snapshot.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_database(path: str | Path) -> Database:
    """The snapshot at `path`, read-only: what `analyzer.open` is.

    Raises: InputError when there is none, it is not ours, or it is of another version.
    """
    return Database(Path(path))


def _frame(table: Table, rows: Sequence[Sequence[object]], money: Money) -> pd.DataFrame:
    """Rows (deployment first) as a DataFrame: 18-decimal columns as asked, the rest as it is."""
    pandas = _pandas()
    data: dict[str, Any] = {"deployment": [row[0] for row in rows]}
    for place, column in enumerate(table.columns, 1):
        values = [row[place] for row in rows]
        name = column.name
        if name == "deployment":
            continue
        if column.kind in _WIDE and name.endswith(_E18):
            suffix, convert = _MONEY[money]
            name = name.removesuffix(_E18) + suffix
            values = [None if value is None else convert(value) for value in values]
        exact = column.kind in _WIDE and money != "float"
        data[name] = pandas.Series(values, dtype=object) if exact else values
    frame: pd.DataFrame = pandas.DataFrame(data)
    return frame


def _table_of(rows: Sequence[Sequence[object]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as they are: Python objects, nothing converted."""
    frame: pd.DataFrame = _pandas().DataFrame(rows, columns=columns, dtype=object)
    return frame


def _decimal(value: object) -> Decimal:
    """An 18-decimal integer as a Decimal, exact."""
    return Decimal(_integer(value)).scaleb(-18, _EXACT)


def _integer(value: object) -> int:
    """A stored amount. Raises: TypeError for anything else."""
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no amount")
    return value


def _float(value: object) -> float:
    """An 18-decimal integer as the nearest float."""
    return _integer(value) / 10**18


_WIDE = frozenset({Kind.AMOUNT, Kind.UNSIGNED, Kind.INTEGER})
_MONEY: dict[Money, tuple[str, Callable[[object], object]]] = {
    "decimal": ("", _decimal),
    "int": (_E18, _integer),
    "float": ("_float", _float),
}
