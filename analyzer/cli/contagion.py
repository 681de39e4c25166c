"""`analyzer contagion`: one scenario's cascade, round by round and path by path."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.cascade_options import cascade_options, written
from analyzer.cli.group import verb
from analyzer.cli.options import format_option
from analyzer.cli.show import show_blocks, show_json, show_rows
from analyzer.cli.terminal import progress

_PATHS_SHOWN = 10


@verb(
    "analyzer contagion --db scan.duckdb --shock ETH=-30%",
    "analyzer contagion --db scan.duckdb --scenario my.toml --paths 20 --format markdown",
    "analyzer contagion --db scan.duckdb --shock ETH=-30% --out scan.duckdb --fail-on never",
    short_help="Follow one scenario from failure to failure.",
)
@cascade_options
@click.option(
    "--paths",
    type=click.IntRange(min=1),
    default=_PATHS_SHOWN,
    show_default=True,
    help="How many paths to list, the largest first.",
)
@click.option(
    "--what-if",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="For how many of the accounts with which it began to run it again without their failure.",
)
@click.option(
    "--all-orders",
    is_flag=True,
    help="Run it in every order of liquidation and show the range of bad debt.",
)
@format_option
def contagion(
    *,
    db: Path,
    deployments: tuple[str, ...],
    scenarios: tuple[str, ...],
    shocks: tuple[str, ...],
    depth: Path | None,
    order: str,
    order_range: str,
    out: Path | None,
    fail_on: str,
    rpc: tuple[str, ...],
    recording: Path | None,
    paths: int,
    what_if: int,
    all_orders: bool,
    format_: str,
    as_json: bool,
) -> int:
    """Follow one scenario from one failure to the next: rounds, losses by absorber, paths.

    Says who is liquidated in which round, what that sells, where prices go, who bears the bad
    debt, by which chain of events it came there, and what would have cut it. With --out, edges and
    paths are in the tables contagion_edges and contagion_paths of the snapshot that is written.
    """
    from analyzer.report.cascade import cascade_page, path_rows
    from analyzer.runs.stress.contagion import ContagionOptions
    from analyzer.runs.stress.contagion import contagion as run
    from analyzer.runs.stress.stress import StressOptions

    asked = StressOptions(
        db=db,
        deployments=deployments,
        scenarios=scenarios,
        shocks=shocks,
        depth=depth,
        order=order,
        order_range=order_range,
        out=out,
        fail_on=fail_on,
        rpc=rpc,
        recording=recording,
    )
    # The tables hold what a page has no room for.
    found = max(paths, ContagionOptions(asked).paths)
    with progress() as report:
        outcome = run(ContagionOptions(asked, found, what_if, all_orders), report)
    document = outcome.document
    if as_json or format_ == "json":
        show_json(document)
    elif format_ == "csv":
        show_rows(*path_rows(document), "csv")
    else:
        show_blocks(cascade_page(document, paths=paths), format_)
    written(out)
    return int(outcome.exit_code)
