"""`analyzer deployments`: what may be named without a file."""

from __future__ import annotations

from analyzer.cli.group import verb
from analyzer.cli.options import format_option
from analyzer.cli.show import show_json, show_rows
from analyzer.cli.terminal import emit


@verb(
    "analyzer deployments",
    "analyzer deployments --json",
    short_help="List the deployments that are built in.",
)
@format_option
def deployments(*, format_: str, as_json: bool) -> None:
    """List the deployments that ship with the installed protocols.

    Each name can be given to `--deployment`. The sources below the table say where the addresses
    come from; with --json the addresses are there too.
    """
    from analyzer.runs.scanning.deployments import list_deployments

    document = list_deployments()
    if as_json or format_ == "json":
        show_json(document)
        return
    sources = list(dict.fromkeys(d.source for d in document.deployments))
    rows = [
        (d.name, d.protocol, d.chain_id, d.from_block, sources.index(d.source) + 1)
        for d in document.deployments
    ]
    show_rows(("name", "protocol", "chain_id", "from_block", "source"), rows, format_)
    if format_ == "csv":
        return
    for number, source in enumerate(sources, 1):
        emit(f"source {number}: {source}")
