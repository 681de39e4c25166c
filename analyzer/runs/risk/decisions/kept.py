"""Decisions as rows of a snapshot: what `--out` of each command writes.

A decision replaces what the same command said of the same subject before, rows that are no longer
told included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from analyzer.documents.clearing import ClearingDocument, ImportanceDocument, LiquidationsDocument
from analyzer.documents.decisions import (
    ExitEntry,
    ExitsDocument,
    SideTotals,
    SizeDocument,
    UnwindDocument,
    WhatIfDocument,
)
from analyzer.model.integers import WAD
from analyzer.risk.protocol_var import BROKEN, DOWNTURN
from analyzer.store.extend import Remove, extend_snapshot
from analyzer.store.rows import Row
from analyzer.store.schema import Table
from analyzer.store.tables import (
    risk_covers,
    risk_exits,
    risk_importance,
    risk_leavers,
    risk_liquidations,
    risk_shares,
    risk_sizes,
    risk_unwinds,
    risk_what_if_accounts,
    risk_what_ifs,
    risk_winners,
)

Rows = dict[str, list[Row]]


class _Module(Protocol):
    """The module of a table."""

    TABLE: Table

    def to_row(self, **values: object) -> Row:
        """A row of values by name."""
        ...


def keep(
    db: Path, out: Path | None, rows: Rows, about: Mapping[str, object], scan_ids: Iterable[str]
) -> None:
    """Writes the snapshot with these rows; nothing without `out`. about: column -> value, beside
    the scan, of the rows that they replace. Raises: InputError."""
    if out is None:
        return
    remove = [_gone(table, {"scan_id": scan, **about}) for table in rows for scan in scan_ids]
    extend_snapshot(db, out, rows, remove)


def _gone(table: str, about: Mapping[str, object]) -> Remove:
    """What the same command said before."""
    condition = " AND ".join(f"{name} = ?" for name in about)
    return Remove(table, condition, tuple(about.values()))


def _row(module: _Module, entry: object, **beside: object) -> Row:
    """An entry of a document whose fields bear the names of the table's columns."""
    names = [column.name for column in module.TABLE.columns]
    own = {name: getattr(entry, name) for name in names if name not in beside}
    return module.to_row(**own, **beside)


def size_rows(document: SizeDocument, scan_id: str) -> Rows:
    """The sizes of an account."""
    beside: dict[str, Any] = {
        "scan_id": scan_id,
        "account_id": document.run.id,
        "distance": document.distance,
        "es_budget_usd": document.es_budget_usd,
    }
    return {"risk_sizes": [_row(risk_sizes, one, **beside) for one in document.sizes]}


def unwind_rows(document: UnwindDocument, scan_id: str) -> Rows:
    """The plan of an account."""
    return {
        "risk_unwinds": [
            _row(
                risk_unwinds, one, scan_id=scan_id, account_id=document.run.id,
                until=document.until, step=step, restored=document.restored,
            )
            for step, one in enumerate(document.plan, start=1)
        ]
    }  # fmt: skip


def what_if_name(document: WhatIfDocument) -> str:
    """What tells one set of parameters from another in a table, whatever their order."""
    sets = sorted(f"{one.name}={one.after}" for one in document.parameters if one.after)
    return " ".join(sets)


def what_if_rows(document: WhatIfDocument, scan_id: str) -> Rows:
    """Both sides, and the accounts that turn; a list of parameters alone has none."""
    beside: dict[str, Any] = {"scan_id": scan_id, "what_if": what_if_name(document)}
    sides = (("now", document.before), ("then", document.after))
    return {
        "risk_what_ifs": [
            risk_what_ifs.to_row(**beside, side=side, **_side(totals))
            for side, totals in sides
            if totals is not None
        ],
        "risk_what_if_accounts": [
            _row(risk_what_if_accounts, one, **beside) for one in document.changed
        ],
    }


def _side(totals: SideTotals) -> dict[str, object]:
    """One side by column."""
    return {
        **totals.verdicts,
        "free_e18": totals.free_e18,
        "liquidatable_e18": totals.liquidatable_e18,
        "nearest": totals.nearest,
        **{f"wall_{n}_usd": totals.wall_usd.get(f"{n / 100:g}") for n in (5, 10, 20, 30)},
        **{
            f"{place}_{what}_usd": figures.get(name)
            for place, name in (("downturn", DOWNTURN), ("broken", BROKEN))
            for what, figures in (
                ("insolvency", totals.insolvency_usd),
                ("liquidations", totals.liquidations_usd),
            )
        },
    }


def exits_rows(document: ExitsDocument, scan_id: str) -> Rows:
    """The pools, and the order of a run on each."""
    return {
        "risk_exits": [_exit(one, scan_id) for one in document.pools],
        "risk_leavers": [
            _row(risk_leavers, one, scan_id=scan_id, asset_id=pool.asset_id)
            for pool in document.pools
            for one in pool.leavers
        ],
    }


def _exit(pool: ExitEntry, scan_id: str) -> Row:
    """One pool."""
    left = {f"left_after_{count}": amount for count, amount in pool.left_after.items()}
    return _row(risk_exits, pool, scan_id=scan_id, **left)


def liquidations_rows(document: LiquidationsDocument, scan_id: str) -> Rows:
    """An account a row."""
    beside: dict[str, Any] = {
        "scan_id": scan_id,
        "near": document.near,
        "gas_usd": document.gas_usd,
        "required_share": document.required_share,
    }
    return {
        "risk_liquidations": [_row(risk_liquidations, one, **beside) for one in document.accounts]
    }


def clearing_rows(document: ClearingDocument, scan_id: str) -> Rows:
    """The sets of scenarios, and on whom all hangs."""
    beside: dict[str, Any] = {
        "scan_id": scan_id,
        "history": document.source,
        "fund_usd": None if document.fund_e18 is None else document.fund_e18 / WAD,
        "open_interest_usd": document.open_interest_usd,
    }
    return {
        "risk_covers": [
            _row(risk_covers, one, **beside, cover_owners=" ".join(one.cover_owners))
            for one in document.covers
        ],
        "risk_shares": [_row(risk_shares, one, scan_id=scan_id) for one in document.shares],
        "risk_winners": [
            _row(risk_winners, one, scan_id=scan_id, history=document.source)
            for one in document.winners
        ],
    }


def importance_rows(document: ImportanceDocument, scan_ids: Sequence[str]) -> Rows:
    """An owner a row, the same under every scan."""
    return {"risk_importance": list(_importance(document, scan_ids))}


def _importance(document: ImportanceDocument, scan_ids: Sequence[str]) -> Iterator[Row]:
    """Scan by scan."""
    for scan_id in scan_ids:
        for one in document.owners:
            yield _row(
                risk_importance, one, scan_id=scan_id, history=document.source,
                deployments=" ".join(one.deployments),
            )  # fmt: skip
