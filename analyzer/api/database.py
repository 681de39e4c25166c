"""A snapshot for Python: `analyzer.open("scan.duckdb")`, tables as pandas DataFrames, exact money.

    db = analyzer.open("scan.duckdb")
    db.accounts()                       equity as Decimal: exact
    db.accounts(money="int")            equity_e18 as int: the contract's own integers
    db.accounts(money="float")          equity_float: for plots, said in its name
    db.arrow("margin")                  the same for Arrow, exact, without pandas
    db.sql("SELECT ..."), db.query("nearest_to_liquidation", limit=5)
    db.book()                           the cross-margin book with its prices, to compute on
    db.stress(shocks="ETH=-30%")        scenarios with their cascades: .results(), .findings
    db.contagion(shock="ETH=-30%")      one cascade: .rounds(), .paths(), .absorbed()
    db.sweep(frame)                     many scenarios at once: .scenarios(), .exact()

What is unknown is None (NaN in a float column), never 0. The file is only read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.api.frames import Money, plain_frame
from analyzer.api.kin import Kept, Kin
from analyzer.model.closest import did_you_mean
from analyzer.model.errors import InputError
from analyzer.protocols.registry import name_among
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.query import run as run_query
from analyzer.runs.snapshot.reader import read_books
from analyzer.store.snapshot import SCHEMA, open_snapshot

if TYPE_CHECKING:
    import pandas as pd

    from analyzer.api.cascade_frames import Followed, Stressed, Swept
    from analyzer.runs.stress.batch import Columns
    from analyzer.runs.stress.stress import StressOptions


class Database(Kin):
    """An open snapshot. A context manager; every method reads, none writes.

    external: see `analyzer.open`.
    """

    def __init__(self, path: Path, *, external: bool = False) -> None:
        self.path = path
        self._snapshot = open_snapshot(path, external=external)

    def tables(self) -> pd.DataFrame:
        """Every table and view: name, kind, comment."""
        found = self._snapshot.tables()
        rows = [(table.name, table.kind, table.comment) for table in found]
        return plain_frame(rows, ["name", "kind", "comment"])

    def columns(self, table: str) -> pd.DataFrame:
        """The columns of a table or view: name, type, and what it means. Raises: InputError."""
        for found in self._snapshot.tables():
            if found.name == table:
                rows = [(c.name, c.type, c.comment) for c in found.columns]
                return plain_frame(rows, ["name", "type", "comment"])
        raise InputError(f"{self.path} has no table {table!r}: `.tables()` lists them")

    def table(
        self, name: str, *, deployment: str | None = None, money: Money = "decimal"
    ) -> pd.DataFrame:
        """A table of the snapshot, by key, with the deployment in front where a row has a scan.

        money: what its 18-decimal columns hold, see the module. Raises: InputError for an unknown
        table or deployment, or another money.
        """
        return self._frame(name, deployment=deployment, money=money)

    def _kept(self, name: str, deployment: str | None) -> Kept:
        """The rows of a table, by key. Raises: InputError."""
        table = SCHEMA.get(name)
        if table is None:
            close = did_you_mean(name, SCHEMA)
            raise InputError(f"{self.path} has no table {name!r}{close}: `.tables()` lists them")
        rows = [
            (scan, *row)
            for scan_id, scan in self._scan_names(deployment)
            for row in self._snapshot.rows(table, scan_id)
        ]
        return Kept(table, ("deployment",), rows)

    def blocks(self) -> dict[str, int]:
        """Scan id -> number of its block."""
        _, rows = self._snapshot.query("SELECT scan_id, block_number FROM scans")
        return {str(scan): int(number) for scan, number in rows}

    def _scan_names(self, deployment: str | None) -> list[tuple[str, str]]:
        """(scan id, deployment) of the scans that are wanted. Raises: InputError."""
        _, rows = self._snapshot.query("SELECT scan_id, deployment FROM scans ORDER BY 2, 1")
        if deployment is None:
            return [(str(scan), str(name)) for scan, name in rows]
        wanted = name_among(deployment, [str(name) for _, name in rows])
        found = [(str(scan), str(name)) for scan, name in rows if name == wanted]
        if not found:
            known = ", ".join(str(name) for _, name in rows) or "none"
            raise InputError(f"{self.path} holds no deployment {deployment!r} (it holds: {known})")
        return found

    def sql(
        self, text: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> pd.DataFrame:
        """The rows of one SQL statement as a DataFrame of Python objects: HUGEINT as int, DECIMAL
        as Decimal, both exact. Raises: InputError with DuckDB's own words."""
        columns, rows = self._snapshot.query(text, parameters)
        return plain_frame(rows, columns)

    def query(self, name: str, **parameters: object) -> pd.DataFrame:
        """A stored query (`analyzer query`) as a DataFrame. Raises: InputError."""
        bound = {key: str(value) for key, value in parameters.items()}
        columns, rows = run_query(self.path, name, bound)
        return plain_frame(rows, columns)

    def book(self, deployment: str | None = None) -> ScanBook:
        """One scan's book with its prices and rules: `.plug.margin(.valued)` is its exact
        margin again. Raises: InputError when the snapshot holds several and none is named."""
        scans = read_books(self.path, () if deployment is None else (deployment,))
        if len(scans) != 1:
            names = ", ".join(scan.deployment.name for scan in scans) or "none"
            raise InputError(f"{self.path} holds {len(scans)} scans: name one of {names}")
        return scans[0]

    def books(self) -> list[ScanBook]:
        """Every scan's book, by deployment."""
        return read_books(self.path)

    def stress(
        self,
        *,
        scenarios: str | Sequence[str] = (),
        shocks: str | Sequence[str] = (),
        deployments: str | Sequence[str] = (),
        depth: str | Path | None = None,
        order: str = "batch",
        order_range: str = "never",
    ) -> Stressed:
        """What scenarios do to the book, cascade included, as `analyzer stress` runs them.

        scenarios: names or files; shocks: in words (`ETH=-30%`); with neither, every scenario that
        ships and the uniform ray (39 cascades and 9). deployments: only these; none means all,
        together. depth: a depth file; pools that it names are not read here, as there is no node,
        and their depth stays unknown. order, order_range: as `--order` and `--order-range`: the
        latter ("auto", "always") adds the range of bad debt over orders of liquidation. Nothing is
        written. What is incomplete makes `.document["run"]["exit_code"]` 3. Raises: InputError for
        wrong input.
        """
        from analyzer.api.cascade_frames import Stressed
        from analyzer.runs.stress.stress import stress

        asked = self._asked(scenarios, shocks, deployments, depth, order, order_range)
        outcome = stress(asked, _no_progress)
        return Stressed(outcome.document, tuple(outcome.findings), tuple(outcome.assessed))

    def sweep(
        self,
        table: pd.DataFrame | str | Path | None = None,
        *,
        n: int | None = None,
        returns: str | Path | None = None,
        seed: int | None = None,
        exact: int = 3,
        deployments: str | Sequence[str] = (),
        depth: str | Path | None = None,
        order: str = "batch",
    ) -> Swept:
        """Many scenarios at once through the linear twin in float64, then the exact cascade for the
        worst, as `analyzer stress --batch` runs them. `.document.leaves_out` says what the first
        does not know.

        table: a row a scenario, a column a factor, cells are moves of the block's price (-0.3 is
        -30 %), an optional column `name`; a frame, or a CSV or Parquet file. Or n dates drawn from
        the price history `returns` with `seed` (default 0), all factors of a date together. exact:
        for how many of the worst. The rest is as for `stress`. Raises: InputError for wrong input.
        """
        from analyzer.api.cascade_frames import Swept
        from analyzer.runs.stress.sweep import SweepOptions, sweep

        asked = self._asked((), (), deployments, depth, order)
        if table is None or isinstance(table, str | Path):
            given: Path | Columns | None = None if table is None else Path(table)
        else:
            names = [str(name) for name in table.columns]
            if len(set(names)) < len(names):
                raise InputError(f"the table has two columns of one name: {', '.join(names)}")
            given = {name: table.iloc[:, at].tolist() for at, name in enumerate(names)}
        options = SweepOptions(
            replace(asked, returns=None if returns is None else Path(returns)),
            table=given,
            draws=n,
            seed=seed,
            exact=exact,
        )
        outcome = sweep(options, _no_progress)
        return Swept(outcome.document, tuple(outcome.findings), tuple(outcome.assessed))

    def contagion(
        self,
        *,
        shock: str | None = None,
        scenario: str | None = None,
        deployments: str | Sequence[str] = (),
        depth: str | Path | None = None,
        order: str = "batch",
        order_range: str = "never",
        paths: int = 100,
        what_if: int = 0,
    ) -> Followed:
        """One cascade, followed: rounds, edges, paths, who pays, as `analyzer contagion` does.

        shock or scenario: exactly one. paths: how many at most. what_if: for how many of the
        largest root accounts it is run again without their failure (in the document). The rest is
        as for `stress`. Raises: InputError for wrong input.
        """
        from analyzer.api.cascade_frames import Followed
        from analyzer.runs.stress.contagion import ContagionOptions, contagion

        asked = self._asked(
            _listed(scenario), _listed(shock), deployments, depth, order, order_range
        )
        outcome = contagion(ContagionOptions(asked, paths=paths, what_if=what_if), _no_progress)
        return Followed(outcome.document, tuple(outcome.findings), outcome.assessed)

    def _asked(
        self,
        scenarios: str | Sequence[str],
        shocks: str | Sequence[str],
        deployments: str | Sequence[str],
        depth: str | Path | None,
        order: str,
        order_range: str = "never",
    ) -> StressOptions:
        """The same question as the commands would be asked. It writes no file."""
        from analyzer.runs.stress.stress import StressOptions

        return StressOptions(
            db=self.path,
            deployments=_listed(deployments),
            scenarios=_listed(scenarios),
            shocks=_listed(shocks),
            depth=None if depth is None else Path(depth),
            order=order,
            order_range=order_range,
            fail_on="never",
        )

    def close(self) -> None:
        """Closes the file."""
        self._snapshot.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_database(path: str | Path, *, external: bool = False) -> Database:
    """The snapshot at `path`, read-only: what `analyzer.open` is.

    A snapshot may come from anybody, so its SQL reaches nothing else: no other file, no extension,
    no setting, no variable of Python. external=True lifts that, for a file of one's own only:
    then `.sql` does whatever DuckDB can, read_csv and COPY included, with the rights of whoever
    runs it, and so do the views and macros that the file carries.
    Raises: InputError when there is none, it is not ours, of another version, or damaged.
    """
    return Database(Path(path), external=external)


def _listed(asked: str | Sequence[str] | None) -> tuple[str, ...]:
    """One name, several or none, as a tuple."""
    if asked is None:
        return ()
    return (asked,) if isinstance(asked, str) else tuple(asked)


def _no_progress(_what: str, _done: int, _total: int) -> None:
    """A library says nothing while it works."""
