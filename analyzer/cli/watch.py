"""`analyzer watch`: follow the head."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.group import verb
from analyzer.cli.options import (
    db_option,
    from_scratch_option,
    index_option,
    max_age_option,
    rpc_option,
)
from analyzer.cli.selection_options import selected, selection_options
from analyzer.cli.settings import chosen_deployments, endpoints
from analyzer.cli.terminal import note


@verb(
    "analyzer watch --rpc http://127.0.0.1:8545 --deployment perp-v2.toml --db scan.duckdb",
    "analyzer watch --deployment perp-v2-optimism --db scan.duckdb --confirmations 12 --every 50 "
    "--metrics-port 9464 --alerts alerts.toml",
    "analyzer watch --deployment perp-v2-optimism --db scan.duckdb --times 1 "
    "--textfile analyzer.prom",
    short_help="Follow the head: scan on new blocks, metrics, alerts.",
)
@rpc_option
@click.option(
    "--deployment",
    "deployments",
    multiple=True,
    callback=chosen_deployments,
    metavar="FILE|NAME",
    help="Deployment file (.toml) or the name of one that ships; repeat for several.",
)
@db_option()
@index_option
@click.option("--confirmations", default=12, show_default=True, help="Blocks to stay behind.")
@click.option("--every", default=1, show_default=True, help="Blocks between two scans.")
@click.option("--poll", default=12.0, show_default=True, help="Seconds between looks at the head.")
@click.option(
    "--verify",
    "verify_mode",
    type=click.Choice(("flagged", "sample", "all", "none")),
    default="flagged",
    show_default=True,
    help="Which accounts are compared with the contract's own views.",
)
@click.option(
    "--stale-after",
    default=3600.0,
    show_default=True,
    help="Seconds without a scan after which /health says so, and an alert is sent.",
)
@click.option("--metrics-port", type=int, help="Serve /metrics and /health on 127.0.0.1.")
@click.option(
    "--textfile",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the metrics to this file after every scan (node exporter's textfile).",
)
@click.option(
    "--alerts",
    "alerts_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Send alerts on what changed, as this file says.",
)
@selection_options
@max_age_option
@from_scratch_option
@click.option("--times", type=int, help="Stop after so many scans.")
def watch(
    *,
    rpc: tuple[str, ...],
    deployments: tuple[str, ...],
    db: Path,
    index_path: Path | None,
    confirmations: int,
    every: int,
    poll: float,
    verify_mode: str,
    stale_after: float,
    metrics_port: int | None,
    textfile: Path | None,
    alerts_file: Path | None,
    times: int | None,
    max_age: str | None,
    from_scratch: bool,
    detect: tuple[str, ...],
    exclude: tuple[str, ...],
    thresholds: dict[str, str],
) -> int:
    """Scan again and again as blocks come, and never lose the last good snapshot.

    A node that is away is waited for; a reorg is followed; a watch that was killed goes on from
    the snapshot that is there. Ends with 0 on SIGTERM or Ctrl-C.
    """
    if not deployments:
        raise click.UsageError("Missing option '--deployment'", click.get_current_context())
    from analyzer.runs.scanning.scan import ScanOptions
    from analyzer.runs.schedule.watch import WatchOptions
    from analyzer.runs.schedule.watching import Showing, run_watch

    options = WatchOptions(
        scan=ScanOptions(
            db=db,
            rpc=endpoints(rpc, None, deployments),
            deployments=deployments,
            index=index_path,
            verify=verify_mode,
            max_age=max_age,
            from_scratch=from_scratch,
            selection=selected(detect, exclude, thresholds),
        ),
        confirmations=confirmations,
        every=every,
        poll_s=poll,
        stale_s=stale_after,
        times=times,
    )
    run_watch(options, Showing(metrics_port, textfile, alerts_file), note)
    return 0
