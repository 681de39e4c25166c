"""`analyzer risk`: the risk profile of an account, an owner or a protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from analyzer.cli.cascade_options import written
from analyzer.cli.group import Verb, VerbGroup
from analyzer.cli.options import db_option, depth_option, format_option, index_option
from analyzer.cli.risk_decisions import (
    clearing,
    exits,
    importance,
    liquidations,
    size,
    unwind,
    what_if,
)
from analyzer.cli.risk_flash import flash
from analyzer.cli.show import show_blocks, show_json, show_rows
from analyzer.cli.terminal import progress

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@click.group(
    cls=VerbGroup,
    short_help="Show what volatility, correlation and depth do to an account.",
    examples=("analyzer risk account 0x7099…79C8 --db scan.duckdb --returns prices.csv",),
)
def risk() -> None:
    """Show what volatility, correlation and depth do to an account, an owner or a protocol, and
    what may be decided about them.

    Profiles (account, owner, protocol) are indications in float64 with their data and errors,
    beside the exact verdicts of a scan; they need the extra `risk` and a price history: a file, or
    what the logs of the index tell. Decisions (size, unwind, what-if, exits, liquidations) are the
    protocol's own integers; clearing and importance are float64 over many scenarios.
    """


risk.add_command(clearing)
risk.add_command(exits)
risk.add_command(flash)
risk.add_command(importance)
risk.add_command(liquidations)
risk.add_command(size)
risk.add_command(unwind)
risk.add_command(what_if)


def _options(command: Decorated) -> Decorated:
    """What all three share."""
    for option in reversed(
        (
            db_option(),
            click.option(
                "--returns",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="Price history (CSV or Parquet: time, factor, price; or time and a column a "
                "factor).  [default: what the logs of the index tell]",
            ),
            click.option(
                "--still",
                multiple=True,
                metavar="FACTOR,...",
                help="Factors that are taken to stand still; without it nothing is said of whoever "
                "holds a factor without prices.",
            ),
            click.option(
                "--market",
                metavar="FACTOR",
                help="The factor that betas are to.  [default: BTC, else ETH, else the first]",
            ),
            depth_option,
            click.option(
                "--seed", type=int, default=0, show_default=True, metavar="INT",
                help="Of the simulations.",
            ),
            index_option,
            format_option,
        )
    ):  # fmt: skip
        command = option(command)
    return command


@risk.command(
    cls=Verb,
    examples=(
        "analyzer risk account 0x7099…79C8 --db scan.duckdb --returns prices.csv",
        "analyzer risk account 0x7099…79C8 --db scan.duckdb --returns prices.csv --still USDC,DAI "
        "--json",
    ),
    short_help="Profile one account.",
)
@click.argument("account_id", metavar="ID")
@_options
def account(*, account_id: str, **given: Any) -> int:
    """Profile one account: leverage, distance, the probability of touching liquidation, VaR, mix of
    collateral, what it gets if it has to sell.

    ID is named as for `analyzer account`.
    """
    return _run("account", account_id, **given)


@risk.command(
    cls=Verb,
    examples=(
        "analyzer risk owner 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --db scan.duckdb "
        "--returns prices.csv",
    ),
    short_help="Profile all accounts of one owner together.",
)
@click.argument("owner_id", metavar="OWNER")
@_options
def owner(*, owner_id: str, **given: Any) -> int:
    """Profile all accounts of an owner, over all deployments of the snapshot.

    Nothing is netted: each account is liquidated for itself, only profits and losses add up.
    """
    return _run("owner", owner_id, **given)


@risk.command(
    cls=Verb,
    examples=(
        "analyzer risk protocol perp-v2-optimism --db scan.duckdb --returns prices.csv",
        "analyzer risk protocol aave --db scan.duckdb --returns prices.csv --out risk.duckdb",
    ),
    short_help="Profile a deployment.",
)
@click.argument("deployment")
@_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the snapshot with a row for every account in it; may be the file of --db.",
)
def protocol(*, deployment: str, out: Path | None, **given: Any) -> int:
    """Profile a deployment: what a bad day costs in two classes, what happens if all sell, its
    largest accounts, loss spirals, how liquidations cluster, correlations that changed.

    With --out, VaR, leverage, distances and probabilities of every account go into the snapshot.
    """
    return _run("protocol", deployment, out=out, **given)


def _run(
    subject: str,
    id_: str,
    *,
    db: Path,
    returns: Path | None,
    still: tuple[str, ...],
    market: str | None,
    depth: Path | None,
    seed: int,
    format_: str,
    as_json: bool,
    index_path: Path | None,
    out: Path | None = None,
) -> int:
    """Runs a profile and shows it."""
    from analyzer.report.risk import account_rows, risk_page
    from analyzer.runs.risk.inputs import RiskOptions
    from analyzer.runs.risk.profile import profile

    options = RiskOptions(
        db=db,
        subject=subject,
        id=id_,
        returns=returns,
        still=tuple(name.strip() for text in still for name in text.split(",") if name.strip()),
        market=market,
        depth=depth,
        out=out,
        index=index_path,
        seed=seed,
    )
    with progress() as report:
        outcome = profile(options, report)
    if as_json or format_ == "json":
        show_json(outcome.document)
    elif format_ == "csv":
        show_rows(*account_rows(outcome.document), "csv")
    else:
        show_blocks(risk_page(outcome.document), format_)
    written(out)
    return int(outcome.exit_code)
