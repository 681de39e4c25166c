"""`analyzer diff`: what became of the findings between two snapshots."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.group import verb
from analyzer.cli.options import FORMATS, fail_on_option
from analyzer.cli.outputs import Output, check_outputs, outputs_option
from analyzer.cli.show import show_outputs


@verb(
    "analyzer diff monday.duckdb tuesday.duckdb",
    "analyzer diff monday.duckdb tuesday.duckdb --fail-on medium --format sarif=diff.sarif",
    "analyzer diff a.duckdb b.duckdb --triage triage.toml --json",
    short_help="Compare the findings of two snapshots.",
)
@click.argument("before", type=click.Path(path_type=Path), metavar="BEFORE")
@click.argument("after", type=click.Path(path_type=Path), metavar="AFTER")
@outputs_option(*FORMATS, "sarif")
@fail_on_option
@click.option(
    "--triage",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Accepted findings. [default: triage.toml beside AFTER, if it is there]",
)
def diff(
    *, before: Path, after: Path, outputs: list[Output], fail_on: str, triage: Path | None
) -> int:
    """Compare the findings of two snapshots: new, worse, better, resolved, accepted.

    Findings are the same by fingerprint; worse or better by severity, then by the amount that
    measures them. A finding that is gone because its account is unknown now, or was not scanned,
    is not resolved but undecided. Exit code 1 when something is new or worse, at least as severe
    as --fail-on and not accepted; 3 when something that severe is undecided.
    """
    from analyzer.report.diff import render_diff
    from analyzer.runs.triage.diff import DiffOptions
    from analyzer.runs.triage.diff import diff as run
    from analyzer.runs.triage.triage import today

    check_outputs(outputs, {"BEFORE": before, "AFTER": after, "--triage": triage})
    outcome = run(DiffOptions(before, after, today(), fail_on, triage))
    show_outputs(outcome.document, outputs, render_diff)
    return int(outcome.exit_code)
