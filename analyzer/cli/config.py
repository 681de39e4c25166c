"""`analyzer config`: which settings hold here, and where each came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from analyzer.cli.failure import mask
from analyzer.cli.group import Verb, VerbGroup
from analyzer.cli.options import format_option
from analyzer.cli.settings import read_anew
from analyzer.cli.show import show_json, show_rows
from analyzer.cli.terminal import note

if TYPE_CHECKING:
    from analyzer.documents.settings import SettingEntry


@click.group(
    cls=VerbGroup,
    short_help="Show the settings that hold here.",
    examples=("analyzer config show", "analyzer --isolated config show --json"),
)
def config() -> None:
    """Show the settings that hold here, from the environment and analyzer.toml."""


@config.command(
    cls=Verb,
    examples=("analyzer config show", "analyzer --config ci.toml config show --format csv"),
)
@format_option
def show(*, format_: str, as_json: bool) -> int:
    """Show every setting with its value and where that came from.

    An option on the command line comes before the environment, that before the file, that before
    the default. Keys of endpoints are never shown.
    """
    from analyzer import __version__
    from analyzer.documents.envelope import Run
    from analyzer.documents.settings import SettingEntry, SettingsDocument

    found = read_anew(click.get_current_context())
    path = None if found.file is None else str(found.file.path)
    entries = tuple(
        SettingEntry(
            key=one.key,
            values=tuple(map(mask, one.values)),
            origin=one.origin.kind,
            line=one.origin.line,
            variable=one.origin.variable or None,
        )
        for one in found.all()
    )
    if as_json or format_ == "json":
        show_json(SettingsDocument(Run(__version__, 0), path, entries))
        return 0
    rows = [(one.key, ", ".join(one.values) or "-", _from(one)) for one in entries]
    show_rows(("setting", "value", "from"), rows, format_, count=False)
    note(f"file: {path or 'none: no analyzer.toml counts here'}")
    return 0


def _from(entry: SettingEntry) -> str:
    """Where a value came from, in words."""
    if entry.variable:
        return f"environment: {entry.variable}"
    return f"{entry.origin}, line {entry.line}" if entry.line else entry.origin
