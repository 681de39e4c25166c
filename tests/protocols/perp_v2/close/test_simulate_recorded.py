"""The simulation on the recorded crash: its ledger at every visit, its filter, its order."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from analyzer.model.book import Book
from analyzer.model.closure import Executed
from analyzer.protocols.perp_v2.close.simulate import PerpSimulation
from analyzer.protocols.perp_v2.plug import PerpV2
from analyzer.protocols.perp_v2.state.state import state_of
from analyzer.protocols.perp_v2.value.margin import margin
from analyzer.protocols.perp_v2.value.prices import reference_prices
from analyzer.protocols.perp_v2.value.value import value
from analyzer.runs.snapshot.reader import read_books

MULTIPLIERS = (Fraction(1), Fraction(6, 10), Fraction(8, 10), Fraction(13, 10), Fraction(17, 10))
ROUNDINGS = 4
"""Wei a step: the position's value before and after, and the token's, are each cut once; so is
what its orders held when they are cancelled."""


@pytest.fixture(scope="module")
def book(demo_snapshot: Path) -> Book:
    (scan,) = (scan for scan in read_books(demo_snapshot) if scan.plug.name == "perp-v2")
    return scan.book


def simulation(book: Book) -> PerpSimulation:
    plug = PerpV2()
    found = plug.simulate(plug.value(book, plug.prices(book)))
    assert isinstance(found, PerpSimulation)
    return found


def shocked(book: Book, multiplier: Fraction) -> PerpSimulation:
    """Every price times the same."""
    sim = simulation(book)
    sim.set_prices({asset: int(price * multiplier) for asset, price in sim.prices_e18().items()})
    return sim


def equity(sim: PerpSimulation, *account_ids: str) -> int:
    standings = [sim.standing(account_id) for account_id in account_ids]
    return sum(standing.equity_e18 for standing in standings if standing is not None)


def from_liquidators(done: Sequence[Executed]) -> int:
    return sum(
        t.amount_e18 * ((t.from_party == "liquidator") - (t.to_party == "liquidator"))
        for executed in done
        for t in executed.closure.transfers
    )


@pytest.mark.parametrize("multiplier", MULTIPLIERS)
@pytest.mark.parametrize("visit", [PerpSimulation.liquidate, PerpSimulation.unwind])
def test_the_ledger_of_every_visit_closes_up_to_roundings(
    book: Book, multiplier: Fraction, visit: Callable[..., Sequence[Executed]]
) -> None:
    sim = shocked(book, multiplier)
    fund = sim.state.insurance_fund
    steps = 0
    for account_id in sim.account_ids():
        before = equity(sim, account_id, fund)
        done = visit(sim, account_id)
        residue = equity(sim, account_id, fund) - before - from_liquidators(done)
        assert abs(residue) <= ROUNDINGS * len(done), (account_id, residue)
        steps += len(done)
    assert steps > 10


@pytest.mark.parametrize("multiplier", MULTIPLIERS)
def test_who_breaches_is_whom_the_integers_say(book: Book, multiplier: Fraction) -> None:
    """The float64 filter against every account's exact test."""
    sim = shocked(book, multiplier)
    found = set(sim.breaching())
    for account_id in sim.account_ids():
        standing = sim.standing(account_id)
        if standing is None or not standing.breaches:
            assert account_id not in found
        elif account_id not in found:
            assert list(sim.liquidate(account_id)) == []


def test_standing_is_the_margin_row_at_the_blocks_own_prices(book: Book) -> None:
    sim = simulation(book)
    for row in margin(value(book, reference_prices(state_of(book)))):
        standing = sim.standing(row.account_id)
        if row.unknown_reason is not None:
            assert standing is None
            continue
        assert standing is not None
        assert row.margin_equity_e18 is not None
        assert row.maintenance_margin_e18 is not None
        assert standing.equity_e18 == row.equity_e18
        assert standing.headroom_e18 == row.margin_equity_e18 - row.maintenance_margin_e18
        assert standing.breaches == bool(row.liquidatable or row.collateral_liquidatable)


def test_a_scenario_is_what_repricing_says_in_floats_for_those_without_ranges(book: Book) -> None:
    plug = PerpV2()
    factors = sorted({asset.factor for asset in book.assets if asset.symbol != "USDC"})
    valued, shocks = plug.value(book, plug.prices(book)), np.full((len(factors), 1), 0.75)
    floats = plug.reprice(valued, factors, shocks).equity[:, 0]
    sim = shocked(book, Fraction(3, 4))
    accounts = sim.state.accounts
    compared = 0
    for account_id, expected in zip(book.account_ids, floats, strict=True):
        if any(held.orders for held in accounts[account_id].markets.values()):
            continue
        assert equity(sim, account_id) / 1e18 == pytest.approx(expected, rel=1e-9, abs=1e-6)
        compared += 1
    assert compared > 20


def test_equity_elsewhere_is_the_equity_once_prices_are_there(book: Book) -> None:
    here, there = simulation(book), shocked(book, Fraction(9, 10))
    prices = there.prices_e18()
    for account_id in here.account_ids():
        standing = there.standing(account_id)
        expected = None if standing is None else standing.equity_e18
        assert here.equity_at(account_id, prices) == expected


def test_nothing_of_the_book_is_changed(book: Book) -> None:
    plug = PerpV2()
    before = plug.pack(book)
    sim = shocked(book, Fraction(6, 10))
    for account_id in sim.breaching():
        sim.liquidate(account_id)
    for account_id in sim.account_ids():
        sim.withdraw(account_id)
        sim.unwind(account_id)
    assert plug.pack(book) == before


def test_who_comes_first_matters_where_the_fund_is_short(book: Book) -> None:
    """A counter-example to order independence: the same accounts, other bad debt."""
    results = set()
    for seed in range(6):
        sim = shocked(book, Fraction(6, 10))
        order = list(sim.account_ids())
        random.Random(seed).shuffle(order)
        done = [executed for account_id in order for executed in sim.liquidate(account_id)]
        transfers = [t for executed in done for t in executed.closure.transfers]
        results.add(sum(t.amount_e18 for t in transfers if t.bad_debt))
    assert len(results) > 1
