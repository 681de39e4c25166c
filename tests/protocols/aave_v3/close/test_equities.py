"""All equities of a market at once are those of one account after the other, to the last unit."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from many_accounts import multiplied

from analyzer.protocols.aave_v3.close.simulate import AaveSimulation
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books


@pytest.fixture(scope="module")
def market(demo_snapshot: Path) -> ScanBook:
    """The demo's Aave V3 market with every account twice."""
    scans = read_books(demo_snapshot)
    (scan,) = [one for one in scans if one.deployment.protocol == "aave-v3"]
    return multiplied(scan, 2 * len(scan.book))


def simulation(market: ScanBook) -> AaveSimulation:
    found = market.plug.simulate(market.valued)
    assert isinstance(found, AaveSimulation)
    return found


def singly(of: AaveSimulation) -> list[int | None]:
    standings = map(of.standing, of.account_ids())
    return [None if standing is None else standing.equity_e18 for standing in standings]


def fallen(of: AaveSimulation, percent: int) -> dict[str, int]:
    """Every other price so much lower."""
    prices = sorted(of.prices_e18().items())
    return {asset: price * (100 - percent) // 100 + 1 for asset, price in prices[::2]}


def test_they_follow_prices_closures_and_requirements(market: ScanBook) -> None:
    moving = simulation(market)
    assert moving.equities() == singly(moving)
    for percent in (7, 20):
        moving.set_prices(fallen(moving, percent))
        assert moving.equities() == singly(moving)
        closed = [account for account in moving.breaching() if moving.liquidate(account)]
        assert closed
        assert moving.equities() == singly(moving)
        moving.scale_requirements(Fraction(percent + 100, 100))
    moving.breaching()
    assert moving.equities() == singly(moving)
    # Another simulation of the same book begins at the block.
    assert simulation(market).equities() != moving.equities()


def test_at_other_prices_they_are_what_each_would_have(market: ScanBook) -> None:
    moving = simulation(market)
    moving.set_prices(fallen(moving, 15))
    for account in list(moving.breaching())[:3]:
        moving.liquidate(account)
    asked = list(moving.account_ids())[::3]
    wanted = [fallen(moving, percent) for percent in (0, 30, 90)]
    assert moving.equities_at(asked, wanted) == [
        [moving.equity_at(account, prices) for account in asked] for prices in wanted
    ]
