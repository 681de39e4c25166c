"""The scenarios that ship: all are there, say where they are from, and hold to the candles."""

from __future__ import annotations

import csv
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from statistics import median

import pytest
from scenario_page import PAGE, page

from analyzer.contagion.scenario import (
    Scenario,
    load_scenario,
    multiplier,
    shipped_names,
    shipped_scenarios,
)
from analyzer.market.beta import betas, exact
from analyzer.market.classes import asset_class
from analyzer.market.history import load_history
from analyzer.market.returns import returns_of

NAMED = """
2020-03-12_black_thursday 2021-05-19_crash 2022-05_luna_ust 2022-06_steth 2022-09-18_gmx_avax
2022-10-11_mango 2022-11-09_ftx 2022-11-22_aave_crv 2022-11_ftx_week 2023-03-11_usdc_depeg
2024-08-05_carry_unwind 2025-03-12_hl_eth_whale 2025-03-26_hl_jelly 2025-08-26_hl_xpl
2025-10-10_flash 2025-10-10_flash_one_venue 2025-11-12_hl_popcat synthetix_2024_susd_depeg
synthetix_kwenta_TRB_2023
"""
FAMILIES = """
beta_btc_30 beta_eth_30 btc_30 default_1 default_2 depth_10 depth_100 depth_2 depth_50 eth_30
liquidator_outage oracle_freeze stable_depeg staking_depeg uniform_10 uniform_20 uniform_30
uniform_50 volatility_x2 withdraw_all
"""
every_scenario = pytest.mark.parametrize("scenario", shipped_scenarios(), ids=lambda s: s.name)


def test_every_named_event_and_every_family_ships() -> None:
    assert shipped_names() == sorted(NAMED.split() + FAMILIES.split())


@every_scenario
def test_a_shipped_scenario_says_where_it_is_from_and_what_is_not_verified(
    scenario: Scenario,
) -> None:
    assert scenario.title
    assert scenario.source
    historical = scenario.name in NAMED.split()
    assert bool(scenario.venue) == historical
    # No event of the past has every number checked.
    assert scenario.verified == (not historical) == (not scenario.unverified)
    if not historical and not scenario.name.startswith("beta"):
        assert "not an observation" in scenario.source


@every_scenario
def test_a_shipped_scenario_does_something(scenario: Scenario) -> None:
    moved = any(scenario.steps[-1].shocks.values())
    assert moved or scenario.default_owners or scenario.withdraw


@every_scenario
def test_a_factor_that_a_shipped_scenario_names_is_of_a_known_class(scenario: Scenario) -> None:
    named = {key for step in scenario.steps for key in step.shocks} | set(scenario.betas)
    named = {key for key in named if key != "*" and not key.startswith("@")}
    assert [key for key in named if asset_class(key) == "unlisted"] == []


@pytest.fixture(scope="module")
def candles(shared: Path) -> dict[str, dict[str, tuple[float, float]]]:
    """asset -> date -> (low, close)."""
    found: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    file = shared / "data" / "prices" / "daily_majors.csv"
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            found[row["asset"]][row["date"]] = float(row["low"]), float(row["close"])
    return found


@pytest.mark.parametrize(
    ("name", "reference", "first", "last"),
    [
        ("2021-05-19_crash", "2021-05-18", "2021-05-19", "2021-05-19"),
        ("2022-05_luna_ust", "2022-05-08", "2022-05-08", "2022-05-12"),
        ("2022-11_ftx_week", "2022-11-05", "2022-11-05", "2022-11-09"),
        ("2024-08-05_carry_unwind", "2024-08-01", "2024-08-01", "2024-08-05"),
    ],
)
def test_what_is_said_to_be_of_candles_is_their_low_against_the_close_that_it_names(
    candles: dict[str, dict[str, tuple[float, float]]],
    name: str,
    reference: str,
    first: str,
    last: str,
) -> None:
    scenario = load_scenario(name)
    for asset in ("BTC", "ETH"):
        days = candles[asset]
        low = min(days[day][0] for day in days if first <= day <= last)
        fall = low / days[reference][1] - 1
        shock = multiplier(scenario, scenario.steps[-1], asset) - 1
        assert round(float(shock) * 100, 1) == round(fall * 100, 1)


def test_the_first_step_of_black_thursday_is_the_hour_that_it_names(shared: Path) -> None:
    file = shared / "data" / "prices" / "hourly" / "2020-03-12_black_thursday.csv"
    closes = {}
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["source"] == "binance_klines_a":
                closes[row["asset"], row["ts"]] = float(row["close"])
    scenario = load_scenario("2020-03-12_black_thursday")
    for asset in ("BTC", "ETH"):
        # The candle that opens at 10:00 closes at 11:00.
        fall = closes[asset, "2020-03-12T10:00:00Z"] / closes[asset, "2020-03-11T23:00:00Z"] - 1
        shock = multiplier(scenario, scenario.steps[0], asset) - 1
        assert round(float(shock) * 100, 1) == round(fall * 100, 1)
    assert scenario.steps[0].liquidator_capacity == 0


@pytest.mark.parametrize("market", ["ETH", "BTC"])
def test_the_shipped_betas_are_those_of_the_daily_closes(
    shared: Path, tmp_path: Path, market: str
) -> None:
    path = tmp_path / "closes.csv"
    with (
        (shared / "data" / "prices" / "daily_majors.csv").open(encoding="utf-8") as lines,
        path.open("w", encoding="utf-8") as out,
    ):
        out.write("time,factor,price\n")
        for row in csv.DictReader(lines):
            # MKR left the exchange within the year.
            if "2025-04-27" <= row["date"] <= "2026-04-26" and row["asset"] != "MKR":
                out.write(f"{row['date']},{row['asset']},{row['close']}\n")
    returns = returns_of(load_history(path))
    assert (returns.values.shape, returns.skipped) == ((351, 20), 13)
    found = exact(betas(returns, market), places=2)
    scenario = load_scenario(f"beta_{market.lower()}_30")
    assert {k: v for k, v in scenario.betas.items() if not k.startswith("@")} == found
    alts = [beta for factor, beta in found.items() if asset_class(factor) == "alt"]
    assert scenario.betas["@alt"] == median(alts)


def test_the_depths_of_the_family_are_those_of_its_names() -> None:
    depths = [load_scenario(f"depth_{n}").depth_multiplier for n in (100, 50, 10, 2)]
    assert depths == [1, Fraction(1, 2), Fraction(1, 10), Fraction(1, 50)]


def test_the_page_of_the_scenarios_is_made_of_their_files() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "to write it anew: python tests/support/pages/scenario_page.py"
    )
