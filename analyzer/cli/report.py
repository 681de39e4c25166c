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
    "analyzer report --db scan.duckdb --out first.html --summary --since last-week.duckdb",
    "analyzer report --db scan.duckdb --out report.html --history history --last 30",
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
@click.option("--summary", is_flag=True, help="The first page alone: one screen, one sheet.")
@click.option(
    "--since",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="An earlier snapshot: say what changed since.",
)
@click.option(
    "--history",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A history of `analyzer backfill`: show its last scans, and what changed since the one"
    " before.",
)
@click.option(
    "--last",
    type=click.IntRange(min=2, max=1000),
    default=30,
    show_default=True,
    metavar="N",
    help="How many scans of --history.",
)
@click.option(
    "--explorer",
    "explorers",
    multiple=True,
    metavar="CHAIN=URL",
    help="Where addresses of a chain lead, the address put behind; empty: nowhere."
    " [env: ANALYZER_EXPLORERS]",
)
def report(
    *,
    db: Path,
    out: Path,
    format_: str,
    summary: bool,
    since: Path | None,
    history: Path | None,
    last: int,
    explorers: tuple[str, ...],
) -> int:
    """Write a report on a snapshot: the answer first, then what it rests on.

    The page is one file: it makes no request, works with scripts off, and is the same, byte for
    byte, for the same snapshot. What `analyzer stress` and `analyzer contagion` wrote into the
    snapshot is shown with the rest.
    """
    from analyzer.runs.snapshot.report import Options
    from analyzer.runs.snapshot.report import report as run

    options = Options(summary, since, history, last, explorers)
    written = run(db, out, format_, options)
    beside = f", with {written.accounts}" if written.accounts else ""
    note(f"report written to {written.report} ({written.size:,} bytes){beside}")
    return 0
