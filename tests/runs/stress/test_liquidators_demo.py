"""Rational liquidators on the shipped recording, under every scenario that ships."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from analyzer.contagion.cascade.order import CascadeOptions
from analyzer.contagion.cascade.result import CascadeResult, Party
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.scenario import load_scenario, shipped_scenarios, with_depth_times
from analyzer.runs.demo import SCENARIO
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.snapshot.venues import venue_of
from analyzer.runs.stress.cascades import curves_for

MOST_IMPLAUSIBLE = 3
"""Of the shipped scenarios at default depth."""


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
    }


def test_liquidators_lose_in_no_round_of_any_scenario(ran: dict[str, CascadeResult]) -> None:
    for name, result in ran.items():
        scenario = load_scenario(name)
        gas_usd = scenario.liquidators.gas_usd
        for round_ in result.rounds:
            if round_.number == 1 and scenario.default_owners:
                continue  # who sells for a winding up neither gains nor loses: below
            earned = round_.ledger[Party.LIQUIDATORS]
            assert earned >= int(gas_usd * 10**18) * len(round_.closed), (name, round_.number)
            assert round_.closes, (name, round_.number)


def test_who_sells_for_a_winding_up_has_nothing_of_it_to_the_wei(
    ran: dict[str, CascadeResult],
) -> None:
    for owners, name in ((1, "default_1"), (2, "default_2")):
        first = ran[name].rounds[1]
        assert first.closed
        assert first.ledger[Party.LIQUIDATORS] == 0
        assert first.closes
        failed = {f.owner for f in ran[name].failures.values() if f.round == 1}
        short = Counter[str]()
        for tally in ran[name].shocked.values():
            short.update(tally.owners_short_e18)
        assert failed == {owner for owner, _ in short.most_common(owners)}


def test_few_scenarios_are_implausible_and_each_is_named(ran: dict[str, CascadeResult]) -> None:
    found = {name: result.implausible for name, result in ran.items() if result.implausible}
    assert len(found) <= MOST_IMPLAUSIBLE
    assert found.keys() <= {"2025-10-10_flash", "2025-10-10_flash_one_venue", "depth_2"}


def test_half_and_double_of_every_depth_change_no_bad_debt_by_a_factor_of_three(
    demo_snapshot: Path, ran: dict[str, CascadeResult]
) -> None:
    scans = read_books(demo_snapshot)
    market = curves_for(scans).market

    def spread(name: str) -> float:
        debts = [ran[name].total_bad_debt_market_e18]
        for times in (Fraction(1, 2), Fraction(2)):
            scenario = with_depth_times(load_scenario(name), times)
            venues = [venue_of(scan) for scan in scans]
            debts.append(run_cascade(venues, scenario, market).total_bad_debt_market_e18)
        return max(debts) / min(debts)

    assert 1 < spread("2025-10-10_flash") < 3
    assert 1 < spread(SCENARIO) < 3
    # With a fiftieth of every depth, stables included, it is not so, and the run is implausible.
    assert spread("depth_2") > 3


def test_a_frozen_oracle_is_not_the_safest_scenario(ran: dict[str, CascadeResult]) -> None:
    frozen, calm = ran["oracle_freeze"], ran["2025-03-26_hl_jelly"]
    assert frozen.total_bad_debt_market_e18 > 2 * calm.total_bad_debt_market_e18
    # By the protocols' own prices it would look safer than no shock at all.
    assert frozen.total_bad_debt_e18 < calm.total_bad_debt_e18


def test_an_event_of_an_asset_that_nobody_holds_is_as_no_shock(
    ran: dict[str, CascadeResult],
) -> None:
    jelly, popcat = ran["2025-03-26_hl_jelly"], ran["2025-11-12_hl_popcat"]
    assert jelly.total_bad_debt_e18 == popcat.total_bad_debt_e18
    assert jelly.after == popcat.after
