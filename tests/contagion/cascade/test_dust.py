"""Whom surely nobody gains by closing: never somebody of whom the search finds what pays."""

from __future__ import annotations

from pathlib import Path

import pytest
from many_accounts import multiplied

from analyzer.contagion.cascade import dust, visit
from analyzer.contagion.cascade.run import at_the_block, run_cascade
from analyzer.contagion.cascade.state import State
from analyzer.contagion.scenario import FREE, Scenario, Step, parse_shock
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.snapshot.venues import venue_of
from analyzer.runs.stress.cascades import curves_for


@pytest.fixture(scope="module")
def small(demo_snapshot: Path) -> list[ScanBook]:
    """The demo's books with every account in four, so that many are dust."""
    return [multiplied(scan, 4 * len(scan.book)) for scan in read_books(demo_snapshot)]


@pytest.mark.parametrize("words", ["*=-10%", "ETH=-45%,BTC=+30%"])
def test_the_search_finds_nothing_of_those_that_are_left_out(
    small: list[ScanBook], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole cascades in which every account that is left out is searched all the same."""
    left_out: list[str] = []

    def searched(state: State, number: int, account_id: str) -> bool:
        if dust.surely_unpaid(state, number, account_id):
            left_out.append(account_id)
            assert visit.searched(state, number, account_id, None) is None
        return False

    monkeypatch.setattr(visit, "surely_unpaid", searched)
    market = curves_for(small).market
    run_cascade([venue_of(scan) for scan in small], parse_shock(words), market)
    assert len(set(left_out)) > 40


def test_without_gas_and_where_factors_are_quoted_in_each_other_nobody_is_left_out(
    small: list[ScanBook],
) -> None:
    venues, market = [venue_of(scan) for scan in small], curves_for(small).market
    free = at_the_block(venues, Scenario("a", "a", "a", (Step(),), liquidators=FREE), market)
    paid = at_the_block(venues, Scenario("a", "a", "a", (Step(),)), market)
    asked = [(n, a) for n, venue in enumerate(venues) for a in venue.simulation.breaching()]
    assert not any(dust.surely_unpaid(free, *one) for one in asked)
    out = [one for one in asked if dust.surely_unpaid(paid, *one)]
    assert out
    for number, account in out:
        stake = venues[number].stake(account)
        assert stake is not None
        factors = {venues[number].factors[asset] for asset in stake.traded_e18}
        assert not {"stETH/ETH", "ETH"} <= factors
