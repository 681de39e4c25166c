"""`analyzer deployments`: what may be named without a file."""

from __future__ import annotations

from analyzer.cli.group import verb
from analyzer.cli.options import json_option
from analyzer.cli.show import show_json, show_rows


@verb(
    "analyzer deployments",
    "analyzer deployments --json",
    short_help="List the deployments that are built in.",
)
@json_option
def deployments(*, as_json: bool) -> None:
    """List the deployments that ship with the installed protocols.

    Each name can be given to `--deployment`. The source says where the addresses come from; with
    --json the addresses are there too.
    """
    from analyzer.runs.deployments import list_deployments

    found = list_deployments()
    if as_json:
        show_json({"deployments": found})
        return
    columns = ("name", "protocol", "chain_id", "from_block", "source")
    show_rows(columns, [[row[column] for column in columns] for row in found], "table")
