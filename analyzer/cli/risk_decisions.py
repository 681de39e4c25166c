"""`analyzer risk size` and its kin: decisions about accounts, deployments and their owners."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.cascade_options import written
from analyzer.cli.group import Verb
from analyzer.cli.options import db_option, depth_option, format_option, index_option
from analyzer.cli.show import show_blocks, show_json, show_rows
from analyzer.cli.terminal import progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_RETURNS = "Price history (CSV or Parquet: time, factor, price; or time and a column a factor)."


def _out_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--out FILE`."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write the snapshot with the answer's rows in it; may be the file of --db.",
    )(command)


def factors(texts: tuple[str, ...]) -> tuple[str, ...]:
    """`USDC,DAI` -> its parts."""
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


def show(
    document: Any,
    format_: str,
    *,
    as_json: bool,
    page: Callable[[Any], Any],
    rows: Callable[[Any], tuple[list[str], Sequence[Sequence[Any]]]],
    out: Path | None = None,
) -> int:
    """Shows a document in the form that was asked for, and says what was written; its exit code."""
    if as_json or format_ == "json":
        show_json(document)
    elif format_ == "csv":
        show_rows(*rows(document), "csv")
    else:
        show_blocks(page(document), format_)
    written(out)
    return int(document.run.exit_code)


def _history_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--returns` (needed), `--still`, `--market`: the days that scenarios are drawn from."""
    for option in (
        click.option(
            "--market",
            metavar="FACTOR",
            help="The market factor.  [default: BTC, else ETH, else the first]",
        ),
        click.option(
            "--still",
            multiple=True,
            metavar="FACTOR,...",
            help="Factors that are taken to stand still.",
        ),
        click.option(
            "--returns",
            type=click.Path(path_type=Path),
            required=True,
            metavar="FILE",
            help=_RETURNS,
        ),
    ):
        command = option(command)
    return command


@click.command(
    cls=Verb,
    examples=(
        "analyzer risk size 0x7099…79C8 --db scan.duckdb",
        "analyzer risk size 0x7099…79C8 --db scan.duckdb --market vETH --distance 0.2",
        "analyzer risk size 0x7099…79C8 --db scan.duckdb --returns prices.csv --es-budget 5000",
    ),
    short_help="Show how far an account may grow.",
)
@click.argument("account_id", metavar="ID")
@db_option()
@click.option("--market", metavar="SYMBOL", help="Only this market or reserve.")
@click.option(
    "--distance",
    type=float,
    metavar="SHARE",
    help="Also the largest after which it survives a move of its price against it by so much "
    "(0.2 = a fifth).",
)
@click.option(
    "--es-budget",
    type=float,
    metavar="USD",
    help="Also the largest at which ES of the whole account stays within this; needs --returns.",
)
@click.option(
    "--level", type=float, default=0.99, show_default=True, metavar="SHARE", help="Level of ES."
)
@click.option("--returns", type=click.Path(path_type=Path), metavar="FILE", help=_RETURNS)
@click.option(
    "--still", multiple=True, metavar="FACTOR,...", help="Factors that are taken to stand still."
)
@click.option(
    "--want",
    multiple=True,
    metavar="SYMBOL=WEIGHT",
    help="Size several positions together: what is maximised is the sum of weight x dollars; "
    "markets that are not named may hedge. May be given several times.",
)
@_out_option
@format_option
def size(
    *, account_id: str, db: Path, market: str | None, distance: float | None,
    es_budget: float | None, level: float, returns: Path | None, still: tuple[str, ...],
    want: tuple[str, ...], out: Path | None, format_: str, as_json: bool,
) -> int:  # fmt: skip
    """Show the largest further long and short of each market, or borrowing of each reserve, that
    an account may take on: exact under the protocol's own initial margin, one unit more fails.

    With --want, positions that are sized together (a convex programme; the protocol's integers
    decide at its answer). ID is named as for `analyzer account`.
    """
    from analyzer.report.decisions import size_page, size_rows
    from analyzer.runs.risk.decisions.size import SizeOptions
    from analyzer.runs.risk.decisions.size import size as run

    options = SizeOptions(
        db=db, account=account_id, market=market, distance=distance, es_usd=es_budget,
        level=level, returns=returns, still=factors(still), want=want, out=out,
    )  # fmt: skip
    with progress() as report:
        document = run(options, report)
    return show(document, format_, as_json=as_json, page=size_page, rows=size_rows, out=out)


@click.command(
    "what-if",
    cls=Verb,
    examples=(
        "analyzer risk what-if aave --db scan.duckdb",
        "analyzer risk what-if aave --db scan.duckdb --set LT:WETH=0.80 --set bonus:WETH=0.06",
    ),
    short_help="Show what another parameter would change.",
)
@click.argument("deployment")
@db_option()
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter and what it would be; may be given several times. Without any, those that "
    "there are.",
)
@click.option(
    "--returns",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Also what a bad day costs on both sides. {_RETURNS}",
)
@click.option(
    "--still", multiple=True, metavar="FACTOR,...", help="Factors that are taken to stand still."
)
@_out_option
@format_option
def what_if(
    *, deployment: str, db: Path, sets: tuple[str, ...], returns: Path | None,
    still: tuple[str, ...], out: Path | None, format_: str, as_json: bool,
) -> int:  # fmt: skip
    """Show verdicts, borrowing power, distances and forced sales of a deployment under other
    parameters, and the accounts that change sides, by the protocol's own rules.
    """
    from analyzer.report.decisions import what_if_page, what_if_rows
    from analyzer.runs.risk.decisions.what_if import WhatIfOptions
    from analyzer.runs.risk.decisions.what_if import what_if as run

    document = run(WhatIfOptions(db, deployment, sets, returns, factors(still), out=out))
    return show(document, format_, as_json=as_json, page=what_if_page, rows=what_if_rows, out=out)


@click.command(
    cls=Verb,
    examples=(
        "analyzer risk exits aave --db scan.duckdb",
        "analyzer risk exits aave --db scan.duckdb --stakes umbrella.toml --out scan.duckdb",
    ),
    short_help="Show who can still leave.",
)
@click.argument("deployment")
@db_option()
@click.option(
    "--stakes",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Backstops with a cooldown (TOML): whose, how much, how long; told as declared.",
)
@_out_option
@format_option
def exits(
    *, deployment: str, db: Path, stakes: Path | None, out: Path | None, format_: str, as_json: bool
) -> int:
    """Show what can be withdrawn now of each reserve or pool, and who is locked if the largest
    leave first: to the wei, by the protocol's own rules; and what stands behind each reserve that
    may leave after a cooldown.
    """
    from analyzer.report.decisions import exits_page, exits_rows
    from analyzer.runs.risk.decisions.exits import exits as run

    document = run(db, deployment, stakes, out)
    return show(document, format_, as_json=as_json, page=exits_page, rows=exits_rows, out=out)


@click.command(
    cls=Verb,
    examples=(
        "analyzer risk unwind 0x7099…79C8 --db scan.duckdb",
        "analyzer risk unwind 0x7099…79C8 --db scan.duckdb --until initial --depth depth.toml",
        "analyzer risk unwind 0x7099…79C8 --db scan.duckdb --over 0.5 --returns prices.csv",
    ),
    short_help="Show how to get an account out of danger.",
)
@click.argument("account_id", metavar="ID")
@db_option()
@click.option(
    "--until",
    type=click.Choice(["maintenance", "initial"]),
    default="maintenance",
    show_default=True,
    help="What has to hold again.",
)
@depth_option
@click.option(
    "--over", type=float, metavar="DAYS", help="Also a schedule over so many days; needs --returns."
)
@click.option("--steps", type=int, default=10, show_default=True, metavar="INT", help="Its sales.")
@click.option(
    "--aversion",
    type=float,
    default=1e-6,
    show_default=True,
    metavar="PER_USD",
    help="What a squared dollar of deviation is worth: 0 = only the expected cost counts.",
)
@click.option(
    "--resilience",
    type=float,
    default=24.0,
    show_default=True,
    metavar="PER_DAY",
    help="Rate at which a book refills.",
)
@click.option("--returns", type=click.Path(path_type=Path), metavar="FILE", help=_RETURNS)
@_out_option
@format_option
def unwind(
    *, account_id: str, db: Path, until: str, depth: Path | None, over: float | None, steps: int,
    aversion: float, resilience: float, returns: Path | None, out: Path | None, format_: str,
    as_json: bool,
) -> int:  # fmt: skip
    """Show which position or collateral of an account goes first, and how much of it, until its
    requirement holds again at least cost: by the protocol's own test, along the depth of each
    market (a protocol's own pool exactly).

    With --over, each part sold in time. ID is named as for `analyzer account`.
    """
    from analyzer.report.decisions import unwind_page, unwind_rows
    from analyzer.runs.risk.decisions.schedule import Over
    from analyzer.runs.risk.decisions.unwind import UnwindOptions
    from analyzer.runs.risk.decisions.unwind import unwind as run

    schedule = None if over is None else Over(over, returns, steps, aversion, resilience)
    document = run(UnwindOptions(db, account_id, until, depth, schedule, out))
    return show(document, format_, as_json=as_json, page=unwind_page, rows=unwind_rows, out=out)


@click.command(
    cls=Verb,
    examples=("analyzer risk clearing perp-v2 --db scan.duckdb --returns prices.csv --still USDC",),
    short_help="Show whether the fund outlasts its costliest owners.",
)
@click.argument("deployment")
@db_option()
@_history_options
@click.option("--seed", type=int, default=0, show_default=True, metavar="INT", help="Of the draws.")
@index_option
@_out_option
@format_option
def clearing(
    *, deployment: str, db: Path, returns: Path, still: tuple[str, ...], market: str | None,
    seed: int, index_path: Path | None, out: Path | None, format_: str, as_json: bool,
) -> int:  # fmt: skip
    """Show Cover-1 and Cover-2 by owner over all days of a price history and over two classes of
    bad days, the fund to open interest, how often it is exhausted, on whom all hangs, and which
    owners matter most (leave-one-out, Shapley).
    """
    from analyzer.report.clearing import clearing_page, clearing_rows
    from analyzer.runs.risk.decisions.clearing import ClearingOptions
    from analyzer.runs.risk.decisions.clearing import clearing as run

    options = ClearingOptions(
        db, deployment, returns, factors(still), market, seed, out, index_path
    )
    with progress() as report:
        document = run(options, report)
    return show(document, format_, as_json=as_json, page=clearing_page, rows=clearing_rows, out=out)


@click.command(
    cls=Verb,
    examples=(
        "analyzer risk liquidations aave --db scan.duckdb",
        "analyzer risk liquidations aave --db scan.duckdb --near 0.2 --gas 20",
    ),
    short_help="Show what a liquidator earns by each account.",
)
@click.argument("deployment")
@db_option()
@click.option(
    "--near",
    type=float,
    default=0.1,
    show_default=True,
    metavar="SHARE",
    help="Also accounts that can be closed after a fall of all prices by so much; 0 = none.",
)
@click.option(
    "--gas", type=float, default=5.0, show_default=True, metavar="USD", help="Of one closure."
)
@click.option(
    "--required-return",
    type=float,
    default=0.0,
    show_default=True,
    metavar="SHARE",
    help="What a liquidator wants on top, of the value taken over.",
)
@depth_option
@_out_option
@format_option
def liquidations(
    *, deployment: str, db: Path, near: float, gas: float, required_return: float,
    depth: Path | None, out: Path | None, format_: str, as_json: bool,
) -> int:  # fmt: skip
    """Show what a liquidator earns by each account that can be closed now, or after a fall, after
    slippage, gas and a required return; how much of each pays, and the dust that pays nobody.
    """
    from analyzer.report.clearing import liquidations_page, liquidations_rows
    from analyzer.runs.risk.decisions.economics import EconomyOptions
    from analyzer.runs.risk.decisions.economics import liquidations as run

    document = run(EconomyOptions(db, deployment, near, gas, required_return, depth, out))
    return show(
        document, format_, as_json=as_json, page=liquidations_page, rows=liquidations_rows, out=out
    )


@click.command(
    cls=Verb,
    examples=(
        "analyzer risk importance --db scan.duckdb --returns prices.csv --still USDC",
        "analyzer risk importance aave perp-v2 --db scan.duckdb --returns prices.csv --json",
    ),
    short_help="Show which owners matter to all deployments together.",
)
@click.argument("deployments", nargs=-1)
@db_option()
@_history_options
@depth_option
@click.option("--seed", type=int, default=0, show_default=True, metavar="INT", help="Of the draws.")
@_out_option
@format_option
def importance(
    *, deployments: tuple[str, ...], db: Path, returns: Path, still: tuple[str, ...],
    market: str | None, depth: Path | None, seed: int, out: Path | None, format_: str,
    as_json: bool,
) -> int:  # fmt: skip
    """Show which owners matter to all deployments of a snapshot together: what the rescue of each
    saves of bad debt, alone and by Shapley, who holds the same, and what deployments share.

    Deployments are all of the snapshot unless named. What cuts a path cheapest, `contagion` says of
    a scenario.
    """
    from analyzer.report.clearing import importance_page, importance_rows
    from analyzer.runs.risk.decisions.importance import ImportanceOptions
    from analyzer.runs.risk.decisions.importance import importance as run

    options = ImportanceOptions(db, returns, deployments, factors(still), market, depth, seed, out)
    with progress() as report:
        document = run(options, report)
    return show(
        document, format_, as_json=as_json, page=importance_page, rows=importance_rows, out=out
    )
