"""`analyzer sql`: read-only SQL on a snapshot."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from analyzer.cli.group import verb
from analyzer.cli.options import FORMATS, db_option, exact_option, with_files, with_option
from analyzer.cli.outputs import Output, check_outputs, outputs_option
from analyzer.cli.show import show_rows_in
from analyzer.cli.terminal import is_terminal, read_file, read_input


@verb(
    "analyzer sql 'SELECT verdict, count(*) FROM margin GROUP BY verdict' --db scan.duckdb",
    "analyzer sql --file report.sql --db scan.duckdb --format csv",
    "analyzer sql --file report.sql --db scan.duckdb --with labels=labels.csv --format csv=out.csv",
    "analyzer sql --db scan.duckdb",
    short_help="Run read-only SQL on a snapshot.",
)
@click.argument("statement", required=False)
@click.option("-c", "command", metavar="SQL", help="The statement, as an option.")
@click.option(
    "-f", "--file", "file", type=click.Path(path_type=Path), help="Read the SQL from this file."
)
@db_option()
@with_option
@exact_option
@outputs_option(*FORMATS)
def sql(
    *,
    statement: str | None,
    command: str | None,
    file: Path | None,
    db: Path,
    beside: dict[str, Path],
    exact: bool,
    outputs: list[Output],
) -> int:
    """Run SQL on a snapshot, read-only: one statement, a file, or interactively.

    Without a statement: interactive on a terminal, else from standard input. `DESCRIBE` and the
    comments in `duckdb_columns()` explain the schema. SQL reaches the snapshot and the files of
    --with, and nothing else of this machine; results go to files by --format FORMAT=FILE.
    """
    given = [text for text in (statement, command) if text is not None]
    if len(given) + (file is not None) > 1:
        raise click.UsageError("Give one of STATEMENT, -c and --file", click.get_current_context())
    check_outputs(outputs, {"--db": db, "--file": file, **with_files(beside)}, rows=True)
    if file is not None:
        given = [read_file(file)]
    elif not given and not is_terminal(sys.stdin):
        given = [read_input()]
    from analyzer.runs.snapshot.sql import asking
    from analyzer.runs.snapshot.sql import sql as run

    if given:
        show_rows_in(*run(db, given[0], beside), outputs, exact=exact)
        return 0
    if any(output.path is not None for output in outputs):
        raise click.UsageError(
            "--format FORMAT=FILE needs a statement", click.get_current_context()
        )
    from analyzer.cli.sql_shell import interact

    with asking(db, beside) as ask:
        return interact(ask, outputs[-1].format, exact=exact)
