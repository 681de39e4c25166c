"""`analyzer stress`: what scenarios do to a snapshot."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.cascade_options import cascade_options, written
from analyzer.cli.group import verb
from analyzer.cli.options import executor_options, format_option
from analyzer.cli.show import show_blocks, show_json, show_rows
from analyzer.cli.terminal import progress


@verb(
    "analyzer stress --db scan.duckdb",
    "analyzer stress --db scan.duckdb --shock ETH=-30%,BTC=-20% --fail-on never",
    "analyzer stress perp-v2-optimism --db scan.duckdb --scenario my.toml --depth depth.toml "
    "--json",
    "analyzer stress --db scan.duckdb --reverse bad-debt=1e6 --returns prices.csv",
    "analyzer stress --db scan.duckdb --out stressed.duckdb",
    short_help="Run scenarios on a snapshot.",
)
@cascade_options
@click.option(
    "--reverse",
    metavar="bad-debt=AMOUNT",
    help="Also find the smallest shocks that make bad debt of this many dollars.",
)
@click.option(
    "--returns",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Price history (CSV or Parquet: time, factor, price), for the most plausible such shock.",
)
@executor_options
@format_option
def stress(
    *,
    db: Path,
    deployments: tuple[str, ...],
    scenarios: tuple[str, ...],
    shocks: tuple[str, ...],
    depth: Path | None,
    order: str,
    out: Path | None,
    fail_on: str,
    rpc: tuple[str, ...],
    recording: Path | None,
    reverse: str | None,
    returns: Path | None,
    executor: str,
    workers: int | None,
    format_: str,
    as_json: bool,
) -> int:
    """Run scenarios on a snapshot: who falls, what is sold, who pays; no node is needed.

    Takes the books of all DEPLOYMENTS (of all the snapshot holds, when none is named) through each
    scenario together, with each protocol's own liquidation rules, until nothing more happens, and
    prints one row a scenario. Without --scenario and --shock: all that ship, and the uniform ray.
    """
    from analyzer.report.stress import result_rows, stress_page
    from analyzer.runs.stress.stress import StressOptions
    from analyzer.runs.stress.stress import stress as run

    options = StressOptions(
        db=db,
        deployments=deployments,
        scenarios=scenarios,
        shocks=shocks,
        depth=depth,
        order=order,
        out=out,
        fail_on=fail_on,
        rpc=rpc,
        recording=recording,
        reverse=reverse,
        returns=returns,
        executor=executor,
        workers=workers,
    )
    with progress() as report:
        outcome = run(options, report)
    document = outcome.document
    if as_json or format_ == "json":
        show_json(document)
    elif format_ == "csv":
        show_rows(*result_rows(document), "csv")
    else:
        show_blocks(stress_page(document), format_)
    written(out)
    return int(outcome.exit_code)
