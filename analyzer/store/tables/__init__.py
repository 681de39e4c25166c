"""The tables of a snapshot: one or more scans, everything that was found, keyed by scan.

One module a table: `TABLE` (its columns with their comments), `to_row` and `from_row`. The tables
of stress and contagion are empty in a snapshot that `analyzer scan` wrote; a cascade over several
deployments has rows under the scan of each.
"""

from __future__ import annotations

from analyzer.store.schema import Table
from analyzer.store.tables import (
    accounts,
    backstops,
    books,
    cascade_markets,
    cascade_rounds,
    cautions,
    certificates,
    collateral,
    contagion_edges,
    contagion_paths,
    contagion_runs,
    contagion_victims,
    distances,
    findings,
    implementations,
    liquidation_wall,
    margin,
    markets,
    orders,
    positions,
    prices,
    proved_codes,
    proved_words,
    reads,
    risk_accounts,
    risk_classes,
    risk_covers,
    risk_exits,
    risk_importance,
    risk_leavers,
    risk_liquidations,
    risk_shares,
    risk_sizes,
    risk_spirals,
    risk_unwinds,
    risk_what_if_accounts,
    risk_what_ifs,
    risk_winners,
    runs,
    scans,
    silent_changes,
    statements,
    stress_results,
    sweep_results,
    totals,
    verification,
)

VERSION = 6
"""Version of the tables: a change of a table, a column or its meaning raises it."""

TABLES: tuple[Table, ...] = tuple(
    module.TABLE
    for module in (
        runs, scans, accounts, margin, collateral, positions, orders, markets, prices, backstops,
        totals, verification, findings, reads, implementations, statements, silent_changes,
        cautions, books, contagion_runs, stress_results, cascade_rounds, cascade_markets,
        contagion_edges, contagion_victims, contagion_paths, distances, liquidation_wall,
        sweep_results, risk_accounts, risk_classes, risk_spirals, risk_sizes, risk_unwinds,
        risk_what_ifs, risk_what_if_accounts, risk_exits, risk_leavers, risk_liquidations,
        risk_covers, risk_shares, risk_winners, risk_importance, certificates, proved_words,
        proved_codes,
    )
)  # fmt: skip
"""Every table of a snapshot, in the order in which they are made and written."""
