"""`analyzer sql`: read-only SQL on a snapshot."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from analyzer.cli.group import verb
from analyzer.cli.options import db_option, format_option
from analyzer.cli.show import show_rows
from analyzer.cli.terminal import note
from analyzer.model.errors import AnalyzerError

PROMPT = "analyzer> "
CONTINUATION = "     ...> "
LIST_TABLES = (
    "SELECT table_name AS name, comment FROM duckdb_tables() WHERE NOT internal "
    "UNION ALL SELECT view_name, comment FROM duckdb_views() WHERE NOT internal ORDER BY 1"
)
"""What \\d runs: every table and view with its comment."""


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
    if not given:
        return _interactive(db, chosen)
    from analyzer.runs.sql import sql as run

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


def _interactive(db: Path, format_: str) -> int:
    """Reads statements up to `;` and shows their results until end of input or `\\q`."""
    import readline  # noqa: F401  (its import gives input() line editing and history)

    from analyzer.runs.sql import sql as run

    run(db, "SELECT 1")
    note("Statements end with ';'. \\d lists the tables, \\q leaves.")
    while True:
        statement = _statement()
        if statement is None:
            return 0
        try:
            columns, rows = run(db, statement)
        except AnalyzerError as error:
            note(f"error: {error}")
            continue
        show_rows(columns, rows, format_)


def _statement() -> str | None:
    """The next statement from the terminal; None at the end of input. Ctrl-C starts afresh."""
    lines: list[str] = []
    while True:
        try:
            line = input(CONTINUATION if lines else PROMPT)
        except EOFError:
            note("")
            return None
        except KeyboardInterrupt:
            note("")
            lines = []
            continue
        word = line.strip()
        if not lines and word in ("\\q", "quit", "exit"):
            return None
        if not lines and word == "\\d":
            return LIST_TABLES
        if word or lines:
            lines.append(line)
        if word.endswith(";"):
            return "\n".join(lines)
