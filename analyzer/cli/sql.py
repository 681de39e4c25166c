"""`analyzer sql`: read-only SQL on a snapshot."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from analyzer.cli.group import verb
from analyzer.cli.options import db_option, format_option
from analyzer.cli.show import show_rows


@verb(
    "analyzer sql 'SELECT verdict, count(*) FROM margin GROUP BY verdict' --db scan.duckdb",
    "analyzer sql --file report.sql --db scan.duckdb --format csv",
    "analyzer sql --db scan.duckdb",
    short_help="Run read-only SQL on a snapshot.",
)
@click.argument("statement", required=False)
@click.option("-c", "command", metavar="SQL", help="The statement, as an option.")
@click.option(
    "-f", "--file", "file", type=click.Path(path_type=Path), help="Read the SQL from this file."
)
@db_option()
@format_option
def sql(
    *,
    statement: str | None,
    command: str | None,
    file: Path | None,
    db: Path,
    format_: str,
    as_json: bool,
) -> int:
    """Run SQL on a snapshot, read-only: one statement, a file, or interactively.

    Without a statement: interactive on a terminal, else from standard input. `DESCRIBE` and the
    comments in `duckdb_columns()` explain the schema.
    """
    given = [text for text in (statement, command) if text is not None]
    if len(given) + (file is not None) > 1:
        raise click.UsageError("Give one of STATEMENT, -c and --file", click.get_current_context())
    chosen = "json" if as_json else format_
    if file is not None:
        given = [_read(file)]
    elif not given and not sys.stdin.isatty():
        given = [sys.stdin.read()]
    from analyzer.runs.sql import sql as run

    if not given:
        from analyzer.cli.sql_shell import interact

        return interact(lambda text: run(db, text), chosen)

    columns, rows = run(db, given[0])
    show_rows(columns, rows, chosen)
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(
            f"Cannot read {path}: {error}", click.get_current_context()
        ) from error
