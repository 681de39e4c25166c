"""The stored queries on the demo's snapshot: real contracts, real numbers, summed two ways."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from analyzer.runs.query import list_queries, run
from analyzer.runs.sql import sql

ALWAYS_EMPTY_WHEN_ALL_IS_WELL = {"divergences", "not_read", "unknown_accounts"}


def table(snapshot: Path, name: str, **values: str) -> list[dict[str, Any]]:
    """The rows of a stored query, by column."""
    columns, rows = run(snapshot, name, values)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def value(snapshot: Path, statement: str) -> Any:
    """The only value of a statement."""
    [(found,)] = sql(snapshot, statement)[1]
    return found


@pytest.mark.parametrize("query", list_queries(), ids=lambda query: query.name)
def test_every_query_answers_on_the_demo(query: Any, demo_snapshot: Path) -> None:
    columns, rows = run(demo_snapshot, query.name, {})
    assert columns == [name for name, _ in query.columns]
    assert bool(rows) is (query.name not in ALWAYS_EMPTY_WHEN_ALL_IS_WELL)


def test_the_verdicts_are_those_of_the_scan(demo_snapshot: Path) -> None:
    rows = table(demo_snapshot, "verdict_counts")
    counted = {(row["deployment"], row["verdict"]): row["accounts"] for row in rows}
    stored = sql(
        demo_snapshot,
        "SELECT deployment, insolvent, liquidatable, below_initial, healthy FROM scans",
    )[1]
    names = ("insolvent", "liquidatable", "below_initial", "healthy")
    assert counted == {
        (deployment, name): count
        for deployment, *counts in stored
        for name, count in zip(names, counts, strict=True)
    }


def test_the_bad_debt_of_all_owners_is_the_hidden_bad_debt(demo_snapshot: Path) -> None:
    owners = table(demo_snapshot, "exposure_by_owner", limit="100000")
    raw = value(demo_snapshot, "SELECT sum(hidden_bad_debt_e18) FROM scans")
    assert sum(row["bad_debt"] for row in owners) * 10**18 == raw
    assert sum(row["accounts"] for row in owners) == value(
        demo_snapshot, "SELECT count(*) FROM margin"
    )


def test_what_accounts_lack_is_their_negative_headroom_to_the_wei(demo_snapshot: Path) -> None:
    rows = table(demo_snapshot, "accounts_below_maintenance", limit="100000")
    raw = value(demo_snapshot, "SELECT -sum(headroom_e18) FROM margin WHERE headroom_e18 < 0")
    assert sum((row["missing"] for row in rows), Decimal(0)) * 10**18 == raw
    assert [row["missing"] for row in rows] == sorted(
        (row["missing"] for row in rows), reverse=True
    )


def test_longs_and_shorts_of_a_market_meet_within_dust(demo_snapshot: Path) -> None:
    perps = [m for m in table(demo_snapshot, "market_exposure") if m["symbol"].startswith("v")]
    assert [market["symbol"] for market in perps] == ["vBTC", "vETH", "vLINK", "vOP"]
    for market in perps:
        assert abs(market["long_size"] + market["short_size"]) < Decimal("1e-12")


def test_no_blocked_position_is_among_those_that_can_be_liquidated(demo_snapshot: Path) -> None:
    possible = {
        (row["account_id"], row["symbol"]) for row in table(demo_snapshot, "liquidatable_positions")
    }
    blocked = sql(demo_snapshot, "SELECT account_id, symbol FROM positions WHERE blocked <> ''")[1]
    assert possible
    assert possible & set(blocked) == set()


def test_every_control_total_of_the_demo_holds(demo_snapshot: Path) -> None:
    assert {row["holds"] for row in table(demo_snapshot, "control_totals")} == {True}
