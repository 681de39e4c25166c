"""`analyzer export`: a snapshot for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.group import verb
from analyzer.cli.options import db_option
from analyzer.cli.terminal import note


@verb(
    "analyzer export --db scan.duckdb --out old.duckdb --storage v1.0.0",
    "analyzer export --db scan.duckdb --out scan.sqlite --format sqlite",
    "analyzer export --db scan.duckdb --out tables --format parquet",
    "analyzer export --db scan.duckdb --out scan.json --format datasette",
    short_help="Write a snapshot for other programs.",
)
@db_option()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="PATH",
    help="The file to write, or the folder of --format parquet; nothing is replaced.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(("duckdb", "parquet", "sqlite", "datasette")),
    default="duckdb",
    show_default=True,
    help="duckdb for older DuckDBs, sqlite, parquet for everything else; datasette: its metadata "
    "(OUT.json, what every column means) and the SQLite file beside it.",
)
@click.option(
    "--storage",
    metavar="VERSION",
    help="The DuckDB storage version to write. [default: v1.0.0, which DuckDB 1.0 and later open]",
)
def export(*, db: Path, out: Path, format_: str, storage: str | None) -> int:
    """Write a snapshot for other programs; every amount stays exact.

    DuckDB: the same tables and views. Parquet: a file a table, amounts as DECIMAL(38,0). SQLite:
    amounts as decimal text, because its integers end at 64 bits, each with the nearest number
    beside it (`equity_e18_real`) to sort by; the views, with numbers.
    """
    from analyzer.runs.snapshot.export import export as run

    run(db, out, format_=format_, storage=storage)
    note(f"{format_} written to {out}")
    return 0
