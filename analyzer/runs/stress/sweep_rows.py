"""A sweep as rows of the snapshot's table `sweep_results`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from analyzer.documents.sweep import SweepDocument
from analyzer.findings.assessed import Assessed
from analyzer.market.depth.choose import Chosen
from analyzer.model import identity
from analyzer.runs.stress.cascades import plain
from analyzer.store.rows import Row
from analyzer.store.tables import sweep_results


def sweep_rows(
    scan_ids: Sequence[str],
    document: SweepDocument,
    chosen: Chosen,
    exact: Mapping[int, Assessed],
) -> list[Row]:
    """Every row of the sweep under every scan, with what the exact cascades said."""
    seed = "" if document.run.seed is None else f", seed {document.run.seed}"
    cascades = {one.scenario.name: one for one in exact.values()}
    key = _key(scan_ids, document, chosen)
    rows: list[Row] = []
    for scan_id in scan_ids:
        for number, row in enumerate(document.scenarios, 1):
            one = cascades.get(row.scenario) if row.exact else None
            rows.append(
                sweep_results.to_row(
                    scan_id=scan_id,
                    sweep_id=key,
                    row_no=number,
                    name=row.name,
                    scenario=row.scenario,
                    source=document.run.source + seed,
                    shocks=dict(sorted(row.shocks.items())),
                    closed_accounts=row.closed_accounts,
                    notional_usd=row.notional_usd,
                    bad_debt_usd=row.bad_debt_usd,
                    rounds=row.rounds,
                    undecided=row.undecided,
                    prices=dict(sorted(row.prices.items())),
                    engine=document.run.engine,
                    cascade_id=None if one is None else one.cascade_id,
                    exact_bad_debt_e18=None if one is None else one.result.total_bad_debt_e18,
                )
            )
    return rows


def _key(scan_ids: Sequence[str], document: SweepDocument, chosen: Chosen) -> str:
    """The key of a sweep: what decides its numbers."""
    rows = [[row.name, row.scenario, dict(row.shocks)] for row in document.scenarios]
    return identity.cascade_id(
        scan_ids,
        {"sweep": rows, "source": document.run.source},
        [plain(asdict(used)) for used in chosen.used],
        {factor: repr(curve) for factor, curve in chosen.curves.items()},
        {"engine": "linear twin"},
    )
