"""`analyzer book`: books that come from a table, and tables that are made of books."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.group import VerbGroup, verb
from analyzer.cli.options import DOCUMENT_FORMATS, db_option, fail_on_option, triage_option
from analyzer.cli.outputs import Output, check_outputs, outputs_option
from analyzer.cli.selection_options import selected, selection_options
from analyzer.cli.show import show_judged
from analyzer.cli.terminal import emit, note, progress


@click.group(
    cls=VerbGroup,
    examples=(
        "analyzer book import positions.csv --prices prices.csv --rules rules.toml "
        "--db book.duckdb",
        "analyzer book export --db scan.duckdb --out tables",
    ),
    short_help="Judge a table of positions, or write one.",
)
def book() -> None:
    """Judge a table of positions like any scan, or write the table of a snapshot.

    What a researcher has is a table: an export, a dashboard's CSV, another chain. With its prices
    and a file of rules it becomes a snapshot of protocol `table`: verdicts, SQL, stress, contagion,
    risk and reports work on it, alone or together with scans. It has no chain and no block, and
    nothing in it was compared with one.
    """


@verb(
    "analyzer book import positions.csv --prices prices.csv --rules rules.toml --db book.duckdb",
    "analyzer book import positions.parquet --prices prices.csv --rules rules.toml "
    "--db book.duckdb --name other-chain --json",
    "analyzer book import positions.csv --prices prices.csv --rules rules.toml --db joint.duckdb "
    "--with scan.duckdb",
    name="import",
    short_help="Make a snapshot of a table.",
)
@click.argument("positions", type=click.Path(path_type=Path), metavar="POSITIONS")
@click.option(
    "--prices",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The table of prices (CSV or Parquet): asset, price, decimals?",
)
@click.option(
    "--rules",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The rules (TOML): unit, thresholds, close factor, fund, who bears losses.",
)
@db_option()
@click.option(
    "--name", metavar="TEXT", help="Name of the book. [default: the rules', else the file's]"
)
@click.option(
    "--with",
    "beside",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A snapshot whose scans are taken along into --db, for one cascade over all.",
)
@outputs_option(*DOCUMENT_FORMATS)
@fail_on_option
@triage_option
@selection_options
def import_(
    *,
    positions: Path,
    prices: Path,
    rules: Path,
    db: Path,
    name: str | None,
    beside: Path | None,
    outputs: list[Output],
    fail_on: str,
    triage: Path | None,
    detect: tuple[str, ...],
    exclude: tuple[str, ...],
    thresholds: dict[str, str],
) -> int:
    """Make a snapshot of a table of POSITIONS, in exact integers.

    POSITIONS (CSV or Parquet) has the columns account, kind (collateral, debt or position), asset,
    amount (decimal text), and where it has them owner, entry, threshold, initial, bonus and
    haircut. A wrong table is one line with row and column, and nothing is written.
    """
    from analyzer.runs.tables.importing import ImportOptions, import_book

    check_outputs(
        outputs, {"POSITIONS": positions, "--prices": prices, "--rules": rules, "--db": db}
    )
    options = ImportOptions(
        positions=positions,
        prices=prices,
        rules=rules,
        db=db,
        name=name,
        beside=beside,
        fail_on=fail_on,
        triage=triage,
        selection=selected(detect, exclude, thresholds),
    )
    with progress() as report:
        outcome = import_book(options, report)
    show_judged(outcome.document, outputs)
    for text in outcome.document.book.notes:
        note(text)
    note(f"snapshot written to {db}")
    return int(outcome.exit_code)


@verb(
    "analyzer book export --db scan.duckdb --out tables",
    "analyzer book export aave-v3-devnet-7 --db demo.duckdb --out tables",
    short_help="Write the tables of a snapshot.",
)
@click.argument("deployment", required=False)
@db_option()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="Where positions.csv, prices.csv and rules.toml are written; nothing is replaced.",
)
def export(*, deployment: str | None, db: Path, out: Path) -> int:
    """Write a scan as the tables that `analyzer book import` reads.

    Takes the DEPLOYMENT of the snapshot, or its only one. The shares stand in the rows, account by
    account; what a table cannot say is told, and so is every account that comes out with another
    verdict when the tables are read again (exit code 1).
    """
    from analyzer.runs.tables.exporting import export_book

    found = export_book(db, out, deployment)
    count = len(found.written.verdicts)
    emit(f"{count - len(found.other):,} of {count:,} accounts have the scan's verdict again")
    for account in found.other:
        emit(f"another verdict: {account}")
    if found.moved:
        emit(
            f"{len(found.moved):,} of them have another headroom or free collateral:"
            f" {', '.join(found.moved[:3])}{' and others' if found.moved[3:] else ''}"
        )
    for text in found.written.notes:
        note(text)
    note(f"tables written to {out}")
    return int(bool(found.other))


book.add_command(import_)
book.add_command(export)
