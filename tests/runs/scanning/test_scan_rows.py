"""A scan's rows: every table has them, and a number that no column holds is NULL alone."""

from __future__ import annotations

from dataclasses import replace

from large_snapshot import large_result

from analyzer.model.book import Price
from analyzer.runs.scanning.rows import scan_tables
from analyzer.store.snapshot import SCHEMA
from analyzer.store.tables import prices

RUN_OR_SCENARIO = {
    "runs", "contagion_runs", "stress_results", "cascade_rounds", "contagion_edges",
    "contagion_victims", "contagion_paths", "distances", "liquidation_wall", "sweep_results",
    "cascade_markets", "risk_accounts", "risk_classes", "risk_spirals", "risk_sizes",
    "risk_unwinds", "risk_what_ifs", "risk_what_if_accounts", "risk_exits", "risk_leavers",
    "risk_liquidations", "risk_covers", "risk_shares", "risk_winners",
    "risk_importance",
    "certificates", "proved_words", "proved_codes",
}  # fmt: skip
"""Tables of which a scan alone, that proves nothing, has no rows."""


def test_a_scan_has_rows_for_every_table_but_those_of_runs_and_scenarios() -> None:
    tables = scan_tables(large_result(30))
    assert set(tables) == set(SCHEMA) - RUN_OR_SCENARIO
    del tables["books"]  # Made up: no state that its protocol could pack.
    rows = {name: list(some) for name, some in tables.items()}
    assert len(rows["margin"]) == len(rows["accounts"]) == 30
    widths = {name: {len(row) for row in some} for name, some in rows.items() if some}
    assert widths == {name: {len(SCHEMA[name].columns)} for name in widths}


def test_a_number_that_no_column_holds_is_null_and_spoils_nothing_else() -> None:
    odd = Price("0xt", "T", "ETH", 2**255, "doubtful", "feed", 2**63, "")
    most = replace(odd, asset_id="0xu", price_e18=2**255 - 1, updated_at=2**63 - 1)
    result = large_result(30)
    result.details = replace(result.details, prices=[odd, most])
    rows = list(scan_tables(result)["prices"])
    assert [prices.from_row(row) for row in rows] == [
        replace(odd, price_e18=None, updated_at=None),
        most,
    ]
