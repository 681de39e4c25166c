"""Options that `stress` and `contagion` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from analyzer.cli.options import db_option, recording_option, rpc_option
from analyzer.cli.terminal import note

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

ORDERS = tuple(
    mode + suffix
    for mode in ("batch", "sequential")
    for suffix in ("", "-reversed", "-worst", "-nearest")
)
"""In which order accounts are liquidated; `runs.stress.ORDERS` says the same without click."""

RANGES = ("auto", "always", "never")
"""When the range over orders is worked out; `runs.stress.orders.RANGES` says the same."""

FAIL_ON = ("low", "medium", "high", "critical", "never")


def cascade_options(command: Decorated) -> Decorated:
    """DEPLOYMENTS, `--db`, `--scenario`, `--shock`, `--depth`, `--order`, `--out`, `--fail-on`,
    and `--rpc`, `--recording` for the pools that a depth file names."""
    for option in reversed(_options()):
        command = option(command)
    return command


def written(out: Path | None) -> None:
    """Says on standard error that a snapshot was written, when one was."""
    if out is not None:
        note(f"snapshot with the results written to {out}")


def _options() -> list[Callable[[Decorated], Decorated]]:
    """The options in the order of the help."""
    return [
        click.argument("deployments", nargs=-1),
        db_option(),
        click.option(
            "--scenario",
            "scenarios",
            multiple=True,
            metavar="NAME|FILE",
            help="A scenario that ships with the package, or a TOML file.",
        ),
        click.option(
            "--shock",
            "shocks",
            multiple=True,
            metavar="TEXT",
            help="A scenario in words: ETH=-30%,BTC=-20%, or *=-40% for everything but stables.",
        ),
        click.option(
            "--depth",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="How much each market takes (TOML); what it does not name has a stated default. "
            "Pools that it names are read with --rpc or --recording, which nothing else needs.",
        ),
        rpc_option,
        recording_option,
        click.option(
            "--order",
            type=click.Choice(ORDERS),
            default="batch",
            show_default=True,
            help="All accounts of a round at one price, or one after the other, and who is first.",
        ),
        click.option(
            "--order-range",
            type=click.Choice(RANGES),
            default="auto",
            show_default=True,
            envvar="ANALYZER_ORDER_RANGE",
            show_envvar=True,
            help="The range of bad debt over batch and the two one-by-one orders that bound it; "
            "auto: where it takes less than a minute.",
        ),
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Write the snapshot with the results in it; may be the file of --db.",
        ),
        click.option(
            "--fail-on",
            type=click.Choice(FAIL_ON),
            default="high",
            show_default=True,
            help="Exit with 1 when a finding is at least this severe.",
        ),
    ]
