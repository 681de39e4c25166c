"""`analyzer detectors`: what is looked for, what a finding proves, and what it does not."""

from __future__ import annotations

import click

from analyzer.cli.group import Verb, VerbGroup
from analyzer.cli.show import show_detectors

FORMATS = ("table", "json", "markdown")


@click.group(
    cls=VerbGroup,
    short_help="List what is looked for.",
    examples=("analyzer detectors list", "analyzer detectors show insolvent-account"),
)
def detectors() -> None:
    """List what is looked for: what a finding proves, what it does not, and what to do."""


def _format(choices: tuple[str, ...] = FORMATS) -> click.Option:
    return click.Option(
        ["--format", "format_"],
        type=click.Choice(choices),
        default="table",
        show_default=True,
        help="How the answer is written to standard output.",
    )


_JSON = click.Option(["--json", "as_json"], is_flag=True, help="The same as --format json.")


@detectors.command(
    "list",
    cls=Verb,
    params=[_format(), _JSON],
    examples=("analyzer detectors list", "analyzer detectors list --format markdown"),
)
def list_(*, format_: str, as_json: bool) -> int:
    """List all detectors, the severest first. Markdown and JSON hold their texts as well."""
    show_detectors(None, "json" if as_json else format_)
    return 0


@detectors.command(
    cls=Verb,
    params=[click.Argument(["id_"], metavar="ID"), _format(), _JSON],
    examples=(
        "analyzer detectors show insolvent-account",
        "analyzer detectors show contract-divergence --json",
    ),
)
def show(*, id_: str, format_: str, as_json: bool) -> int:
    """Show one detector with all its texts."""
    show_detectors(id_, "json" if as_json else format_)
    return 0
