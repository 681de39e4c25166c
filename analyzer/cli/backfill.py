"""`analyzer backfill`: many blocks into one history."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.estimate import dry_run_option, show_estimate
from analyzer.cli.group import verb
from analyzer.cli.options import (
    FAIL_ON,
    executor_options,
    format_option,
    max_age_option,
    source_options,
)
from analyzer.cli.selection_options import selected, selection_options
from analyzer.cli.settings import default_fail_on, default_place, endpoints, needed
from analyzer.cli.show import show_json, show_rows
from analyzer.cli.terminal import note, progress


@verb(
    "analyzer backfill --rpc http://127.0.0.1:8545 --deployment perp-v2.toml "
    "--blocks 1000000:2000000:7200 --history history",
    "analyzer backfill --deployment perp-v2-optimism --blocks -1000:latest:100 --history history",
    "analyzer backfill --recording evidence.zip --history history --executor processes",
    short_help="Scan many blocks into a history.",
)
@source_options
@click.option(
    "--blocks",
    multiple=True,
    metavar="FIRST:LAST:STEP",
    help="Which blocks, both ends in block syntax, or one block; repeat for several. With "
    "--recording, the default is every pinned block.",
)
@click.option(
    "--history",
    type=click.Path(path_type=Path),
    required=True,
    default=default_place("history"),
    callback=needed,
    metavar="FOLDER",
    help="The history: a folder of Parquet files, created or appended to.",
)
@click.option(
    "--index",
    "index_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The index of raw logs, kept from run to run. [default: beside --history]",
)
@click.option(
    "--verify",
    "verify_mode",
    type=click.Choice(("flagged", "sample", "all", "none")),
    default="flagged",
    show_default=True,
    help="Which accounts are compared with the contract's own views at each block.",
)
@click.option("--sample-seed", default=0, show_default=True, help="Seed of the sample of --verify.")
@click.option("--resume/--again", default=True, help="Skip blocks that are there, or redo them.")
@executor_options
@click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    default=default_fail_on,
    help="Exit with 1 when a finding at any block is at least this severe, accepted or not. "
    "[default: high]",
)
@selection_options
@dry_run_option
@max_age_option
@format_option
def backfill(
    *,
    rpc: tuple[str, ...],
    recording: Path | None,
    deployments: tuple[str, ...],
    blocks: tuple[str, ...],
    history: Path,
    index_path: Path | None,
    verify_mode: str,
    sample_seed: int,
    resume: bool,
    executor: str,
    workers: int | None,
    fail_on: str,
    dry_run: bool,
    max_age: str | None,
    detect: tuple[str, ...],
    exclude: tuple[str, ...],
    thresholds: dict[str, str],
    format_: str,
    as_json: bool,
) -> int:
    """Scan many blocks and append them to one history of Parquet files.

    Reads the logs once, then rebuilds, verifies and judges every deployment at every block. May
    be stopped at any point and run again: blocks that are there are skipped, a block that a reorg
    replaced is written anew. A block that fails is named and does not stop the others.
    """
    from analyzer.documents.backfill import BackfillCounts
    from analyzer.report.entries import entry_rows
    from analyzer.runs.many.backfill import BackfillOptions
    from analyzer.runs.many.backfill import backfill as run

    options = BackfillOptions(
        history=history,
        blocks=blocks,
        rpc=endpoints(rpc, recording, deployments),
        recording=recording,
        deployments=deployments,
        index=index_path,
        verify=verify_mode,
        seed=sample_seed,
        fail_on=fail_on,
        again=not resume,
        executor=executor,
        workers=workers,
        max_age=max_age,
        selection=selected(detect, exclude, thresholds),
    )
    if dry_run:
        from analyzer.runs.many.block_list import extent_of
        from analyzer.runs.scanning.estimate import EstimateOptions

        wanted = EstimateOptions(
            command="backfill",
            rpc=options.rpc,
            recording=recording,
            deployments=deployments,
            index=options.index_file,
            target=lambda node: extent_of(node, blocks),
            block="latest" if any("latest" in text for text in blocks) else "0",
            max_age=max_age,
            seed=sample_seed,
        )
        return show_estimate(wanted, "json" if as_json else format_)
    with progress() as report:
        outcome = run(options, report)
    document = outcome.document
    if as_json or format_ == "json":
        show_json(document)
    else:
        show_rows(*entry_rows(document.deployments, BackfillCounts), format_, count=False)
    for failure in document.failures:
        note(f"failed: {failure.deployment} at block {failure.block}: {failure.problem}")
    note(f"history written to {history}")
    return int(outcome.exit_code)
