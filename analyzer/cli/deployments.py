"""`analyzer deployments`: what may be named without a file."""

from __future__ import annotations

from analyzer.cli.group import verb
from analyzer.cli.options import json_option
from analyzer.cli.show import show_json, show_rows
from analyzer.cli.terminal import emit


@verb(
    "analyzer deployments",
    "analyzer deployments --json",
    short_help="List the deployments that are built in.",
)
@json_option
def deployments(*, as_json: bool) -> None:
    """List the deployments that ship with the installed protocols.

    Each name can be given to `--deployment`. The sources below the table say where the addresses
    come from; with --json the addresses are there too.
    """
    from analyzer.runs.scanning.deployments import list_deployments

    found = list_deployments()
    if as_json:
        show_json({"deployments": found})
        return
    columns = ("name", "protocol", "chain_id", "from_block")
    sources = list(dict.fromkeys(row["source"] for row in found))
    rows = [[*(row[c] for c in columns), sources.index(row["source"]) + 1] for row in found]
    show_rows((*columns, "source"), rows, "table")
    for number, source in enumerate(sources, 1):
        emit(f"source {number}: {source}")
