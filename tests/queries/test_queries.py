"""Every stored query: its header is true, it runs, and it says what it should."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from query_page import PAGE, page
from scan_results import MARKET, account_id

from analyzer.model.errors import InputError
from analyzer.runs.snapshot import query as stored
from analyzer.runs.snapshot.query import Param, Query, bind, list_queries, load_query
from analyzer.runs.snapshot.sql import sql

QUERIES = list_queries()
OF_SCENARIOS = {"distance_to_liquidation", "liquidation_wall"}
"""Beside the groups `contagion` and `risk`: queries on tables that a scan alone leaves empty."""


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_runs_and_gives_the_columns_of_its_header(query: Query, snapshot: Path) -> None:
    columns, rows = stored.run(snapshot, query.name, {})
    assert columns == [name for name, _ in query.columns]
    empty = query.group in ("contagion", "risk") or query.name in OF_SCENARIOS
    assert bool(rows) is not empty


def rows_of(snapshot: Path, name: str, **values: str) -> list[tuple[Any, ...]]:
    """The rows of a query, without the deployment's name."""
    columns, rows = stored.run(snapshot, name, values)
    if columns[0] == "deployment":
        return [row[1:] for row in rows]
    return rows


def test_the_accounts_below_maintenance_come_by_what_they_lack(snapshot: Path) -> None:
    assert rows_of(snapshot, "accounts_below_maintenance") == [
        (account_id(2), "insolvent", -700, 100, 800, True, False),
        (account_id(1), "liquidatable", 60, 100, 40, True, False),
    ]
    assert len(rows_of(snapshot, "accounts_below_maintenance", limit="1")) == 1


def test_the_nearest_to_liquidation_are_safe_and_on_the_edge_first(snapshot: Path) -> None:
    assert rows_of(snapshot, "nearest_to_liquidation") == [
        (account_id(4), "below_initial", 101, 100, 1, 1.01, False),
        (account_id(0), "healthy", 1_000, 100, 900, 10.0, False),
    ]


def test_unknown_accounts_are_counted_and_have_no_equity(snapshot: Path) -> None:
    assert (1_234, "unknown", 1, None, None, 0, True) in rows_of(snapshot, "verdict_counts")


def test_collateral_is_summed_by_token_with_debtors_apart(snapshot: Path) -> None:
    assert rows_of(snapshot, "collateral_mix") == [("USDC", 2, 1, 360, 360, 360, False)]


def test_the_exposure_of_a_market_is_the_sum_of_its_sides(snapshot: Path) -> None:
    assert rows_of(snapshot, "market_exposure") == [
        ("vETH", "open", 100, 3, 0, 6, None, -30, False)
    ]


def test_the_largest_positions_can_be_narrowed_to_a_market(snapshot: Path) -> None:
    assert len(rows_of(snapshot, "largest_positions", market="vE%")) == 3
    assert rows_of(snapshot, "largest_positions", market="vBTC") == []


def test_makers_are_counted_by_market(snapshot: Path) -> None:
    assert rows_of(snapshot, "maker_ranges") == [
        ("vETH", 1, 1, 1, 2, Decimal("0.000000000000000003"), False)
    ]


def test_the_owner_with_the_largest_bad_debt_comes_first(snapshot: Path) -> None:
    assert rows_of(snapshot, "exposure_by_owner", limit="1") == [
        (account_id(2), 1, 1, 0, -700, 700, False)
    ]


def test_a_blocked_position_is_not_among_those_that_can_be_liquidated(snapshot: Path) -> None:
    assert rows_of(snapshot, "liquidatable_positions") == [
        (account_id(2), "vETH", 2, 2, 200, "insolvent", False)
    ]
    assert rows_of(snapshot, "blocked_liquidations") == [
        (account_id(1), MARKET, "high", "Position in vETH cannot be liquidated", "uint24")
    ]


def test_the_waterfall_shows_each_layer_against_the_bad_debt(snapshot: Path) -> None:
    assert rows_of(snapshot, "loss_waterfall") == [
        (1, "layer 1", 5, False, 700, "rule"),
        (2, "layer 2", 300, False, 700, "rule"),
        (3, "layer 3", 200, False, 700, "rule"),
    ]


def test_what_is_wrong_with_the_scan_itself_is_listed(snapshot: Path) -> None:
    [total] = rows_of(snapshot, "control_totals")
    assert total[2:6] == (3, 2, "raw USDC, 6 decimals", False)
    assert rows_of(snapshot, "not_read") == [
        ("rebuild", "Pool.observe", 4, 1, 1, "node closed the connection")
    ]
    assert rows_of(snapshot, "divergences") == [
        (account_id(1), None, "Vault.getAccountValue", "accountValue", "1000", "1001")
    ]
    assert rows_of(snapshot, "unknown_accounts") == [(account_id(3), "pool.observe reverted: OLD")]
    assert rows_of(snapshot, "price_ages") == [
        ("vETH", 100, "stale", 400, "AccountBalance mark price")
    ]


def test_queries_are_listed_by_group_then_name() -> None:
    groups = [query.group for query in QUERIES]
    assert groups == sorted(groups, key=stored.GROUPS.index)
    assert len(QUERIES) >= 30
    assert {query.group for query in QUERIES} == set(stored.GROUPS)


def test_an_unknown_query_is_one_clear_line() -> None:
    with pytest.raises(InputError, match="no query 'nope': `analyzer query list`"):
        load_query("nope")


QUERY = Query(
    "q",
    "t",
    "q?",
    "accounts",
    (Param("n", "INTEGER", None, "how many"),),
    (("a", "b"),),
    "SELECT $n",
)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "query q needs -p n=..: how many"),
        ({"n": "many"}, "query q: n='many' is no INTEGER"),
        ({"n": "1", "m": "2"}, r"query q has no parameter 'm' \(it has: n\)"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(values: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        bind(QUERY, values)


def test_a_value_is_bound_and_never_pasted_into_the_sql(snapshot: Path) -> None:
    assert rows_of(snapshot, "largest_positions", market="'; DROP TABLE margin; --") == []
    assert sql(snapshot, "SELECT count(*) FROM margin")[1] == [(5,)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- title: t\nSELECT 1", "lacks question, group"),
        ("-- title: t\n-- question: q\n-- group: accounts\nSELECT 1", "lacks columns"),
        ("-- what: is this\nSELECT 1", "header line not understood: -- what: is this"),
        (
            "-- title: t\n-- question: q\n-- group: odd\n-- column a: b\nSELECT 1",
            "group 'odd' is none of",
        ),
        (
            "-- title: t\n-- question: q\n-- group: accounts\n-- param n BLOB 1: x\n"
            "-- column a: b\nSELECT 1",
            "parameter n has no known type BLOB",
        ),
    ],
)
def test_a_file_with_a_broken_header_is_named(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.sql").write_text(text)
    monkeypatch.setattr(stored, "queries_folder", lambda: tmp_path)
    with pytest.raises(InputError, match=f"broken.sql: .*{message}"):
        list_queries()


@pytest.mark.parametrize(
    "statement", ["DELETE FROM margin", "CREATE TABLE x (a INTEGER)", "DROP VIEW v_margin"]
)
def test_sql_cannot_change_a_snapshot(statement: str, snapshot: Path) -> None:
    before = snapshot.read_bytes()
    with pytest.raises(InputError, match="the query failed"):
        sql(snapshot, statement)
    assert snapshot.read_bytes() == before


def test_sql_on_no_snapshot_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no snapshot"):
        sql(tmp_path / "none.duckdb", "SELECT 1")


def test_the_page_of_the_queries_is_made_of_their_headers() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "to write it anew: python tests/support/pages/query_page.py"
    )
