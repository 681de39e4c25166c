"""`analyzer detectors`: what is looked for, what a finding proves, and what it does not."""

from __future__ import annotations

import click

from analyzer.cli.group import Verb, VerbGroup
from analyzer.cli.options import format_option
from analyzer.cli.show import show_detectors


@click.group(
    cls=VerbGroup,
    short_help="List what is looked for.",
    examples=("analyzer detectors list", "analyzer detectors show insolvent-account"),
)
def detectors() -> None:
    """List what is looked for: what a finding proves, what it does not, and what to do."""


@detectors.command(
    "list",
    cls=Verb,
    examples=("analyzer detectors list", "analyzer detectors list --format markdown"),
)
@format_option
def list_(*, format_: str, as_json: bool) -> int:
    """List all detectors, the severest first. Markdown and JSON hold their texts as well."""
    show_detectors(None, "json" if as_json else format_)
    return 0


@detectors.command(
    cls=Verb,
    examples=(
        "analyzer detectors show insolvent-account",
        "analyzer detectors show contract-divergence --json",
    ),
)
@click.argument("id_", metavar="ID")
@format_option
def show(*, id_: str, format_: str, as_json: bool) -> int:
    """Show one detector with all its texts."""
    show_detectors(id_, "json" if as_json else format_)
    return 0
