"""The commands: one file a verb; each parses, calls `runs` and renders.

Importing this package imports click and nothing heavier: what a command needs beyond that (web3,
DuckDB, numpy, rich) is imported when the command runs, so that `analyzer --help` answers at once.
"""

from __future__ import annotations

import click

from analyzer import __version__
from analyzer.cli.group import Program
from analyzer.cli.options import limit_options
from analyzer.cli.settings import settings_options
from analyzer.cli.terminal import emit

main = Program(
    name="analyzer",
    verbs={
        "demo": "analyzer.cli.demo:demo",
        "scan": "analyzer.cli.scan:scan",
        "book": "analyzer.cli.book:book",
        "account": "analyzer.cli.account:account",
        "stress": "analyzer.cli.stress:stress",
        "contagion": "analyzer.cli.contagion:contagion",
        "risk": "analyzer.cli.risk:risk",
        "backfill": "analyzer.cli.backfill:backfill",
        "history": "analyzer.cli.history:history",
        "query": "analyzer.cli.query:query",
        "sql": "analyzer.cli.sql:sql",
        "report": "analyzer.cli.report:report",
        "export": "analyzer.cli.export:export",
        "verify": "analyzer.cli.verify:verify",
        "certificate": "analyzer.cli.certificate:certificate",
        "diff": "analyzer.cli.diff:diff",
        "triage": "analyzer.cli.triage:triage",
        "detectors": "analyzer.cli.detectors:detectors",
        "index": "analyzer.cli.index:index",
        "deployments": "analyzer.cli.deployments:deployments",
        "run": "analyzer.cli.run:run",
        "watch": "analyzer.cli.watch:watch",
        "monitoring": "analyzer.cli.monitoring:monitoring",
        "doctor": "analyzer.cli.doctor:doctor",
        "config": "analyzer.cli.config:config",
        "documents": "analyzer.cli.documents:documents",
        "devnet": "analyzer.cli.devnet:devnet",
    },
    params=[
        click.Option(
            ["--debug"],
            is_flag=True,
            envvar="ANALYZER_DEBUG",
            help="Show the traceback of an unexpected error (endpoint keys stay masked).",
        ),
        *settings_options(),
        *limit_options(),
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=lambda ctx, _param, value: _print_version(ctx) if value else None,
            help="Show the version and exit.",
        ),
    ],
    context_settings={"max_content_width": 100},
    help=(
        "Tells whether a derivative protocol is solvent, account by account, straight from the "
        "chain.\n\n"
        "Rebuilds every cross-margin account in exact integers from logs and pinned reads, "
        "compares the result with the contracts' own views, and names who is under water.\n\n"
        "Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 the input is wrong; "
        "3 not fully read; 4 divergence from the contract."
    ),
    examples=(
        "analyzer demo",
        "analyzer scan --rpc http://127.0.0.1:8545 --deployment perp-v2.toml --db scan.duckdb",
        "analyzer account 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --db scan.duckdb",
    ),
)


def _print_version(ctx: click.Context) -> None:
    """Prints `analyzer <version>` and ends the command with exit code 0."""
    emit(f"analyzer {__version__}")
    ctx.exit(0)
