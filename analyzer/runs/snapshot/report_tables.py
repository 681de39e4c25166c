"""What stress and contagion wrote into a snapshot, read for a report."""

from __future__ import annotations

from typing import Any

import orjson

from analyzer.report.html.stressed import Record, Stressed
from analyzer.store.reader import Snapshot, of_rows
from analyzer.store.schema import Kind
from analyzer.store.snapshot import SCHEMA


def stressed(snapshot: Snapshot, scan_ids: list[str]) -> Stressed:
    """The rows of the scans' stress and contagion tables; empty where nothing was written."""
    with of_rows(snapshot.path):
        return Stressed(
            results=_records(snapshot, "stress_results", scan_ids),
            wall=_records(snapshot, "liquidation_wall", scan_ids),
            runs=_records(snapshot, "contagion_runs", scan_ids),
            rounds=_records(snapshot, "cascade_rounds", scan_ids),
            victims=_records(snapshot, "contagion_victims", scan_ids),
            paths=_records(snapshot, "contagion_paths", scan_ids),
            edges=_edges(snapshot),
        )


def _records(snapshot: Snapshot, name: str, scan_ids: list[str]) -> list[Record]:
    """A table's rows by column name, in the order in which they were written."""
    table = SCHEMA[name]
    texts = {column.name for column in table.columns if column.kind is Kind.JSON}
    names = [column.name for column in table.columns]
    records: list[Record] = []
    for number, scan_id in enumerate(scan_ids):
        for row in snapshot.rows(table, scan_id, as_written=True):
            record: dict[str, Any] = {
                key: orjson.loads(value) if key in texts and value is not None else value
                for key, value in zip(names, row, strict=True)
            }
            records.append({**record, "scan": number})
    return records


def _edges(snapshot: Snapshot) -> dict[str, int]:
    """How many transmissions each cascade has."""
    _, rows = snapshot.query("SELECT cascade_id, count(*) FROM contagion_edges GROUP BY ALL")
    return dict(rows)
