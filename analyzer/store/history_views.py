"""The views over a history's Parquet files: the tables of a snapshot again, with block and time.

history_<table>    the columns of <table>, HUGEINT as in a snapshot, and whose and when
history_series     one row per scan: verdict counts, bad debt, what bears it, the shortfall
"""

from __future__ import annotations

from pathlib import Path

from analyzer.store.owner_view import total_sql
from analyzer.store.parquet import parquet_columns
from analyzer.store.schema import Column, Kind, Table, literal, quoted
from analyzer.store.tables import (
    accounts,
    backstops,
    collateral,
    findings,
    margin,
    markets,
    positions,
    prices,
    reads,
    scans,
    totals,
    verification,
)
from analyzer.store.views import decimal_sql

SCANS_TABLE = scans.TABLE
HISTORY_TABLES: tuple[Table, ...] = tuple(
    module.TABLE
    for module in (
        accounts, margin, collateral, positions, markets, prices, backstops, totals, verification,
        findings, reads, scans,
    )
)  # fmt: skip
"""The tables of a snapshot that a history keeps; `scans` last, because it commits a block."""

SQL_MARK = "-- Views over a history of analyzer"
"""How the file of views begins."""
_WIDE = frozenset({Kind.AMOUNT, Kind.UNSIGNED, Kind.INTEGER})
_PLACE = (
    ("chain_id", "BIGINT", "Chain id."),
    ("protocol", "VARCHAR", "Name of the protocol."),
    ("deployment", "VARCHAR", "Name of the deployment."),
    ("block_number", "BIGINT", "The block."),
    ("block_time", "BIGINT", "Its time, unix seconds."),
    ("day", "DATE", "Its day, UTC."),
)
_SERIES = (
    ("scan_id", "scan_id", "The scan."),
    ("chain_id", "chain_id", "Chain id."),
    ("protocol", "protocol", "Name of the protocol."),
    ("deployment", "deployment", "Name of the deployment."),
    ("block_number", "block_number", "The block."),
    ("block_time", "block_time", "Its time, unix seconds."),
    ("time", "TRY(make_timestamp(block_time * 1000000))", "Its time, UTC."),
    *(
        (name, name, f"Accounts whose verdict is {name}.")
        for name in ("unknown", "insolvent", "liquidatable", "below_initial", "healthy")
    ),
    ("accounts", "accounts", "Accounts in all."),
    ("bad_debt_e18", "hidden_bad_debt_e18", "-Σ min(equity, 0) over known accounts. 18 decimals."),
    ("bad_debt", decimal_sql("hidden_bad_debt_e18"), "The same in the settlement currency."),
    (
        "capacity_e18",
        "capacity_e18",
        "What the bounded layers that have to pay can bear. 18 decimals; NULL = one was not read.",
    ),
    (
        "shortfall_e18",
        "CASE WHEN hidden_bad_debt_e18 IS NULL THEN NULL WHEN capacity_e18 IS NOT NULL"
        # greatest() takes NULL for nothing, so a difference that does not fit is kept out of it.
        " THEN CASE WHEN TRY(hidden_bad_debt_e18 - capacity_e18) IS NOT NULL"
        " THEN greatest(TRY(hidden_bad_debt_e18 - capacity_e18), 0::HUGEINT) END"
        " WHEN hidden_bad_debt_e18 = 0 THEN 0::HUGEINT END",
        "Bad debt beyond that, not negative. 18 decimals; NULL = the capacity is not known.",
    ),
    ("answer", "answer", "`insolvent`, `not_proven`, `covered` or `solvent`."),
    ("caveats", "caveats", "Why it is not proven, in words: a JSON list; `[]` = it is."),
    ("mismatches", "mismatches", "Comparisons in which the contract differs."),
    ("verified_accounts", "verified_accounts", "Accounts that were asked of the contract."),
)
_CAPACITY = (
    "LEFT JOIN (SELECT scan_id, CASE WHEN count(*) = count(capacity_e18) AND"
    f" count(capacity_e18_overflow) = 0 THEN CASE WHEN count(*) = 0 THEN 0::HUGEINT"
    f" ELSE {total_sql('capacity_e18')} END END"
    " AS bounded_e18 FROM history_backstops WHERE kind IN ('fund', 'treasury', 'lp')"
    " AND NOT voluntary AND NOT unlimited GROUP BY scan_id) b USING (scan_id)"
)


def files_of(folder: Path, table: Table) -> list[Path]:
    """The files of one table."""
    return sorted((folder / table.name).glob("*/*/*/*.parquet"))


def views_sql(folder: Path, root: str, *, comments: bool = True) -> str:
    """The statements that make every view, each with its comments, which take most of the time.

    root: how the files are named in them, `.` for a shell that is started in the folder. A table
    of which the folder has no file is an empty view.
    """
    # `scans` first: the others are joined with it, so that a block without it is not seen.
    tables = (SCANS_TABLE, *(table for table in HISTORY_TABLES if table is not SCANS_TABLE))
    parts = [
        f"{SQL_MARK}: cd into its folder, then\n"
        "--   duckdb -init history.sql        (or .read history.sql)\n"
    ]
    parts += [_view(table, root, bool(files_of(folder, table))) for table in tables]
    text = "\n".join([*parts, _series()])
    if comments:
        return text
    return "\n".join(line for line in text.splitlines() if not line.startswith("COMMENT ON"))


def _view(table: Table, root: str, has_files: bool) -> str:
    """The view of one table."""
    own = table is SCANS_TABLE
    columns = [column for column in parquet_columns(table) if not _from_path(column.name)]
    select = [f"t.{_shown(column)}" for column in columns]
    comments = [(column.name, column.comment) for column in columns]
    if own:
        select += ["t.chain AS chain_id", "t.protocol", "t.day", "t.filename"]
    else:
        select += [f"s.{name}" for name, _, _ in _PLACE]
    comments += [(name, text) for name, _, text in _PLACE if not own or _from_path(name)]
    join = "" if own else " JOIN history_scans s USING (scan_id)"
    # A reader sees a block only through its row of `scans`.
    sql = f"SELECT {', '.join(select)} FROM {_source(table, root, has_files)} t{join}"
    name = f"history_{table.name}"
    grain = table.comment if own else f"{table.comment} Of every block of the history."
    return _with_comments(name, sql, grain, comments)


def _source(table: Table, root: str, has_files: bool) -> str:
    """The files of a table, or as many columns without a row."""
    if has_files:
        path = literal(f"{root}/{table.name}/*/*/*/*.parquet")
        types = "{'chain': BIGINT, 'protocol': VARCHAR, 'day': DATE}"
        return (
            f"read_parquet({path}, hive_partitioning = true, hive_types = {types}, filename = true)"
        )
    typed = [(c.name, c.sql_type) for c in parquet_columns(table) if not _from_path(c.name)]
    typed += [
        ("chain", "BIGINT"),
        ("protocol", "VARCHAR"),
        ("day", "DATE"),
        ("filename", "VARCHAR"),
    ]
    listed = ", ".join(f"NULL::{kind} AS {quoted(name)}" for name, kind in typed)
    return f"(SELECT {listed} WHERE false)"


def _from_path(name: str) -> bool:
    """Whether a column is given by the folders' names."""
    return name in ("chain_id", "protocol", "day")


def _shown(column: Column) -> str:
    """A column as a snapshot has it: DECIMAL(38,0) back to HUGEINT."""
    name = quoted(column.name)
    return f"{name}::HUGEINT AS {name}" if column.kind in _WIDE else name


def _series() -> str:
    """The view `history_series`."""
    select = ", ".join(f"{sql} AS {quoted(name)}" for name, sql, _ in _SERIES)
    # A scan without a bounded layer has a capacity of zero, not an unknown one.
    inner = (
        "SELECT s.*, CASE WHEN b.scan_id IS NULL THEN 0::HUGEINT ELSE b.bounded_e18 END"
        f" AS capacity_e18 FROM history_scans s {_CAPACITY}"
    )
    sql = f"SELECT {select} FROM ({inner}) ORDER BY protocol, chain_id, deployment, block_number"
    comment = "The time series. One row per scan."
    return _with_comments("history_series", sql, comment, [(n, text) for n, _, text in _SERIES])


def _with_comments(name: str, sql: str, comment: str, columns: list[tuple[str, str]]) -> str:
    """A CREATE VIEW and its comments."""
    lines = [f"CREATE OR REPLACE VIEW {name} AS {sql};"]
    lines.append(f"COMMENT ON VIEW {name} IS {literal(comment)};")
    lines += [
        f"COMMENT ON COLUMN {name}.{quoted(column)} IS {literal(text)};" for column, text in columns
    ]
    return "\n".join(lines) + "\n"
