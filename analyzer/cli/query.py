"""`analyzer query`: the stored questions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.group import Verb, VerbGroup
from analyzer.cli.options import (
    FORMATS,
    db_option,
    exact_option,
    format_option,
    key_values,
    with_files,
    with_option,
)
from analyzer.cli.outputs import Output, check_outputs, outputs_option
from analyzer.cli.show import show_json, show_rows, show_rows_in
from analyzer.cli.terminal import emit, note

if TYPE_CHECKING:
    from analyzer.runs.snapshot.query import Query


@click.group(
    cls=VerbGroup,
    short_help="Ask a stored question.",
    examples=(
        "analyzer query list",
        "analyzer query explain accounts_below_maintenance",
        "analyzer query run accounts_below_maintenance --db scan.duckdb -p limit=5",
    ),
)
def query() -> None:
    """Ask a stored question: list them, explain one, run one."""


@query.command("list", cls=Verb, examples=("analyzer query list", "analyzer query list --json"))
@format_option
def list_(*, format_: str, as_json: bool) -> int:
    """List the stored queries with the question that each answers."""
    from analyzer.runs.snapshot.query import queries_document

    document = queries_document()
    if as_json or format_ == "json":
        show_json(document)
    else:
        rows = [(q.group, q.name, q.question) for q in document.queries]
        show_rows(("group", "name", "question"), rows, format_, count=False)
    return 0


@query.command(cls=Verb, examples=("analyzer query explain accounts_below_maintenance",))
@click.argument("name")
@format_option
def explain(*, name: str, format_: str, as_json: bool) -> int:
    """Show a query's question, parameters, columns and SQL."""
    from analyzer.runs.snapshot.query import load_query

    found = load_query(name)
    if as_json or format_ != "table":
        show_rows(*_explained(found), "json" if as_json else format_, count=False)
        return 0
    lines = [found.title, "", found.question, ""]
    lines += ["Parameters (-p name=value):"] if found.params else []
    for param in found.params:
        default = "required" if param.default is None else f"default {param.default}"
        lines.append(f"  {param.name} {param.type}, {default}: {param.text}")
    lines += [""] if found.params else []
    lines += ["Columns:", *(f"  {column}: {text}" for column, text in found.columns), ""]
    emit("\n".join([*lines, found.sql.strip()]))
    return 0


@query.command(
    cls=Verb,
    examples=(
        "analyzer query run accounts_below_maintenance --db scan.duckdb",
        "analyzer query run nearest_to_liquidation --db scan.duckdb -p limit=5 --format csv",
        "analyzer query run accounts_below_maintenance --db scan.duckdb --format csv=below.csv",
        "analyzer query run accounts_below_maintenance --db scan.duckdb --parquet below.parquet",
    ),
)
@click.argument("name")
@db_option()
@click.option(
    "-p",
    "--param",
    "params",
    multiple=True,
    callback=key_values("NAME=VALUE"),
    metavar="NAME=VALUE",
    help="A parameter's value. Repeat for several.",
)
@click.option(
    "--parquet",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the rows to this Parquet file instead (integers and decimals stay exact).",
)
@with_option
@exact_option
@outputs_option(*FORMATS)
def run(
    *,
    name: str,
    db: Path,
    params: dict[str, str],
    parquet: Path | None,
    beside: dict[str, Path],
    exact: bool,
    outputs: list[Output],
) -> int:
    """Run a stored query on a snapshot; a query in a file of your own is `analyzer sql --file`."""
    from analyzer.runs.snapshot.query import run as run_query

    taken = {"--db": db, "--parquet": parquet, **with_files(beside)}
    check_outputs(outputs, taken, rows=True)
    if parquet is not None:
        from analyzer.runs.snapshot.parquet_file import check_parquet

        check_parquet(parquet, {"--db": db, **with_files(beside)})
    columns, rows = run_query(db, name, params, beside)
    if parquet is None:
        show_rows_in(columns, rows, outputs, exact=exact)
        return 0
    from analyzer.runs.snapshot.parquet_file import write_parquet

    write_parquet(parquet, columns, rows)
    note(f"{len(rows)} rows written to {parquet}")
    files = [output for output in outputs if output.path is not None]
    show_rows_in(columns, rows, files, exact=exact)
    return 0


def _explained(found: Query) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A query as rows: its question, its parameters, its columns, its SQL."""
    rows: list[tuple[str, ...]] = [("question", found.name, "", "", found.question)]
    rows += [("parameter", p.name, p.type, p.default or "", p.text) for p in found.params]
    rows += [("column", column, "", "", text) for column, text in found.columns]
    rows.append(("sql", found.name, "", "", found.sql.strip()))
    return ("what", "name", "type", "default", "text"), rows
