"""The page of the tables and views of a snapshot, made from their definitions.

`python tests/support/pages/schema_page.py` writes `docs/schema.md`; a test compares.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from analyzer.store.reader import DescribedTable
from analyzer.store.snapshot import SCHEMA, open_snapshot, write_snapshot
from analyzer.store.tables import VERSION

PAGE = Path(__file__).resolve().parents[3] / "docs" / "schema.md"

OVERFLOW = "_overflow"
"""How the column is named that takes what does not fit its own."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Scans": ("scans", "runs", "implementations", "reads"),
    "Accounts": ("accounts", "margin", "positions", "collateral", "orders", "statements"),
    "Markets, prices and backstops": ("markets", "prices", "backstops"),
    "Findings": ("findings",),
    "Quality": ("totals", "verification", "silent_changes", "cautions"),
    "Proofs": ("certificates", "proved_words", "proved_codes"),
    "Stress and contagion": (
        "contagion_runs", "stress_results", "cascade_rounds", "cascade_markets",
        "contagion_edges",
        "contagion_victims", "contagion_paths", "distances", "liquidation_wall", "sweep_results",
    ),
    "Risk": ("risk_accounts", "risk_classes", "risk_spirals"),
    "Decisions": (
        "risk_sizes", "risk_unwinds", "risk_what_ifs", "risk_what_if_accounts", "risk_exits",
        "risk_leavers", "risk_liquidations", "risk_covers", "risk_shares", "risk_winners",
    "risk_importance",
    ),
    "The book itself": ("books",),
    "Readable views": (
        "v_accounts", "v_margin", "v_owners", "v_positions", "v_collateral", "v_findings",
    ),
}  # fmt: skip
"""Every table and view under its heading; one that is in none, or in two, is an error."""

HEAD = f"""# The tables of a snapshot

Made from the definitions in `analyzer/store` by `tests/support/pages/schema_page.py`: version
{VERSION} of the tables. A snapshot is one DuckDB file and says the same of itself:
`analyzer sql --db FILE` with `\\d`, `DESCRIBE`, `duckdb_columns()`, or
`analyzer.open(FILE).columns("margin")`.

- `_e18` is a whole number with 18 decimals of the unit that the comment names, exact; `_e6` is
  parts per million. HUGEINT, BIGINT and DECIMAL are exact; DOUBLE is a ratio, a risk figure or what
  was swept over many prices, and no verdict hangs on it. NULL = unknown, never 0.
- `HUGEINT +`: beside it lies a column `<name>_overflow` (BLOB), left out here. It holds what does
  not fit HUGEINT, so that one absurd balance breaks nothing; the HUGEINT is NULL then. Python's
  `db.table(...)` joins both. In a view such an amount is NULL, and `out_of_range` is true.
- The key is marked with *. Tables hold every scan of the file, so that a join needs `scan_id`.
"""


def page() -> str:
    """The whole page. Raises: ValueError for a table or view that is in no group, or in two."""
    with tempfile.TemporaryDirectory(prefix="analyzer-schema-") as folder:
        path = Path(folder) / "empty.duckdb"
        write_snapshot(path, {})
        with open_snapshot(path) as snapshot:
            tables = {table.name: table for table in snapshot.tables()}
    grouped = [name for names in GROUPS.values() for name in names]
    wrong = set(grouped) ^ set(tables)
    if wrong or len(grouped) != len(set(grouped)):
        raise ValueError(f"not in exactly one group of schema_page.py: {sorted(wrong)}")
    parts = [HEAD]
    for group, names in GROUPS.items():
        parts.append(f"## {group}\n")
        parts += ["\n".join(_section(tables[name])) for name in names]
    return "\n".join(parts)


def _section(table: DescribedTable) -> Iterator[str]:
    """One table or view, line by line."""
    yield f"### `{table.name}`\n"
    yield f"{table.comment}\n"
    yield "| Column | Type | Meaning |"
    yield "|---|---|---|"
    known = SCHEMA.get(table.name)
    keys = known.key if known is not None else ()
    beside = [c.name for c in known.columns if c.overflow] if known is not None else []
    for column in table.columns:
        if column.name.removesuffix(OVERFLOW) in beside and column.name not in beside:
            continue
        name = f"`{column.name}`{' *' if column.name in keys else ''}"
        kind = f"{column.type}{' +' if column.name in beside else ''}"
        yield f"| {name} | {kind} | {column.comment.replace('|', '&#124;')} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
