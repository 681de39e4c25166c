"""`analyzer stress`: what scenarios do to a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.cascade_options import cascade_options, written
from analyzer.cli.group import verb
from analyzer.cli.options import cascade_executor_options, format_option
from analyzer.cli.show import show_blocks, show_json, show_rows
from analyzer.cli.terminal import progress

if TYPE_CHECKING:
    from analyzer.runs.stress.stress import StressOptions


@verb(
    "analyzer stress --db scan.duckdb",
    "analyzer stress --db scan.duckdb --shock ETH=-30%,BTC=-20% --fail-on never",
    "analyzer stress perp-v2-optimism --db scan.duckdb --scenario my.toml --depth depth.toml "
    "--json",
    "analyzer stress --db scan.duckdb --reverse bad-debt=1e6 --returns prices.csv",
    "analyzer stress --db scan.duckdb --batch 1000 --returns prices.csv --seed 7",
    "analyzer stress --db scan.duckdb --batch scenarios.csv --exact 5 --json",
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
    help="Price history (CSV or Parquet: time, factor, price), for the most plausible such shock, "
    "or to draw from.",
)
@click.option(
    "--batch",
    metavar="FILE|N",
    help="Many scenarios at once through the linear twin: a table (CSV or Parquet, a row a "
    "scenario, a column a factor, cells are moves: -0.3), or N dates drawn from --returns.",
)
@click.option("--seed", type=int, metavar="INT", help="Of the draws of --batch N.  [default: 0]")
@click.option(
    "--exact",
    type=int,
    metavar="K",
    help="Of --batch: run the exact cascade for the K worst scenarios.  [default: 3]",
)
@cascade_executor_options
@format_option
def stress(
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
    reverse: str | None,
    returns: Path | None,
    batch: str | None,
    seed: int | None,
    exact: int | None,
    executor: str,
    workers: int | None,
    format_: str,
    as_json: bool,
) -> int:
    """Run scenarios on a snapshot: who falls, what is sold, who pays; no node is needed.

    Takes the books of all DEPLOYMENTS (of all the snapshot holds, when none is named) through each
    scenario together, with each protocol's own liquidation rules, until nothing more happens, and
    prints one row a scenario. Without --scenario and --shock: all that ship, and the uniform ray.
    With --batch: thousands through a linear twin in float64, then the worst of them like that.
    """
    from analyzer.model.errors import InputError
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
        order_range=order_range,
        out=out,
        fail_on=fail_on,
        rpc=rpc,
        recording=recording,
        reverse=reverse,
        returns=returns,
        executor=executor,
        workers=workers,
    )
    if batch is not None:
        return _batch(options, batch, seed, exact, "json" if as_json else format_)
    if seed is not None or exact is not None:
        raise InputError("--seed and --exact are for --batch")
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


def _batch(
    options: StressOptions, batch: str, seed: int | None, exact: int | None, format_: str
) -> int:
    """Many scenarios at once. batch: how many to draw, else the file that has them."""
    from analyzer.report.sweep import scenario_rows, sweep_page
    from analyzer.runs.stress.sweep import WORST, SweepOptions, sweep

    drawn = batch.isascii() and batch.isdecimal()
    asked = SweepOptions(
        stress=options,
        table=None if drawn else Path(batch),
        draws=int(batch) if drawn else None,
        seed=seed,
        exact=WORST if exact is None else exact,
    )
    with progress() as report:
        outcome = sweep(asked, report)
    if format_ == "json":
        show_json(outcome.document)
    elif format_ == "csv":
        show_rows(*scenario_rows(outcome.document), "csv")
    else:
        show_blocks(sweep_page(outcome.document), format_)
    written(options.out)
    return int(outcome.exit_code)
