"""`analyzer scan`: the main job."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.estimate import dry_run_option, show_estimate
from analyzer.cli.group import verb
from analyzer.cli.options import (
    DOCUMENT_FORMATS,
    db_option,
    fail_on_option,
    from_scratch_option,
    index_option,
    max_age_option,
    source_options,
    triage_option,
)
from analyzer.cli.outputs import Output, check_outputs, outputs_option
from analyzer.cli.proof_options import proof_options, proof_wishes
from analyzer.cli.selection_options import selected, selection_options
from analyzer.cli.settings import endpoints
from analyzer.cli.show import show_judged
from analyzer.cli.terminal import note, progress


@verb(
    "analyzer scan --rpc http://127.0.0.1:8545 --deployment perp-v2.toml --db scan.duckdb",
    "analyzer scan --recording evidence.zip --db scan.duckdb --verify all --json",
    "analyzer scan --deployment perp-v2-optimism --block finalized --db scan.duckdb "
    "--fail-on critical",
    "analyzer scan --rpc http://127.0.0.1:8545 --deployment perp-v2.toml --db scan.duckdb "
    "--record evidence.zip --format markdown",
    "analyzer scan --recording evidence.zip --db scan.duckdb --format table "
    "--format sarif=findings.sarif --format json=scan.json",
    "analyzer scan --recording evidence.zip --db scan.duckdb --exclude unknown-price-age "
    "--threshold insolvent-account=100",
    "analyzer scan --rpc http://127.0.0.1:8545 --deployment perp-v2.toml --db scan.duckdb "
    "--prove logs --prove-sample 500 --record evidence.zip",
    short_help="Rebuild and judge every account at a block.",
)
@source_options
@click.option(
    "--block",
    default="latest",
    show_default=True,
    help="The block to judge: a number (15M), latest, finalized, -1000 (before latest), a date, "
    "a block hash or, in a recording, a label.",
)
@db_option()
@index_option
@click.option(
    "--verify",
    "verify_mode",
    type=click.Choice(("flagged", "sample", "all", "none")),
    default="flagged",
    show_default=True,
    help="Which accounts are compared with the contract's own views: all that are not healthy "
    "plus a sample, the sample alone, all, or none.",
)
@click.option("--sample-seed", default=0, show_default=True, help="Seed of the sample of --verify.")
@click.option(
    "--record",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Write the node's answers that were used to this recording.",
)
@click.option(
    "--storage",
    metavar="VERSION",
    help="Write the snapshot in this DuckDB storage version, which older DuckDBs open. "
    "[default: the newest]",
)
@proof_options
@outputs_option(*DOCUMENT_FORMATS)
@fail_on_option
@triage_option
@selection_options
@dry_run_option
@max_age_option
@from_scratch_option
@click.option(
    "--feed-rounds",
    is_flag=True,
    help="Index every round of the price feeds, too, for the prices of `analyzer risk`. "
    "[of a recording: always]",
)
def scan(
    *,
    rpc: tuple[str, ...],
    recording: Path | None,
    deployments: tuple[str, ...],
    block: str,
    db: Path,
    index_path: Path | None,
    verify_mode: str,
    sample_seed: int,
    record: Path | None,
    storage: str | None,
    prove: tuple[str, ...],
    prove_sample: int | None,
    prove_accounts: int | None,
    trusted_hash: tuple[str, ...],
    checkpoints: Path | None,
    quorum: int | None,
    witness: str | None,
    outputs: list[Output],
    fail_on: str,
    triage: Path | None,
    dry_run: bool,
    max_age: str | None,
    from_scratch: bool,
    feed_rounds: bool,
    detect: tuple[str, ...],
    exclude: tuple[str, ...],
    thresholds: dict[str, str],
) -> int:
    """Rebuild every account at a block, compare with the contract, say who is under water.

    Reads the logs from a node or a recording into the index, rebuilds all accounts in exact
    integers at the block, asks the contract's own views the same questions, and writes the
    snapshot, one DuckDB file that is replaced as a whole. The document goes to standard output,
    and with --format FORMAT=FILE into files too. Findings that the triage file accepts are shown
    with their reason and do not count for --fail-on.
    """
    from analyzer.runs.scanning.scan import ScanOptions
    from analyzer.runs.scanning.scan import scan as run

    urls = endpoints(rpc, recording, deployments)
    options = ScanOptions(
        db=db,
        rpc=urls,
        recording=recording,
        record=record,
        deployments=deployments,
        block=block,
        index=index_path,
        verify=verify_mode,
        seed=sample_seed,
        fail_on=fail_on,
        triage=triage,
        max_age=max_age,
        storage=storage,
        from_scratch=from_scratch,
        feed_rounds=feed_rounds,
        selection=selected(detect, exclude, thresholds),
        prove=proof_wishes(
            prove,
            prove_sample,
            prove_accounts,
            trusted_hash,
            checkpoints,
            quorum,
            witness,
            rpc=urls,
            seed=sample_seed,
        ),
    )
    if dry_run:
        from analyzer.runs.scanning.estimate import EstimateOptions
        from analyzer.runs.scanning.pipeline import index_beside

        wanted = EstimateOptions(
            command="scan",
            rpc=options.rpc,
            recording=recording,
            deployments=deployments,
            index=index_path or index_beside(db),
            target=lambda node: (1, node.resolve(block)),
            block=block,
            max_age=max_age,
            seed=sample_seed,
        )
        return show_estimate(wanted, next(o.format for o in outputs if o.path is None))
    check_outputs(
        outputs,
        {
            "--db": db,
            "--index": index_path,
            "--record": record,
            "--recording": recording,
            "--triage": triage,
        },
    )
    with progress() as report:
        outcome = run(options, report)
    show_judged(outcome.document, outputs)
    for one in outcome.document.run.folded:
        if one.after_block is not None:
            where = f"after block {one.after_block:,}, where an earlier scan left off"
            note(f"{one.deployment}: {one.logs:,} logs folded {where}")
        for refused in one.refused:
            note(f"{one.deployment}: {refused}")
    note(f"snapshot written to {db}")
    return int(outcome.exit_code)
