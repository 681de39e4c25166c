"""A report's look back: a history's scans up to the report's block, or an earlier snapshot.

history ──last N up to the block──▶ series (equity, bad debt, shortfall, verdicts, movers)
history or earlier snapshot ──the scan before──▶ what changed since
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analyzer.documents.over_time import Moment, Mover, Series, Since
from analyzer.findings.summary import Answer, summarize
from analyzer.model.errors import InputError
from analyzer.model.verdict import Verdict
from analyzer.protocols.registry import name_among
from analyzer.runs.snapshot.reader import Reader
from analyzer.solvency.result import ScanResult
from analyzer.store.history import open_history
from analyzer.store.overflow256 import join
from analyzer.store.owner_view import counted_sql, total_sql
from analyzer.store.reader import Snapshot, of_rows, open_snapshot

MOVERS = 10
"""How many accounts a series names."""
_VERDICTS = ", ".join(verdict.value for verdict in Verdict)
_SERIES = (
    f"SELECT scan_id, block_number, block_time, answer, accounts, {_VERDICTS}, bad_debt_e18,"
    " shortfall_e18 FROM history_series WHERE chain_id = ? AND deployment = ? AND block_number <= ?"
    " ORDER BY block_number"
)
_EQUITY = (
    "SELECT account_id, equity_e18, equity_e18_overflow FROM history_margin m WHERE scan_id = ?"
    f" AND {counted_sql('m')}"
)
_TOTAL = (
    f"SELECT CASE WHEN count(equity_e18_overflow) = 0 THEN {total_sql('equity_e18')} END"
    f" FROM history_margin m WHERE scan_id = ? AND {counted_sql('m')}"
    " AND (equity_e18 IS NOT NULL OR equity_e18_overflow IS NOT NULL)"
)
"""The sum of the known equities of one scan; NULL = it has more than 38 digits."""


def series_of(folder: Path, results: Sequence[ScanResult], last: int) -> list[Series]:
    """Per deployment its last scans in the history, up to the report's block, at most `last`; of a
    deployment that the history does not hold, none.

    Raises: InputError when there is no history, or it holds none of the deployments.
    """
    found: list[Series] = []
    with open_history(folder) as history, of_rows(folder):
        for result in results:
            rows = _rows_before(history, result, result.block.number)
            if rows:
                found.append(_series(history, result, rows, last))
    if not found:
        names = ", ".join(result.deployment.name for result in results)
        raise InputError(f"{folder} holds no scan of {names} up to the report's block")
    return found


def since_history(folder: Path, results: Sequence[ScanResult]) -> list[Since]:
    """What changed since the last scan of the history before the report's block, by deployment;
    nothing is said of one that the history does not hold before it. Raises: InputError."""
    found: list[Since] = []
    with open_history(folder) as history, of_rows(folder):
        for result in results:
            rows = _rows_before(history, result, result.block.number - 1)
            if not rows:
                continue
            before = _moment(history, rows[-1])
            findings = "SELECT fingerprint, severity FROM history_findings WHERE scan_id = ?"
            _, old = history.query(findings, [before.scan_id])
            found.append(_since(result, before, dict(old)))
    return found


def since_snapshot(path: Path, results: Sequence[ScanResult]) -> list[Since]:
    """What changed since an earlier snapshot, by deployment; nothing is said of one that it does
    not hold. Raises: InputError when it is no snapshot, or holds none of the deployments."""
    with open_snapshot(path) as snapshot:
        earlier = Reader(snapshot).results()
    by_place = {(one.deployment.chain_id, one.deployment.name): one for one in earlier}
    found: list[Since] = []
    for result in results:
        names = [name for chain, name in by_place if chain == result.deployment.chain_id]
        name = name_among(result.deployment.name, names)
        before = by_place.get((result.deployment.chain_id, name))
        if before is not None:
            labels = {f.fingerprint: f.severity.label for f in before.findings}
            found.append(_since(result, moment_of(before), labels))
    if not found:
        names_held = ", ".join(name for _, name in by_place)
        raise InputError(f"{path} holds none of the report's deployments (it holds: {names_held})")
    return found


def moment_of(result: ScanResult) -> Moment:
    """A scan of a snapshot in numbers."""
    summary = summarize(result)
    equities = [row.margin.equity_e18 for row in result.margin]
    return Moment(
        scan_id=result.scan_id,
        block=result.block.number,
        time=result.block.time,
        answer=summary.answer,
        accounts=len(result.margin),
        verdicts={verdict.value: count for verdict, count in summary.verdicts.items()},
        equity_e18=sum(equity for equity in equities if equity is not None),
        bad_debt_e18=summary.debt.at_prices_e18,
        shortfall_e18=summary.shortfall_e18,
    )


def _since(result: ScanResult, before: Moment, old: Mapping[str, str]) -> Since:
    """old: fingerprint -> severity of the earlier scan's findings."""
    now = {finding.fingerprint: finding.severity.label for finding in result.findings}
    return Since(
        chain_id=result.deployment.chain_id,
        deployment=result.deployment.name,
        before=before,
        after=moment_of(result),
        new=Counter(label for print_, label in now.items() if print_ not in old),
        gone=Counter(label for print_, label in old.items() if print_ not in now),
    )


def _rows_before(history: Snapshot, result: ScanResult, block: int) -> list[tuple[Any, ...]]:
    """The rows of the history's series of this deployment up to a block, the oldest first."""
    place = result.deployment
    held = "SELECT DISTINCT deployment FROM history_series WHERE chain_id = ?"
    _, names = history.query(held, [place.chain_id])
    name = name_among(place.name, [str(row[0]) for row in names])
    return history.query(_SERIES, [place.chain_id, name, block])[1]


def _series(
    history: Snapshot, result: ScanResult, rows: Sequence[tuple[Any, ...]], last: int
) -> Series:
    """The last of the rows as a series."""
    moments = tuple(_moment(history, row) for row in rows[-last:])
    return Series(
        chain_id=result.deployment.chain_id,
        deployment=result.deployment.name,
        moments=moments,
        movers=_movers(history, moments) if len(moments) > 1 else (),
        scans_in_all=len(rows),
    )


def _moment(history: Snapshot, row: Sequence[Any]) -> Moment:
    """One scan of a history in numbers."""
    scan_id, block, time, answer, accounts, *counts, bad_debt, shortfall = row
    [(equity,)] = history.query(_TOTAL, [scan_id])[1]
    return Moment(
        scan_id=scan_id,
        block=block,
        time=time,
        answer=Answer(answer),
        accounts=accounts,
        verdicts={verdict.value: count for verdict, count in zip(Verdict, counts, strict=True)},
        equity_e18=equity,
        bad_debt_e18=bad_debt,
        shortfall_e18=shortfall,
    )


def _equities(history: Snapshot, scan_id: str) -> dict[str, int | None]:
    """Account -> equity, of one scan."""
    _, rows = history.query(_EQUITY, [scan_id])
    return {account: join(low, over) for account, low, over in rows}


def _movers(history: Snapshot, moments: Sequence[Moment]) -> tuple[Mover, ...]:
    """The accounts whose known equity changed most from the first scan to the last; one that is
    only in one of them came from, or went to, nothing."""
    first = _equities(history, moments[0].scan_id)
    final = _equities(history, moments[-1].scan_id)
    found = []
    for account in {*first, *final}:
        before, after = first.get(account, 0), final.get(account, 0)
        if before is not None and after is not None and before != after:
            held = first.get(account), final.get(account)
            found.append(Mover(account, *held, after - before))
    found.sort(key=lambda mover: (-abs(mover.change_e18), mover.account_id))
    return tuple(found[:MOVERS])
