"""`analyzer doctor`: what works here, and what a node can do."""

from __future__ import annotations

from pathlib import Path

from analyzer.cli.group import verb
from analyzer.cli.options import db_option, format_option, recording_option, rpc_option
from analyzer.cli.show import show_json, show_rows


@verb(
    "analyzer doctor",
    "analyzer doctor --rpc http://127.0.0.1:8545 --json",
    "analyzer doctor --recording evidence.zip",
    "analyzer doctor --db scan.duckdb",
    short_help="Check the installation, an endpoint or a file.",
)
@rpc_option
@recording_option
@db_option(required=False)
@format_option
def doctor(
    *,
    rpc: tuple[str, ...],
    recording: Path | None,
    db: Path | None,
    format_: str,
    as_json: bool,
) -> int:
    """Check the installation, the endpoints, a recording or a snapshot.

    For each endpoint: whether it answers, its chain id and head, how far back its state goes,
    and which way of reading in bulk it allows. Endpoint keys are never shown.
    """
    from analyzer.runs.scanning.doctor import doctor as run

    answer = run(rpc=rpc, recording=recording, db=db)
    if as_json or format_ == "json":
        show_json(answer)
    else:
        rows = [
            (check.name, "ok" if check.ok else "PROBLEM", check.text) for check in answer.checks
        ]
        show_rows(("check", "", "what was found"), rows, format_, count=False)
    return int(answer.run.exit_code)
