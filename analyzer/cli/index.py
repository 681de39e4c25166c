"""`analyzer index`: logs into the index, without judging anything."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.estimate import dry_run_option, show_estimate
from analyzer.cli.group import verb
from analyzer.cli.options import format_option, max_age_option, source_options
from analyzer.cli.settings import endpoints
from analyzer.cli.show import show_json, show_rows
from analyzer.cli.terminal import progress


@verb(
    "analyzer index --rpc http://127.0.0.1:8545 --deployment perp-v2.toml --index perp.index",
    "analyzer index --recording evidence.zip --index perp.index --json",
    "analyzer index --deployment perp-v2-optimism --index perp.index --block finalized",
    "analyzer index --deployment optimism --index perp.index --recheck 15M:+5000",
    "analyzer index --deployment optimism --index perp.index --logs cryo-logs --block 120M",
    short_help="Read logs into the index.",
)
@source_options
@click.option(
    "--block",
    default="latest",
    show_default=True,
    help="The last block to index (the syntax of `analyzer scan --block`), or a range such as "
    "15M:+1000 that begins no later than the index ends.",
)
@click.option(
    "--index",
    "index_path",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The index: continued where it stopped, created when it is not there.",
)
@click.option(
    "--recheck",
    is_flag=False,
    flag_value="all",
    metavar="[RANGE]",
    help="First read logs that are indexed a second time, of all blocks or of a range (15M:+1000), "
    "and put right what the node of that time left out or made up. Use a node that you trust.",
)
@click.option(
    "--logs",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Read logs from the Parquet files of this folder, as cryo and tiders write them, instead "
    "of asking the node for all of them; headers are the node's, and its logs of a stretch of "
    "every chunk are compared.",
)
@dry_run_option
@max_age_option
@format_option
def index(
    *,
    rpc: tuple[str, ...],
    recording: Path | None,
    deployments: tuple[str, ...],
    block: str,
    index_path: Path,
    recheck: str | None,
    logs: Path | None,
    dry_run: bool,
    max_age: str | None,
    format_: str,
    as_json: bool,
) -> int:
    """Read logs into the index, or continue where it stopped.

    May be interrupted at any point and run again: the result is the same as of one straight run.
    A reorg since the last run is noticed by block hash and rolled back first. Exit code 3 when
    the headers do not hang together, or when logs that are held were not given again and nothing
    says that they do not exist.
    """
    from analyzer.report.indexed import index_rows
    from analyzer.runs.scanning.index import IndexOptions
    from analyzer.runs.scanning.index import index as run

    options = IndexOptions(
        rpc=endpoints(rpc, recording, deployments),
        recording=recording,
        deployments=deployments,
        block=block,
        index=index_path,
        recheck=recheck,
        max_age=max_age,
        logs=logs,
    )
    if dry_run:
        from analyzer.runs.scanning.estimate import EstimateOptions
        from analyzer.runs.scanning.index import last_of

        wanted = EstimateOptions(
            command="index",
            rpc=options.rpc,
            recording=recording,
            deployments=deployments,
            index=index_path,
            target=lambda node: (0, last_of(node, block)),
            block=block,
            max_age=max_age,
        )
        return show_estimate(wanted, "json" if as_json else format_)
    with progress() as report:
        outcome = run(options, report)
    if as_json or format_ == "json":
        show_json(outcome.document)
    else:
        show_rows(*index_rows(outcome.document), format_, count=False)
    return int(outcome.exit_code)
