"""What the columns of a stress result mean: one state of the scenario, one definition a figure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analyzer.report.stress import result_rows, stress_page
from analyzer.report.table import table
from analyzer.runs.stress.stress import StressOptions, stress
from analyzer.store.snapshot import open_snapshot


@pytest.fixture(autouse=True)
def installed() -> None:
    """The protocols that are installed: none is the bank of the tests around."""


def silent(what: str, done: int, total: int) -> None:
    """No progress."""


def results(db: Path, *, scenarios: tuple[str, ...] = (), shocks: tuple[str, ...] = ()) -> Any:
    """Scenario -> deployment -> its result."""
    asked = StressOptions(db=db, scenarios=scenarios, shocks=shocks, fail_on="never")
    found = stress(asked, silent).document.scenarios
    return {one.name: {row.deployment: row for row in one.results} for one in found}


def test_below_initial_margin_is_counted_where_breaches_are_and_never_fewer(
    demo_snapshot: Path,
) -> None:
    shipped = ("volatility_x2", "withdraw_all", "2025-03-12_hl_eth_whale", "oracle_freeze")
    found = results(demo_snapshot, scenarios=shipped, shocks=("ETH=0%",))
    for rows in found.values():
        for row in rows.values():
            assert row.below_initial >= row.liquidatable > 0
    for deployment, row in found["oracle_freeze"].items():
        assert row.below_initial == found["ETH +0 %"][deployment].below_initial


def test_a_frozen_oracle_hides_no_bad_debt_at_the_markets_prices(demo_snapshot: Path) -> None:
    found = results(demo_snapshot, scenarios=("oracle_freeze",), shocks=("*=-20%",))
    for deployment, moved in found["* -20 %"].items():
        frozen = found["oracle_freeze"][deployment]
        assert frozen.bad_debt_static_e18 == frozen.bad_debt_before_e18
        assert frozen.bad_debt_static_market_e18 == moved.bad_debt_static_e18
        assert moved.bad_debt_static_market_e18 == moved.bad_debt_static_e18
        assert moved.bad_debt_after_market_e18 == moved.bad_debt_after_e18
        assert frozen.bad_debt_after_market_e18 > frozen.bad_debt_after_e18
        assert frozen.cover1_e18 == moved.cover1_e18


def test_static_figures_of_several_steps_are_those_of_a_shock_to_the_last_prices(
    demo_snapshot: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "last.toml"
    plain.write_text(
        'title = "the last step alone"\nsource = "a test"\nmarket_factor = "ETH"\n'
        '[betas]\n"@alt" = 0.955\n[shocks]\nBTC = "-50%"\nETH = "-50%"\n'
    )
    named = "2020-03-12_black_thursday"
    found = results(demo_snapshot, scenarios=(named, str(plain)))
    for deployment, row in found[named].items():
        alone = found["last"][deployment]
        for column in ("bad_debt_static_e18", "liquidatable", "insolvent", "below_initial"):
            assert getattr(row, column) == getattr(alone, column)


def test_an_event_of_an_asset_that_no_book_holds_touches_nothing_and_is_listed_apart(
    demo_snapshot: Path, tmp_path: Path
) -> None:
    out, jelly = tmp_path / "out.duckdb", "2025-03-26_hl_jelly"
    asked = StressOptions(
        db=demo_snapshot, scenarios=(jelly, "2025-11-12_hl_popcat"), shocks=("ETH=-5%",), out=out
    )
    outcome = stress(asked, silent)
    document = outcome.document
    assert document.baseline is not None
    first, second, plain = document.scenarios
    assert first.not_applicable == "no book holds JELLY"
    assert second.not_applicable == "no book holds POPCAT"
    assert plain.not_applicable == ""
    for entry in (first, second):
        for row, calm in zip(entry.results, document.baseline.results, strict=True):
            assert row == replace(calm, scenario=entry.name, shock=row.shock)
    assert {f.evidence["scenario"] for f in outcome.findings} == {"ETH -5 %"}
    text = " ".join(table(stress_page(document), width=200).split())
    assert f"Listed apart {jelly}: not applicable, no book holds JELLY" in text
    assert f" {jelly} 8" not in text  # no row of the table: 83 are below initial margin
    _, csv = result_rows(document)
    assert {row[0] for row in csv} == {"no shock", "ETH -5 %"}
    with open_snapshot(out) as snapshot:
        _, runs = snapshot.query("SELECT DISTINCT scenario, not_applicable FROM contagion_runs")
        _, kept = snapshot.query(f"SELECT count(*) FROM stress_results WHERE scenario = '{jelly}'")
    assert (jelly, "no book holds JELLY") in runs
    assert kept == [(0,)]
