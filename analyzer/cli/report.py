"""`analyzer report`: one page about a snapshot."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.group import verb
from analyzer.cli.options import db_option
from analyzer.cli.terminal import note


@verb(
    "analyzer report --db scan.duckdb --out report.html",
    "analyzer report --db scan.duckdb --out report.md --format markdown",
    "analyzer report --db scan.duckdb --out report.pdf --format pdf",
    short_help="Write a report: one self-contained page.",
)
@db_option()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The file to write; accounts.csv, with every account, is written beside it.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(("html", "markdown", "pdf")),
    default="html",
    show_default=True,
    help="A page that loads nothing, the same as Markdown, or as PDF (needs Chromium).",
)
def report(*, db: Path, out: Path, format_: str) -> int:
    """Write a report on a snapshot: the answer first, then what it rests on.

    The page is one file: it makes no request, works with scripts off, and is the same, byte for
    byte, for the same snapshot. What `analyzer stress` and `analyzer contagion` wrote into the
    snapshot is shown with the rest.
    """
    from analyzer.runs.snapshot.report import report as run

    written = run(db, out, format_)
    note(f"report written to {written.report} ({written.size:,} bytes), with {written.accounts}")
    return 0
