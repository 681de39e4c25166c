"""`analyzer verify`: a snapshot against the chain and the contract's own views."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.group import verb
from analyzer.cli.options import DOCUMENT_FORMATS, db_option, index_option, source_options
from analyzer.cli.outputs import Output, check_outputs, outputs_option
from analyzer.cli.settings import endpoints
from analyzer.cli.show import show_judged
from analyzer.cli.terminal import progress


@verb(
    "analyzer verify --rpc http://127.0.0.1:8545 --db scan.duckdb",
    "analyzer verify --recording evidence.zip --db scan.duckdb --accounts sample --json",
    short_help="Compare a snapshot with the contract's own views.",
)
@source_options
@db_option()
@click.option(
    "--accounts",
    "mode",
    type=click.Choice(("flagged", "sample", "all")),
    default="all",
    show_default=True,
    help="Which accounts are compared.",
)
@click.option("--sample-seed", default=0, show_default=True, help="Seed of the sample.")
@index_option
@outputs_option(*DOCUMENT_FORMATS)
def verify(
    *,
    rpc: tuple[str, ...],
    recording: Path | None,
    deployments: tuple[str, ...],
    db: Path,
    mode: str,
    sample_seed: int,
    index_path: Path | None,
    outputs: list[Output],
) -> int:
    """Compare a snapshot with the chain and the contract's own views, at the snapshot's block.

    The block is rebuilt, every row of the snapshot has to come out again, and the contract's
    views are asked. The snapshot stays as it is. Exit code 4 when one number differs; the account
    and the field are named.
    """
    from analyzer.runs.scanning.verify import VerifyOptions
    from analyzer.runs.scanning.verify import verify as run

    options = VerifyOptions(
        db=db,
        rpc=endpoints(rpc, recording, deployments),
        recording=recording,
        deployments=deployments,
        mode=mode,
        seed=sample_seed,
        index=index_path,
    )
    check_outputs(outputs, {"--db": db, "--index": index_path, "--recording": recording})
    with progress() as report:
        outcome = run(options, report)
    show_judged(outcome.document, outputs)
    return int(outcome.exit_code)
