"""`analyzer documents`: what the commands write as JSON, and its schemas."""

from __future__ import annotations

import click

from analyzer.cli.group import verb
from analyzer.cli.options import format_option
from analyzer.cli.show import show_json, show_rows


@verb(
    "analyzer documents",
    "analyzer documents scan",
    short_help="List the kinds of JSON documents, or show the schema of one.",
)
@click.argument("kind", required=False, metavar="[KIND]")
@format_option
def documents(*, kind: str | None, format_: str, as_json: bool) -> int:
    """List the kinds of JSON documents, or show the JSON Schema of one.

    Every document begins with `schema` (the version of its kind), `kind` and `run`. Within a
    version keys are added, never renamed or removed.
    """
    from analyzer.runs.telling.listings import documents_document, schema_of

    if kind is not None:
        show_json(schema_of(kind))
        return 0
    document = documents_document()
    if as_json or format_ == "json":
        show_json(document)
    else:
        rows = [(entry.kind, entry.schema, entry.says) for entry in document.documents]
        show_rows(("kind", "schema", "what it is"), rows, format_, count=False)
    return 0
