"""`analyzer devnet`: a local chain with the real contracts and a seeded market."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import click

from analyzer.cli.group import Verb, VerbGroup

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@click.group(
    cls=VerbGroup,
    short_help="Run a local chain with the real contracts.",
    examples=(
        "analyzer devnet up --protocol perp-v2 --accounts 300 --seed 7 --out devnet",
        "analyzer devnet record --protocol perp-v2 --accounts 300 --seed 7 --out crash.zip",
    ),
)
def devnet() -> None:
    """Run a local chain with the real contracts, or make a recording of it (needs Node.js)."""


def _scenario(history_days: int) -> Callable[[Decorated], Decorated]:
    """What decides the chain: protocols, accounts, seed, and by default so many days of prices."""
    return lambda command: _decided(command, history_days)


def _decided(command: Decorated, history_days: int) -> Decorated:
    """The options of `_scenario`."""
    command = click.option(
        "--history-days",
        default=history_days,
        show_default=True,
        type=click.IntRange(min=0),
        help="Days with a round of every price feed, before the story.",
    )(command)
    command = click.option("--seed", default=7, show_default=True, help="Seed of the market.")(
        command
    )
    command = click.option(
        "--accounts", default=300, show_default=True, type=click.IntRange(min=1), help="How many."
    )(command)
    return click.option(
        "--protocol",
        "protocols",
        multiple=True,
        default=("perp-v2",),
        show_default=True,
        help="Protocol to deploy: perp-v2, aave-v3 (or aave-v3@1, @3.0.0); several with commas.",
    )(command)


@devnet.command(
    cls=Verb,
    examples=(
        "analyzer devnet up --protocol perp-v2 --accounts 300 --seed 7",
        "analyzer devnet up --accounts 50 --seed 1 --port 8545 --out devnet",
        "analyzer devnet up --protocol perp-v2,aave-v3@10 --accounts 300 --seed 7",
    ),
)
@_scenario(history_days=0)
@click.option(
    "--port",
    default=0,
    type=click.IntRange(min=0, max=65535),
    help="Port on loopback. [default: a free one]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("devnet"),
    show_default=True,
    help="Folder for devnet.json and one deployment file a protocol.",
)
def up(
    *,
    protocols: tuple[str, ...],
    accounts: int,
    seed: int,
    history_days: int,
    port: int,
    out: Path,
) -> int:
    """Start the chain, play the market, serve until stopped with Ctrl-C.

    Deposits, trades, loans, interest and funding over days, a crash, liquidations, bad debt and a
    paused market, on the real contracts. Several protocols share tokens, price feeds and owners.
    The same seed, accounts and protocols give the same state.
    """
    from analyzer.cli.terminal import note, progress
    from analyzer.devnet.up import DevnetInfo
    from analyzer.devnet.up import up as run

    with ExitStack() as building:
        report = building.enter_context(progress())

        def ready(info: DevnetInfo) -> None:
            # The bars end where the building ends: the rest is waiting.
            building.close()
            note(f"serving {info.rpc} until Ctrl-C; {out / 'devnet.json'} says what is there")

        run(
            protocols,
            accounts=accounts,
            seed=seed,
            history_days=history_days,
            port=port,
            out=out,
            progress=report,
            ready=ready,
        )
    return 0


@devnet.command(
    cls=Verb,
    examples=("analyzer devnet record --protocol perp-v2 --accounts 300 --seed 7 --out crash.zip",),
)
@_scenario(history_days=120)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="PATH",
    help="The recording to write (folder or .zip).",
)
def record(
    *, protocols: tuple[str, ...], accounts: int, seed: int, history_days: int, out: Path
) -> int:
    """Start the chain, play the market, and write a recording that `scan` reads offline.

    It holds every round of the price feeds, and proves the logs and the state of the block
    `stressed` (needs the extra `prove`).
    """
    from analyzer.cli.terminal import note, progress
    from analyzer.devnet.record import record as run

    with progress() as report:
        run(
            protocols=protocols,
            accounts=accounts,
            seed=seed,
            out=out,
            history_days=history_days,
            progress=report,
        )
    note(f"recording written to {out}")
    return 0
