"""What stress, contagion and risk wrote into a snapshot, read for a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from analyzer.report.html.decided import QUERIES, Decided
from analyzer.report.html.profiled import Profiled
from analyzer.report.html.stressed import Record, Stressed
from analyzer.runs.snapshot.query import run
from analyzer.store.reader import Snapshot, of_rows
from analyzer.store.schema import Table
from analyzer.store.tables import (
    cascade_markets,
    cascade_rounds,
    contagion_paths,
    contagion_runs,
    contagion_victims,
    liquidation_wall,
    stress_results,
)

_DECIDED = (
    "risk_sizes", "risk_unwinds", "risk_what_ifs", "risk_exits", "risk_liquidations",
    "risk_covers", "risk_importance",
)  # fmt: skip
"""One table of each command that may have been written."""


def stressed(snapshot: Snapshot, scan_ids: list[str]) -> Stressed:
    """The rows of the scans' stress and contagion tables; empty where nothing was written."""

    def records(table: Table, from_row: Callable[[Sequence[Any]], Record]) -> list[Record]:
        return [
            {**from_row(row), "scan": number}
            for number, scan_id in enumerate(scan_ids)
            for row in snapshot.rows(table, scan_id, as_written=True)
        ]

    with of_rows(snapshot.path):
        return Stressed(
            results=records(stress_results.TABLE, stress_results.from_row),
            wall=records(liquidation_wall.TABLE, liquidation_wall.from_row),
            runs=records(contagion_runs.TABLE, contagion_runs.from_row),
            rounds=records(cascade_rounds.TABLE, cascade_rounds.from_row),
            markets=records(cascade_markets.TABLE, cascade_markets.from_row),
            victims=records(contagion_victims.TABLE, contagion_victims.from_row),
            paths=records(contagion_paths.TABLE, contagion_paths.from_row),
            edges=_edges(snapshot),
        )


def profiled(snapshot: Snapshot, since: Path | None = None) -> Profiled:
    """The tables of a risk profile, as the stored queries give them; empty where none is. since: an
    earlier snapshot, whose assets are compared with."""
    _, [(rows,)] = snapshot.query("SELECT count(*) FROM risk_accounts")
    if not rows:
        return Profiled()
    names = ("top_accounts", "assets", "bad_days", "loss_spirals")
    found = Profiled(*(_answer(snapshot.path, name) for name in names))
    return found if since is None else replace(found, assets_before=_answer(since, "assets"))


def decided(snapshot: Snapshot) -> Decided:
    """The tables of decisions, as the stored queries give them; empty where none was written."""
    _, rows = snapshot.query(" UNION ALL ".join(f"SELECT count(*) FROM {one}" for one in _DECIDED))
    if not any(count for (count,) in rows):
        return Decided()
    found = {name: _answer(snapshot.path, name) for name in QUERIES}
    return Decided({name: records for name, records in found.items() if records})


def _answer(path: Path, name: str) -> list[Record]:
    """The rows of a stored query of a snapshot, by column."""
    columns, rows = run(path, name, {})
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _edges(snapshot: Snapshot) -> dict[str, int]:
    """How many transmissions each cascade has."""
    _, rows = snapshot.query("SELECT cascade_id, count(*) FROM contagion_edges GROUP BY ALL")
    return dict(rows)
