"""Distances on the shipped recording, against the protocols' own integers at that very shock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.contagion.linear.book import linear_book, nonlinear_accounts
from analyzer.contagion.reverse.rays import Ray, uniform_ray
from analyzer.contagion.reverse.smallest import distances, headroom_exactly
from analyzer.model.book import Book, Prices
from analyzer.protocols.base import Plug
from analyzer.protocols.perp_v2.close.simulate import PerpSimulation
from analyzer.protocols.perp_v2.records import MarketStatus
from analyzer.protocols.registry import load_plug
from analyzer.runs.demo import demo_folder
from analyzer.runs.scanning.scan import ScanOptions, scan
from analyzer.solvency.result import ScanResult

AROUND = 1e-9
"""Relative distance on either side of a level at which headroom must have its two signs."""

AROUND_8_DECIMALS = 1e-6
"""The same where prices are integers of 8 decimals: a unit of the cheapest is 1e-8 of it, and the
nearest level lies at a few percent."""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ScanResult]:
    """The shipped recording's deployments, by protocol."""
    folder = demo_folder()
    block = str(json.loads((folder / "expected.json").read_text(encoding="utf-8"))["block"])
    path: Path = tmp_path_factory.mktemp("recording") / "scan.duckdb"
    options = ScanOptions(
        db=path, recording=folder / "crash.zip", block=block, verify="none", fail_on="never"
    )
    found = scan(options, lambda _what, _done, _total: None).results
    return {result.deployment.protocol: result for result in found}


def unchanged(
    plug: Plug, book: Any, along: Ray, level: Any, around: float
) -> list[tuple[str, float, Any, Any]]:
    """The accounts whose headroom does not change its sign around `level`, in integers."""
    wrong = []
    for account in np.flatnonzero(np.isfinite(level) & (level != 0)):
        x = float(level[account])
        inner = headroom_exactly(plug, book, account, along, x * (1 - around))
        outer = headroom_exactly(plug, book, account, along, x * (1 + around))
        if inner is None or outer is None or not (inner >= 0 > outer):
            wrong.append((book.account_ids[account], x, inner, outer))
    return wrong


@pytest.mark.parametrize(
    ("protocol", "still", "around", "at_least"),
    [("perp-v2", (), AROUND, 50), ("aave-v3", ("USDC", "DAI"), AROUND_8_DECIMALS, 30)],
)
def test_every_linear_account_changes_sign_at_its_distance_in_integers(
    results: dict[str, ScanResult],
    protocol: str,
    still: tuple[str, ...],
    around: float,
    at_least: int,
) -> None:
    book, plug = results[protocol].book, load_plug(protocol)
    found = linear_book(plug, book)
    along = uniform_ray(found.factors, still=still)
    away = distances(found, along, nonlinear_accounts(plug, book, found))
    checked = 0
    for level in (away.liquidation_down, away.liquidation_up):
        level = np.where(found.linear, level, np.inf)
        checked += int((np.isfinite(level) & (level != 0)).sum())
        assert unchanged(plug, book, along, level, around) == []
    assert checked >= at_least


@pytest.mark.parametrize("protocol", ["perp-v2", "aave-v3"])
def test_who_is_at_distance_zero_is_whom_the_scan_finds_below_maintenance(
    results: dict[str, ScanResult], protocol: str
) -> None:
    result, plug = results[protocol], load_plug(protocol)
    found = linear_book(plug, result.book)
    away = distances(
        found, uniform_ray(found.factors), nonlinear_accounts(plug, result.book, found)
    )
    rows = [judged.margin for judged in result.margin]
    below = [
        row.margin_equity_e18 is not None
        and row.maintenance_margin_e18 is not None
        and row.margin_equity_e18 < row.maintenance_margin_e18
        for row in rows
    ]
    assert (away.liquidation == 0).tolist() == below
    unknown = [row.unknown_reason is not None for row in rows]
    assert found.unknown.tolist() == unknown


def headroom_with_pools(
    simulation: PerpSimulation, book: Book, prices: Prices, account: int, multiplier: float
) -> int:
    """Headroom in integers where every open market and its pool have moved alike, as `reprice`
    has it. (A simulation by itself takes pools all the way to the price.)"""
    open_ = [
        base
        for base, market in simulation.state.markets.items()
        if market.status == MarketStatus.OPEN
    ]
    now = {asset: prices.e18(asset) for asset in simulation.prices_e18()}
    simulation.set_prices(
        {asset: round(price * multiplier) for asset, price in now.items() if price is not None}
    )
    for base in open_:
        start = book.state.markets[base].sqrt_price_x96  # type: ignore[attr-defined]
        simulation.set_pool(base, round(start * multiplier**0.5))
    standing = simulation.standing(book.account_ids[account])
    assert standing is not None
    return standing.headroom_e18


def test_makers_are_the_nonlinear_accounts_and_change_sign_where_their_pools_have_moved(
    results: dict[str, ScanResult],
) -> None:
    book, plug = results["perp-v2"].book, load_plug("perp-v2")
    found = linear_book(plug, book)
    asked = nonlinear_accounts(plug, book, found)
    away = distances(found, uniform_ray(found.factors), asked)
    prices = plug.prices(book)
    simulation = plug.simulate(plug.value(book, prices))
    assert isinstance(simulation, PerpSimulation)
    checked = 0
    for account in asked.accounts:
        for x in (away.liquidation_down[account], away.liquidation_up[account]):
            if np.isfinite(x) and x != 0:
                inner, outer = (
                    headroom_with_pools(
                        simulation, book, prices, int(account), float(1 + x * (1 + side))
                    )
                    for side in (-AROUND, AROUND)
                )
                assert inner >= 0 > outer
                checked += 1
    assert checked >= 10


@pytest.mark.parametrize("protocol", ["perp-v2", "aave-v3"])
def test_by_every_test_distance_zero_is_whom_the_scan_finds_liquidatable_in_any_way(
    results: dict[str, ScanResult], protocol: str
) -> None:
    result, plug = results[protocol], load_plug(protocol)
    found = linear_book(plug, result.book, every_test=True)
    asked = nonlinear_accounts(plug, result.book, found)
    away = distances(found, uniform_ray(found.factors), asked)
    rows = [judged.margin for judged in result.margin]
    # A requirement of the scan may be met to within the last digit that the test floors away.
    tests = [bool(row.liquidatable or row.collateral_liquidatable) for row in rows]
    assert (away.liquidation == 0).tolist() == tests


def test_nobody_may_be_seized_before_the_distance_and_everybody_may_after_it(
    results: dict[str, ScanResult],
) -> None:
    """Accounts that hold tokens: the protocol's own integers decide on both sides of the level."""
    book, plug = results["perp-v2"].book, load_plug("perp-v2")
    plain = linear_book(plug, book)
    every = linear_book(plug, book, every_test=True)
    along = uniform_ray(every.factors)
    margin = distances(plain, along, nonlinear_accounts(plug, book, plain)).liquidation_down
    tests = distances(every, along, nonlinear_accounts(plug, book, every)).liquidation_down
    assert (tests >= margin)[~np.isnan(margin)].all()
    prices = plug.prices(book)
    simulation = plug.simulate(plug.value(book, prices))
    start = simulation.prices_e18()
    makers = set(np.flatnonzero(plain.nonlinear).tolist())
    earlier = np.flatnonzero((tests > margin) & (tests < 0) & np.isfinite(tests))
    earlier = [n for n in earlier.tolist() if n not in makers]
    for number in earlier:
        for side, seized in ((-AROUND, False), (AROUND, True)):
            fallen = 1 + float(tests[number]) * (1 + side)
            simulation.set_prices({asset: round(price * fallen) for asset, price in start.items()})
            standing = simulation.standing(book.account_ids[number])
            assert standing is not None
            assert standing.breaches is seized, (number, fallen)
    assert len(earlier) >= 5
