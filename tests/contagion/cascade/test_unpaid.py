"""Who may be closed at the block and pays nobody: dust, and collateral whose market is thin."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from aave_market import ALICE, BOB, E18, USD, account, asset_of, market, reserve
from derive_recording import recorded

from analyzer.contagion.cascade.unpaid import NO_MARKET, Unpaid, unpaid
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import FREE, Liquidators
from analyzer.market.depth import Exponential, Linear
from analyzer.market.depth.route import Market
from analyzer.protocols.aave_v3.close.simulate import AaveSimulation
from analyzer.protocols.aave_v3.value.prices import reference_prices
from analyzer.protocols.derive_v2 import PLUG
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.snapshot.venues import venue_of

WETH, DAI = asset_of("WETH"), asset_of("DAI")


def aave() -> Venue:
    """Two accounts at a health factor of 0.988, bonus 5 %: Alice owes 8,600 DAI against ten WETH
    at 1,000; Bob a thousandth of it."""
    holders = [
        account(ALICE, supplied={"WETH": 10 * E18}, borrowed={"DAI": 8_600 * E18}),
        account(BOB, supplied={"WETH": E18 // 100}, borrowed={"DAI": 8_600 * E18 // 1_000}),
    ]
    state = market(6, [reserve(0, "WETH", 1_000 * USD), reserve(1, "DAI")], holders)
    simulation = AaveSimulation([ALICE, BOB], state, reference_prices(state))
    return Venue("aave", simulation, {WETH: "ETH", DAI: "DAI"}, {WETH: 18, DAI: 18})


def found(depth: Market, terms: Liquidators | None = None) -> dict[str, Unpaid]:
    """By account."""
    return {one.account_id: one for one in unpaid(aave(), depth, [ALICE, BOB], terms)}


def test_dust_is_what_does_not_pay_for_its_gas_in_any_market() -> None:
    """Half of Bob's debt is 4.30 DAI, for which 4.515 of WETH are seized: 0.215 less 5 of gas."""
    (bob,) = found(NO_MARKET).values()
    assert (bob.account_id, bob.dust) == (BOB, True)
    assert bob.value_e18 == 4_515 * E18 // 1_000
    assert bob.gain_e18 == 215 * E18 // 1_000 - 5 * E18
    assert bob.equity_e18 == 14 * E18 // 10
    assert found(NO_MARKET, FREE) == {}
    assert found(NO_MARKET, Liquidators(gas_usd=Fraction(21, 100))) == {}
    assert found(NO_MARKET, Liquidators(gas_usd=Fraction(22, 100))).keys() == {BOB}


def test_collateral_whose_market_takes_more_than_the_bonus_is_thin() -> None:
    """Any sale of ETH loses 6 % at once where the first dollar already costs that."""

    class Toll(Linear):
        """A market that keeps 6 % of every sale."""

        def average_ratio(self, before_usd: float, after_usd: float) -> float:
            return 0.94

    thin = Market({"ETH": Toll(1e9, "a test")}, assumed=False)
    by_account = found(thin)
    assert {a: one.dust for a, one in by_account.items()} == {ALICE: False, BOB: True}
    alice = by_account[ALICE]
    # 4,515 sell for 4,244.10, and 4,300 have to be paid.
    assert alice.gain_e18 is not None
    assert abs(alice.gain_e18 + 609 * E18 // 10) < 10**9
    (eth,) = (pair for pair in alice.pairs if pair.moves == "ETH")
    assert (eth.source, eth.kind) == ("a test", "linear")
    free = {a: one.dust for a, one in found(thin, FREE).items()}
    assert free == {ALICE: False, BOB: False}


def test_an_account_that_may_not_be_closed_is_not_asked_about() -> None:
    healthy = account(ALICE, supplied={"WETH": 10 * E18}, borrowed={"DAI": 1_000 * E18})
    state = market(6, [reserve(0, "WETH", 1_000 * USD), reserve(1, "DAI")], [healthy])
    simulation = AaveSimulation([ALICE], state, reference_prices(state))
    venue = Venue("aave", simulation, {WETH: "ETH", DAI: "DAI"}, {WETH: 18, DAI: 18})
    assert unpaid(venue, NO_MARKET, [ALICE], Liquidators(gas_usd=Fraction(10**9))) == []


COSTLY = Liquidators(gas_usd=Fraction(1_000_000))


def test_perp_positions_and_collateral(demo_snapshot: Path) -> None:
    scans = read_books(demo_snapshot)
    (scan,) = (s for s in scans if s.deployment.protocol == "perp-v2")
    venue = venue_of(scan)
    accounts = list(venue.simulation.breaching())
    assert unpaid(venue, NO_MARKET, accounts, FREE) == []
    assert {u.dust for u in unpaid(venue, NO_MARKET, accounts, COSTLY)} == {True}
    factors = {asset.factor for asset in scan.book.assets}
    thin = Market({f: Exponential(1e-3, "a test") for f in factors}, assumed=False)
    left = unpaid(venue, thin, accounts)
    assert len(left) > len(accounts) // 2
    assert all(not one.dust or one.gain_e18 for one in left)
    assert {pair.source for one in left for pair in one.pairs} == {"a test"}


@pytest.mark.parametrize("label", ["G", "H"])
def test_auctions_of_derive_over_their_whole_schedule(shared: Path, label: str) -> None:
    book = recorded(shared).book(label)
    prices = PLUG.prices(book)
    venue = Venue(
        "derive",
        PLUG.simulate(PLUG.value(book, prices)),
        {a: p.factor for a, p in prices.by_asset.items()},
        dict.fromkeys(prices.by_asset, 18),
        fixed=frozenset(a for a, p in prices.by_asset.items() if p.status == "fixed"),
    )
    accounts = list(venue.simulation.breaching())
    assert len(accounts) >= 50
    assert unpaid(venue, NO_MARKET, accounts, FREE) == []
    assert len(unpaid(venue, NO_MARKET, accounts, COSTLY)) == len(accounts)
    thin = Market({"ETH": Exponential(1.0, "a test"), "BTC": Exponential(1.0, "a test")})
    left = unpaid(venue, thin, accounts)
    assert left
    assert not any(one.dust for one in left)
