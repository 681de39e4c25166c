"""The stored queries on the demo's snapshot: real contracts, real numbers, summed two ways."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, localcontext
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from price_history import STABLE, write_history

from analyzer.chain.replay import Replay
from analyzer.model.integers import HUGEINT_MAX
from analyzer.report.html.sections.decisions import SHEETS
from analyzer.runs.demo import RECORDING, demo_folder
from analyzer.runs.risk.inputs import RiskOptions
from analyzer.runs.risk.profile import profile
from analyzer.runs.snapshot.query import list_queries, run
from analyzer.runs.snapshot.sql import sql
from analyzer.runs.stress.contagion import ContagionOptions, contagion
from analyzer.runs.stress.stress import StressOptions, stress
from analyzer.runs.stress.sweep import SweepOptions, sweep
from analyzer.store.schema import Kind
from analyzer.store.tables import TABLES
from analyzer.store.views import VIEWS

ALWAYS_EMPTY_WHEN_ALL_IS_WELL = {"divergences", "not_read", "unknown_accounts"}
NOT_ASKED = {sheet.query for sheet in SHEETS} | {"run_on_reserve", "what_if_accounts"}
"""Of decisions, none of which the demo takes: tests/runs/risk/decisions/test_kept.py has rows."""
SHOCK = "ETH=-15%,BTC=-10%"
NAME = "ETH -15 %, BTC -10 %"
"""What a run of it is called."""


@pytest.fixture(scope="session")
def stressed(demo_snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's snapshot with one scenario's stress and contagion in it, and a sweep of two."""
    path = tmp_path_factory.mktemp("stressed") / "stressed.duckdb"
    options = StressOptions(db=demo_snapshot, shocks=(SHOCK,), out=path, fail_on="never")
    contagion(ContagionOptions(options, what_if=0), lambda *_: None)
    stress(replace(options, db=path), lambda *_: None)
    moves = {"name": ["half", "none"], "ETH": [-0.5, 0.0]}
    asked = SweepOptions(replace(options, db=path, shocks=()), table=moves, exact=0)
    sweep(asked, lambda *_: None)
    prices = write_history(path.with_name("prices.csv"))
    for name in ("aave-v3-devnet-7", "perp-v2-devnet-7"):
        asked_of = RiskOptions(path, "protocol", name, prices, still=STABLE, out=path)
        profile(asked_of, lambda *_: None)
    return path


def table(snapshot: Path, name: str, **values: str) -> list[dict[str, Any]]:
    """The rows of a stored query, by column."""
    columns, rows = run(snapshot, name, values)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def value(snapshot: Path, statement: str) -> Any:
    """The only value of a statement."""
    [(found,)] = sql(snapshot, statement)[1]
    return found


@pytest.mark.parametrize("query", list_queries(), ids=lambda query: query.name)
def test_every_query_answers_on_the_demo(query: Any, stressed: Path) -> None:
    columns, rows = run(stressed, query.name, {})
    assert columns == [name for name, _ in query.columns]
    assert bool(rows) is (query.name not in ALWAYS_EMPTY_WHEN_ALL_IS_WELL | NOT_ASKED)


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


def of_shock(snapshot: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a query that are about `SHOCK`; the demo has a cascade of its own."""
    query = next(query for query in list_queries() if query.name == name)
    limit = {"limit": "100000"} if any(p.name == "limit" for p in query.params) else {}
    return [row for row in table(snapshot, name, **limit) if row["scenario"] == NAME]


def test_bad_debt_of_a_scenario_is_what_absorbers_bear_to_the_wei(stressed: Path) -> None:
    results = of_shock(stressed, "scenario_results")
    borne = of_shock(stressed, "losses_by_absorber")
    assert sum(row["bears"] for row in borne) == sum(row["bad_debt_after"] for row in results)
    assert sum(row["share"] for row in borne) == pytest.approx(1, rel=1e-12)
    failed = of_shock(stressed, "failed_accounts")
    assert sum(row["deficit"] for row in failed) == sum(row["bears"] for row in borne)


def test_the_edges_into_failed_accounts_are_their_losses(stressed: Path) -> None:
    channels = of_shock(stressed, "losses_by_channel")
    failed = of_shock(stressed, "failed_accounts")
    into = ("exogenous", "price", "past", "offset", "receipt")
    assert sum(row["amount"] for row in channels if row["channel"] in into) == sum(
        row["loss"] for row in failed
    )


def test_rounds_and_results_count_the_same_closed_accounts(stressed: Path) -> None:
    rounds = of_shock(stressed, "cascade_rounds")
    assert {row["ledger_closes"] for row in rounds} == {True}
    shock = json.loads(rounds[0]["price_after"])
    assert (rounds[0]["round"], shock["ETH"], shock["BTC"]) == (0, 0.85, 0.9)
    closed = [row for row in of_shock(stressed, "failed_accounts") if row["round"]]
    results = of_shock(stressed, "scenario_results")
    assert len(closed) == sum(row["closed_accounts"] for row in results)


def test_markets_say_what_forced_trades_met_and_whether_a_market_would_show_it(
    stressed: Path,
) -> None:
    rows = of_shock(stressed, "cascade_markets")
    assert {row["deployment"] for row in rows} == {"aave-v3-devnet-7", "perp-v2-devnet-7"}
    assert len({(r["deployment"], r["factor"], r["against"]) for r in rows}) == len(rows)
    for row in rows:
        assert row["depth_usd"] > 0
        assert row["curve"]
        assert row["source"]
        assert row["unsold"] == row["unbought"] == 0
    traded = {row["factor"] for row in rows if row["sold"] != row["bought"]}
    moved = {row["factor"] for row in rows if row["price_shocked"] != row["price_after"]}
    assert traded
    assert traded <= moved
    assert {row["implausible"] for row in rows} == {False}
    implausible, left = (
        value(stressed, f"SELECT any_value({name}) FROM contagion_runs WHERE scenario = '{NAME}'")
        for name in ("implausible", "unprofitable")
    )
    assert json.loads(implausible) == []
    counted = json.loads(left)
    assert counted.keys() == {"aave-v3-devnet-7", "perp-v2-devnet-7"}
    found = value(
        stressed,
        "SELECT coalesce(sum(CAST(json_extract_string(amounts, '$.accounts') AS INTEGER)), 0)"
        " FROM findings WHERE detector = 'unprofitable-liquidation'"
        f" AND json_extract_string(evidence, '$.scenario') = '{NAME}'",
    )
    assert sum(counted.values()) == found


def test_paths_come_in_order_and_have_words(stressed: Path) -> None:
    paths = of_shock(stressed, "contagion_paths")
    assert [row["rank"] for row in paths] == sorted(row["rank"] for row in paths)
    assert len({row["path_id"] for row in paths}) == len(paths)
    assert all(row["words"].endswith(".") for row in paths)
    spread = of_shock(stressed, "who_spreads_losses")
    moved = value(
        stressed,
        "SELECT sum(amount_e18) FROM contagion_edges JOIN contagion_runs"
        f" USING (scan_id, cascade_id) WHERE scenario = '{NAME}' AND channel = 'price'"
        " AND from_node LIKE 'move:%'",
    )
    assert sum(row["passed_on"] for row in spread) * 10**18 == moved


def test_a_fund_that_holds_less_than_the_worst_owner_lacks_covers_none(stressed: Path) -> None:
    for row in table(stressed, "cover"):
        assert row["cover2"] >= row["cover1"] > 0
        assert row["covers"] == (row["fund"] >= row["cover1"]) + (row["fund"] >= row["cover2"])


def test_bands_and_ages_hold_every_account_once(stressed: Path) -> None:
    accounts = value(stressed, "SELECT count(*) FROM margin")
    for name in ("cover_ratio_bands", "accounts_by_age"):
        assert sum(row["accounts"] for row in table(stressed, name)) == accounts
    below = sum(
        row["accounts"] for row in table(stressed, "cover_ratio_bands")
        if row["band"] == "1 below 1"
    )  # fmt: skip
    assert below == value(
        stressed,
        "SELECT count(*) FROM margin WHERE headroom_e18 < 0 AND maintenance_margin_e18 > 0",
    )


def test_shares_of_owners_and_accounts_add_up(stressed: Path) -> None:
    for row in table(stressed, "owner_concentration"):
        assert 0 < row["top_1"] <= row["top_5"] <= row["top_10"] <= 1
        assert row["top_1"] ** 2 <= row["hhi"] <= row["top_1"]
    largest = table(stressed, "largest_accounts", limit="100000")
    shares: dict[str, float] = {}
    for row in largest:
        if row["equity"] > 0:
            name = row["deployment"]
            shares[name] = shares.get(name, 0.0) + row["share_of_equity"]
    assert list(shares.values()) == pytest.approx([1.0] * len(shares))
    short = table(stressed, "owner_shortfalls", limit="100000")
    assert sum(row["shortfall"] for row in short) * 10**18 == value(
        stressed, "SELECT -sum(least(equity_e18, 0)) FROM margin"
    )


def test_both_sides_of_a_perp_market_are_open_alike(stressed: Path) -> None:
    perps = [row for row in table(stressed, "open_interest") if row["symbol"].startswith("v")]
    assert len(perps) == 4
    assert all(abs(row["skew"]) < 1e-9 for row in perps)
    prices = {(r["deployment"], r["symbol"]): r["price"] for r in table(stressed, "prices_used")}
    for row in perps:
        assert row["price"] == prices[row["deployment"], row["symbol"]]


def test_dormant_accounts_are_unsafe_and_old_enough(stressed: Path) -> None:
    rows = table(stressed, "dormant_unsafe_accounts", blocks="50", limit="100000")
    assert rows
    assert {row["verdict"] for row in rows} <= {"insolvent", "liquidatable", "unknown"}
    assert min(row["blocks_ago"] for row in rows) >= 50
    assert table(stressed, "dormant_unsafe_accounts", blocks="1000000") == []


def test_what_was_compared_counts_every_check(stressed: Path) -> None:
    rows = table(stressed, "verification_by_view")
    assert sum(row["equal"] + row["differs"] + row["not_compared"] for row in rows) == value(
        stressed, "SELECT count(*) FROM verification"
    )
    assert sum(row["differs"] for row in rows) == 0
    found = table(stressed, "findings_by_detector")
    assert sum(row["findings"] for row in found) == value(stressed, "SELECT count(*) FROM findings")


def test_a_statement_is_all_lines_of_one_account_in_order(stressed: Path) -> None:
    account = value(stressed, "SELECT min(account_id) FROM statements")
    rows = table(stressed, "account_statement", account=account, limit="100000")
    stored = sql(
        stressed,
        f"SELECT label FROM statements JOIN scans USING (scan_id) WHERE account_id = '{account}'"
        " ORDER BY deployment, line_no",
    )[1]
    assert [row["label"] for row in rows] == [label for (label,) in stored]


def test_scans_and_contracts_are_listed_once_each(stressed: Path) -> None:
    scans = table(stressed, "scan_times")
    [number] = [
        n for n, label, _ in Replay(demo_folder() / RECORDING).pins() if label == "stressed"
    ]
    assert [row["block_number"] for row in scans] == [number, number]
    assert all(row["lag_seconds"] > 0 for row in scans)
    assert len(table(stressed, "code_behind_contracts")) == value(
        stressed, "SELECT count(*) FROM implementations"
    )


EXTREMES: dict[str, str] = {
    "the largest": str(HUGEINT_MAX),
    "decimals whose sums are none": str(10**38 - 1),
    "of both signs": f"CASE rowid % 2 WHEN 0 THEN {10**38 - 1} ELSE -{10**38 - 1} END",
    "all of it": f"CASE rowid % 5 WHEN 0 THEN {HUGEINT_MAX} WHEN 1 THEN -{HUGEINT_MAX}"
    f" WHEN 2 THEN {10**38 - 1} WHEN 3 THEN 0 END",
}
"""What every amount of a snapshot is set to, as SQL; NULL is an amount in its overflow column."""


@pytest.fixture(scope="session")
def extreme(stressed: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The stressed snapshot with every amount (and every time) at the limit of its type."""
    folder = tmp_path_factory.mktemp("extreme")

    @cache
    def made(name: str) -> Path:
        path = folder / f"{sorted(EXTREMES).index(name)}.duckdb"
        shutil.copy(stressed, path)
        with duckdb.connect(str(path)) as connection:
            for stored in TABLES:
                # No index: a key over every row is not what is tried here.
                sets = [
                    f'"{column.name}" = {EXTREMES[name]}'
                    for column in stored.columns
                    if column.kind in (Kind.AMOUNT, Kind.UNSIGNED, Kind.INTEGER) and not column.key
                ]
                sets += [
                    f'"{column.overflow.name}" = CASE WHEN ({EXTREMES[name]}) IS NULL'
                    " THEN '\\x80'::BLOB || repeat('\\x00'::BLOB, 31) END"
                    for column in stored.columns
                    if column.overflow is not None
                ]
                sets += [
                    f'"{column.name}" = {2**63 - 1}'
                    for column in stored.columns
                    if column.name in ("block_time", "updated_at")
                ]
                if sets:
                    connection.execute(f'UPDATE "{stored.name}" SET {", ".join(sets)}')
        return path

    return made


@pytest.mark.parametrize("name", EXTREMES)
def test_no_query_and_no_view_dies_of_an_amount(extreme: Callable[[str], Path], name: str) -> None:
    path = extreme(name)
    for query in list_queries():
        run(path, query.name, {})
    for view in VIEWS:
        sql(path, f"SELECT * FROM {view.name}")


@pytest.mark.parametrize("name", EXTREMES)
def test_every_sum_of_a_query_is_exact_or_null_with_a_flag(
    extreme: Callable[[str], Path], name: str
) -> None:
    """Against sums made here of Python integers, from the tables."""
    path = extreme(name)
    margins = (
        "SELECT s.deployment, m.owner, m.verdict, m.equity_e18, m.maintenance_margin_e18"
        " FROM margin m JOIN scans s USING (scan_id)"
    )
    found = sql(path, margins)[1]
    for row in table(path, "verdict_counts"):
        own = [r for r in found if (r[0], r[2]) == (row["deployment"], row["verdict"])]
        expect_sum(row, "equity", [r[3] for r in own])
        expect_sum(row, "maintenance_margin", [r[4] for r in own])
        assert row["unsummed"] == (row["equity"] is None or row["maintenance_margin"] is None)
    for row in table(path, "exposure_by_owner", limit="100000"):
        own = [r[3] for r in found if r[1] == row["owner"]]
        expect_sum(row, "equity", own)
        expect_sum(
            row, "bad_debt", [None if v is None or abs(v) >= 10**38 else max(-v, 0) for v in own]
        )
    by_band: dict[tuple[str, str], int] = {}
    for row in table(path, "cover_ratio_bands"):
        by_band[row["deployment"], row["band"]] = row["accounts"]
    assert sum(by_band.values()) == len(found)
    held = sql(path, "SELECT s.deployment, c.symbol, c.amount_e18, c.value_e18, c.margin_value_e18"
               " FROM collateral c JOIN scans s USING (scan_id)")[1]  # fmt: skip
    for row in table(path, "collateral_mix"):
        own = [r for r in held if r[:2] == (row["deployment"], row["symbol"])]
        for column, place in (("amount", 2), ("value", 3), ("margin_value", 4)):
            expect_sum(row, column, [r[place] for r in own])
    summed = table(path, "losses_by_channel")
    edges = sql(path, "SELECT c.scenario, e.channel, e.asset, e.amount_e18 FROM contagion_edges e"
                " JOIN contagion_runs c USING (scan_id, cascade_id) WHERE e.to_node NOT LIKE"
                " 'move:%' AND e.to_node NOT LIKE 'receipt:%'")[1]  # fmt: skip
    for row in summed:
        key = (row["scenario"], row["channel"], row["asset"])
        expect_sum(row, "amount", [r[3] for r in edges if r[:3] == key])
        assert row["unsummed"] == (row["amount"] is None)
    owners = sql(path, "SELECT owner, equity, out_of_range FROM v_owners")[1]
    for owner, equity, _ in owners:
        own = [r[3] for r in found if r[1] == owner]
        small = all(v is not None and abs(v) <= 10**35 for v in own)
        assert equity == (Decimal(sum(own)).scaleb(-18) if small else None)


def expect_sum(row: dict[str, Any], column: str, amounts: list[int | None]) -> None:
    """Sees that a column is the exact sum of all amounts; NULL where one or it has no place."""
    missing = any(v is None or abs(v) > 10**38 - 1 for v in amounts)
    total = sum(v for v in amounts if v is not None)
    if missing or abs(total) > 10**38 - 1:
        assert row[column] is None, (column, row)
    else:
        with localcontext() as exact:
            exact.prec = 60
            assert row[column] == Decimal(total).scaleb(-18), (column, row)
