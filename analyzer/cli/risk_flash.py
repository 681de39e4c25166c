"""`analyzer risk flash`: a crash in minutes."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.group import Verb
from analyzer.cli.options import db_option, depth_option, format_option
from analyzer.cli.risk_decisions import show


@click.command(
    cls=Verb,
    examples=(
        "analyzer risk flash --db scan.duckdb --jump ETH=-25%,BTC=-15% --depth-left 0.05",
        "analyzer risk flash --db scan.duckdb --jump '*=-30%' --capacity 1e6 --oracle-delay 2",
    ),
    short_help="Show a crash minute by minute.",
)
@db_option()
@click.option(
    "--jump", required=True, metavar="FACTOR=PERCENT,...", help="As --shock of `analyzer stress`."
)
@click.option(
    "--minutes", type=int, default=60, show_default=True, metavar="INT", help="How long it lasts."
)
@click.option(
    "--depth-left",
    type=float,
    default=1.0,
    show_default=True,
    metavar="SHARE",
    help="Of every market's depth right after the jump.",
)
@click.option(
    "--recovery",
    type=float,
    default=30.0,
    show_default=True,
    metavar="MINUTES",
    help="In which depth comes back by two thirds.",
)
@click.option(
    "--resilience",
    type=float,
    default=0.05,
    show_default=True,
    metavar="RATE",
    help="A minute's rate at which what was sold is absorbed.",
)
@click.option(
    "--capacity",
    type=float,
    metavar="USD",
    help="What liquidators close in a minute.  [default: no limit]",
)
@click.option(
    "--oracle-delay",
    type=int,
    default=0,
    show_default=True,
    metavar="MINUTES",
    help="How late the protocols hear a price.",
)
@depth_option
@format_option
def flash(
    *, db: Path, jump: str, minutes: int, depth_left: float, recovery: float, resilience: float,
    capacity: float | None, oracle_delay: int, depth: Path | None, format_: str, as_json: bool,
) -> int:  # fmt: skip
    """Show a jump of prices minute by minute, over all deployments of the snapshot: depth that
    withdraws and comes back, sales that are absorbed, liquidators of a capacity, an oracle that is
    late.
    """
    from analyzer.report.flash import flash_page, flash_rows
    from analyzer.risk.flash import Terms
    from analyzer.runs.risk.decisions.flash import FlashOptions, flash_crash

    terms = Terms(minutes, depth_left, recovery, resilience, capacity, oracle_delay)
    document = flash_crash(FlashOptions(db, jump, terms, depth))
    return show(document, format_, as_json=as_json, page=flash_page, rows=flash_rows)
