"""Rational liquidators on the shipped recording, under every scenario that ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.contagion.cascade.order import CascadeOptions
from analyzer.contagion.cascade.result import CascadeResult, Party
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.scenario import load_scenario, shipped_scenarios
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.stress.cascades import curves_for
from analyzer.runs.stress.venues import venue_of

MOST_IMPLAUSIBLE = 3
"""Of the shipped scenarios at default depth."""

WIND_UP = frozenset(s.name for s in shipped_scenarios() if s.default_owners)
"""Scenarios that close whole accounts at once, whatever it fetches: there liquidators only sell."""


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """The protocols that are installed: none is the bank of the tests around."""


@pytest.fixture(scope="module")
def ran(demo_snapshot: Path) -> dict[str, CascadeResult]:
    """Scenario -> its cascade over the demo's deployments together, at default depth."""
    scans = read_books(demo_snapshot)
    market = curves_for(scans).market
    return {
        scenario.name: run_cascade(
            [venue_of(scan) for scan in scans], scenario, market, CascadeOptions()
        )
        for scenario in shipped_scenarios()
        if scenario.name not in WIND_UP
    }


def test_liquidators_lose_in_no_round_of_any_scenario(ran: dict[str, CascadeResult]) -> None:
    for name, result in ran.items():
        gas_usd = load_scenario(name).liquidators.gas_usd
        for round_ in result.rounds:
            earned = round_.ledger[Party.LIQUIDATORS]
            assert earned >= int(gas_usd * 10**18) * len(round_.closed), (name, round_.number)
            assert round_.closes, (name, round_.number)


def test_few_scenarios_are_implausible_and_each_is_named(ran: dict[str, CascadeResult]) -> None:
    found = {name: result.implausible for name, result in ran.items() if result.implausible}
    assert len(found) <= MOST_IMPLAUSIBLE
    assert found.keys() <= {"2025-10-10_flash", "2025-10-10_flash_one_venue", "depth_2"}


def test_an_event_of_an_asset_that_nobody_holds_is_as_no_shock(
    ran: dict[str, CascadeResult],
) -> None:
    jelly, popcat = ran["2025-03-26_hl_jelly"], ran["2025-11-12_hl_popcat"]
    assert jelly.total_bad_debt_e18 == popcat.total_bad_debt_e18
    assert jelly.after == popcat.after
