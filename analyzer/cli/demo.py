"""`analyzer demo`: the whole way on a recording that ships with the package."""

from __future__ import annotations

from pathlib import Path

from analyzer.cli.group import verb
from analyzer.cli.options import db_option, format_option
from analyzer.cli.show import show_blocks, show_document, show_json, show_statement
from analyzer.cli.terminal import note, progress

_PATHS = 3
"""How many paths of its cascade the demo shows."""


@verb(
    "analyzer demo",
    "analyzer demo --db demo.duckdb",
    "analyzer demo --json",
    short_help="Run everything on the recording that ships with it.",
)
@db_option(required=False)
@format_option
def demo(*, db: Path | None, format_: str, as_json: bool) -> int:
    """Index, rebuild, verify and judge the shipped recording: no network, no node.

    The recording was made from the real contracts on a local chain, with a crash in it. Exit
    code 0 when everything came out as it should, findings included. It ends with what would come
    after the crash: the cascade of 10 October 2025. With --db the snapshot stays there, for
    `analyzer account`, `query`, `stress` and `sql`.
    """
    from analyzer.runs.demo import demo as run

    with progress() as report:
        outcome = run(report, db=db)
    if as_json or format_ == "json":
        show_json(outcome.document)
    elif format_ == "csv":
        show_document(outcome.document, "csv")
    else:
        show_document(outcome.document, format_)
        show_statement(outcome.statement, format_)
        cascade = outcome.document.contagion
        if cascade is not None:
            from analyzer.report.cascade import cascade_page

            show_blocks(cascade_page(cascade, paths=_PATHS), format_)
    for problem in outcome.problems:
        note(f"not as it should be: {problem}")
    return int(outcome.exit_code)
