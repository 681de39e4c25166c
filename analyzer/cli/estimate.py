"""`--dry-run`: what a command would cost, shown instead of run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analyzer.cli.show import show_json, show_rows
from analyzer.cli.terminal import note, progress

if TYPE_CHECKING:
    from analyzer.runs.scanning.estimate import EstimateOptions

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def dry_run_option(command: Decorated) -> Decorated:
    """`--dry-run`: say what it would cost, by a sample."""
    return click.option(
        "--dry-run",
        is_flag=True,
        help="Read a seeded sample of block ranges, and say how many logs, requests, headers and "
        "minutes the run would take. Nothing is written.",
    )(command)


def show_estimate(options: EstimateOptions, form: str) -> int:
    """Makes the estimate and shows it in one form."""
    from analyzer.documents.estimate import EstimatedDeployment
    from analyzer.report.entries import entry_rows
    from analyzer.runs.scanning.estimate import estimate

    with progress() as report:
        document = estimate(options, report)
    if form == "json":
        show_json(document)
        return 0
    columns, rows = entry_rows(document.deployments, EstimatedDeployment)
    show_rows(columns, rows, form, count=False, exact=False)
    sample = document.sample
    note(
        f"sample (seed {sample.seed}): {sample.logs:,} logs of {sample.blocks:,} blocks in"
        f" {sample.ranges} ranges; it took {sample.log_requests + sample.header_requests:,}"
        f" requests in {sample.exchanges:,} posts and {sample.seconds:.1f} s"
    )
    for text in document.notes:
        note(f"note: {text}")
    return 0
