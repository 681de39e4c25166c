"""`python -m analyzer.testing`: lists the kinds of fault, or serves a node that has some."""

from __future__ import annotations

import time
from pathlib import Path

import click

from analyzer.model.errors import AnalyzerError
from analyzer.testing.kinds import KINDS
from analyzer.testing.node import FaultNode
from analyzer.testing.recorded import Recorded
from analyzer.testing.schedule import Fault
from analyzer.testing.source import ChainSource
from analyzer.testing.upstream import Upstream


@click.group()
def main() -> None:
    """A JSON-RPC node on 127.0.0.1 with faults on a schedule."""


@main.command()
def kinds() -> None:
    """Lists the kinds of fault: name, options, and what the node does."""
    for name, kind in KINDS.items():
        options = ",".join(f"{key}={value}" for key, value in kind.options.items())
        click.echo(f"{name}{':' if options else ''}{options}  {kind.does}")


@main.command()
@click.option("--recording", type=click.Path(path_type=Path), help="Answer from a recording.")
@click.option("--upstream", help="Answer as the node at this URL does.")
@click.option("--fault", "faults", multiple=True, help="KIND[:NAME=VALUE,...]; repeatable.")
@click.option("--seed", default=0, help="Of all chance.")
@click.option("--seconds", type=float, help="Serve so long; default: until interrupted.")
def serve(
    recording: Path | None,
    upstream: str | None,
    faults: tuple[str, ...],
    seed: int,
    seconds: float | None,
) -> None:
    """Serves until it is interrupted, then says what was hit."""
    if (recording is None) == (upstream is None):
        raise click.UsageError("give --recording or --upstream, one of them")
    try:
        source: ChainSource = Recorded(recording) if recording else Upstream(upstream or "")
        plan = [Fault.parse(text) for text in faults]
    except AnalyzerError as error:
        raise click.UsageError(str(error)) from None
    with FaultNode(source, plan, seed=seed) as node:
        click.echo(node.url)
        try:
            time.sleep(seconds if seconds is not None else 10**9)
        except KeyboardInterrupt:
            click.echo("")
        for name, count in sorted(node.hits.items()):
            click.echo(f"{name}: {count}")


if __name__ == "__main__":
    main()
