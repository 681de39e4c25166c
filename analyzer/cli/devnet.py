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


def _scenario(command: Decorated) -> Decorated:
    """What decides the chain: protocols, accounts, seed."""
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
@_scenario
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
def up(*, protocols: tuple[str, ...], accounts: int, seed: int, port: int, out: Path) -> int:
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
@_scenario
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="PATH",
    help="The recording to write (folder or .zip).",
)
def record(*, protocols: tuple[str, ...], accounts: int, seed: int, out: Path) -> int:
    """Start the chain, play the market, and write a recording that `scan` reads offline."""
    from analyzer.cli.terminal import note, progress
    from analyzer.devnet.record import record as run

    with progress() as report:
        run(protocols=protocols, accounts=accounts, seed=seed, out=out, progress=report)
    note(f"recording written to {out}")
    return 0
