"""The table `runs`: which run made which scan."""

from __future__ import annotations

from datetime import UTC, datetime

from analyzer.model.scan_rows import RunFacts
from analyzer.store.keys import SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Column, Kind, Table, count, text

TABLE = Table(
    "runs",
    "Which run made which scan. One row per scan and run.",
    (
        SCAN,
        text("run_id", "The run: 16 hex digits over its scans and options.", key=True),
        text("analyzer_version", "Version of the program."),
        text("source", "`rpc` or `recording`."),
        text("endpoint", "Where the answers came from; keys of endpoints are masked."),
        text("verify_mode", "`flagged`, `sample`, `all` or `none`."),
        count("exit_code", "What the run said to the shell (0 to 4)."),
        Column("started_at", Kind.WALL_CLOCK, "When the run began, UTC."),
        Column("finished_at", Kind.WALL_CLOCK, "When the run had its results, UTC."),
    ),
)


def _stored(moment: datetime) -> datetime:
    """A time as a TIMESTAMP column has it: UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _zoned(stored: datetime) -> datetime:
    """The time of such a column, which is UTC."""
    return stored.replace(tzinfo=UTC)


to_row = row_writer(
    TABLE,
    RunFacts,
    beside=("scan_id", "analyzer_version"),
    made={"started_at": _stored, "finished_at": _stored},
)
from_row = row_reader(TABLE, RunFacts, made={"started_at": _zoned, "finished_at": _zoned})
