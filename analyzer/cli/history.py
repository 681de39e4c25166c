"""`analyzer history`: the time series of a history."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.group import verb
from analyzer.cli.options import exact_option, format_option
from analyzer.cli.show import show_rows


@verb(
    "analyzer history history",
    "analyzer history history --deployment perp-v2-optimism --format csv",
    "analyzer history history --sql 'SELECT * FROM history_margin LIMIT 5' --json",
    short_help="Show the time series of a history.",
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--deployment", metavar="NAME", help="Only this deployment.")
@click.option(
    "--sql",
    "statement",
    metavar="SELECT",
    help="Ask this of the views instead (history_scans, history_margin, history_series, ...).",
)
@exact_option
@format_option
def history(
    *,
    folder: Path,
    deployment: str | None,
    statement: str | None,
    exact: bool,
    format_: str,
    as_json: bool,
) -> int:
    """Show the time series of a history: verdicts, bad debt and shortfall, block by block.

    FOLDER is what `analyzer backfill` wrote. Its file history.sql makes the same views in any
    DuckDB shell.
    """
    from analyzer.api.history import ask, series

    columns, rows = ask(folder, statement) if statement else series(folder, deployment)
    show_rows(columns, rows, "json" if as_json else format_, exact=exact)
    return 0
