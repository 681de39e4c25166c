"""The venue in motion: what closures say they move is what the accounts have afterwards."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

import pytest
from nado_recording import Recorded, recorded

from analyzer.model.closure import Executed
from analyzer.protocols.nado import PLUG
from analyzer.protocols.nado.close.parties import INSURANCE, LIQUIDATOR, ROUNDING
from analyzer.protocols.nado.close.simulate import NadoSimulation, simulate
from analyzer.protocols.nado.state.state import QUOTE
from analyzer.protocols.nado.value.liquidation.call import Mode
from analyzer.protocols.nado.value.value import value

WEI = 10**9
"""What sums over all holders may round to: a wei a contract."""


@pytest.fixture(scope="module")
def venue(shared: Path) -> Recorded:
    """Seed A."""
    return recorded(shared)


def equities(simulation: NadoSimulation) -> dict[str, int]:
    """Every known account's equity."""
    found = {name: simulation.standing(name) for name in simulation.account_ids()}
    return {name: standing.equity_e18 for name, standing in found.items() if standing is not None}


def given(executed: Executed) -> dict[str, int]:
    """Party -> what a closure gives it, less what it takes."""
    out: dict[str, int] = defaultdict(int)
    for transfer in executed.closure.transfers:
        out[transfer.to_party] += transfer.amount_e18
        out[transfer.from_party] -= transfer.amount_e18
    return out


def check_sums(simulation: NadoSimulation) -> None:
    """Sums of balances are the products' own, whoever holds them."""
    state = simulation.state
    for product, spot in state.spots.items():
        held = [account.spot.get(product, 0) for account in state.accounts.values()]
        assert sum(n for n in held if n > 0) == spot.deposits
        assert abs(-sum(n for n in held if n < 0) - spot.borrows) <= 40
    for product, perp in state.perps.items():
        sizes = [
            account.perps[product].amount
            for account in state.accounts.values()
            if product in account.perps
        ]
        assert sum(sizes) == 0
        assert sum(map(abs, sizes)) == perp.open_interest


@pytest.mark.parametrize("label", ["stressed", "second_leg", "depeg", "rally"])
def test_every_closure_moves_the_accounts_by_its_transfers(venue: Recorded, label: str) -> None:
    simulation, kinds = simulate(venue.valued(label)), Counter[str]()
    while breaching := simulation.breaching():
        # One that is liquidated may push others over by the loss that they share.
        account = breaching[0]
        before = equities(simulation)
        insurance = simulation.state.insurance
        done = simulation.liquidate(account)
        after, moved = equities(simulation), Counter[str]()
        for executed in done:
            moved.update(given(executed))
            kinds[executed.closure.kind] += 1
        for name, equity in after.items():
            near = 0 if name == account else 40 * len(done)
            assert abs(equity - before[name] - moved[name]) <= near, (account, name)
        assert abs(simulation.state.insurance - insurance - moved[INSURANCE]) <= 0
        assert abs(moved[ROUNDING]) <= WEI
    check_sums(simulation)
    assert kinds[Mode.FINALISATION.value]


def test_losses_beyond_the_insurance_are_borne_in_two_ways_that_add_up(venue: Recorded) -> None:
    shared, cut = 0, 0
    for label in ("second_leg", "depeg"):
        simulation = simulate(venue.valued(label))
        for account in list(simulation.breaching()):
            for executed in simulation.liquidate(account):
                closure = executed.closure
                if closure.kind != Mode.FINALISATION.value:
                    continue
                bad = [t for t in closure.transfers if t.bad_debt]
                assert closure.after["initial_health"] == closure.after["maintenance_health"] == 0
                by_asset = Counter[str | None]()
                for transfer in bad:
                    by_asset[transfer.asset_id] += transfer.amount_e18
                rounded = sum(
                    t.amount_e18 * (1 if t.from_party == ROUNDING else -1)
                    for t in closure.transfers
                    if ROUNDING in (t.from_party, t.to_party)
                )
                assert abs(rounded) <= WEI
                perps = {perp.asset_id for perp in simulation.state.perps.values()}
                shared += sum(amount for asset, amount in by_asset.items() if asset in perps)
                quote = simulation.state.asset_id(QUOTE)
                cut += by_asset[quote]
    assert shared > 10**18
    assert cut > 10**18


def test_an_offer_is_executed_at_any_amount_that_its_preview_knows(venue: Recorded) -> None:
    simulation = simulate(venue.valued("stressed"))
    tried = 0
    for account in simulation.breaching():
        for offer in simulation.offers(account):
            if not offer.choosable:
                continue
            part = offer.most // 2
            preview = simulation.preview(offer, part)
            if preview is None:
                continue
            copy = simulate(venue.valued("stressed"))
            assert copy.execute(offer, part) == preview
            assert simulation.preview(offer, offer.most) == offer.largest
            tried += 1
            break
    assert tried > 10


def test_an_offer_beyond_the_most_is_refused(venue: Recorded) -> None:
    simulation = simulate(venue.valued("stressed"))
    offer = simulation.offers(simulation.breaching()[0])[0]
    assert simulation.preview(offer, 3 * offer.most) is None
    with pytest.raises(ValueError, match="cannot be closed"):
        simulation.execute(offer, 3 * offer.most)


@pytest.mark.parametrize("label", ["stressed", "rally"])
def test_winding_up_leaves_quote_alone_or_nothing(venue: Recorded, label: str) -> None:
    simulation = simulate(venue.valued(label))
    for account in simulation.account_ids():
        before = simulation.standing(account)
        assert before is not None
        done = simulation.unwind(account)
        after = simulation.standing(account)
        assert after is not None
        held = simulation.state.accounts[account]
        assert not held.perps
        assert set(held.spot) <= {QUOTE}
        assert all(executed.closure.penalty_e18 == 0 for executed in done)
        if before.equity_e18 < 0:
            assert after.equity_e18 == 0
        assert after.equity_e18 >= 0
    check_shape(simulation)


def check_shape(simulation: NadoSimulation) -> None:
    """Open interest is what the accounts hold."""
    state = simulation.state
    for product, perp in state.perps.items():
        sizes = [a.perps[product].amount for a in state.accounts.values() if product in a.perps]
        assert (sum(sizes), sum(map(abs, sizes))) == (0, perp.open_interest)


def test_what_is_taken_out_leaves_the_initial_health_at_0_or_more(venue: Recorded) -> None:
    simulation, paid = simulate(venue.valued("active")), 0
    for account in simulation.account_ids():
        before = simulation.standing(account)
        moved = simulation.withdraw(account)
        after = simulation.standing(account)
        assert before is not None
        assert after is not None
        change = sum(t.amount_e18 for t in moved if t.to_party == account)
        change -= sum(t.amount_e18 for t in moved if t.from_party == account)
        assert after.equity_e18 - before.equity_e18 == change
        if moved:
            assert after.free_collateral_e18 is not None
            assert after.free_collateral_e18 >= 0
            paid += 1
    assert paid > 30


def test_prices_move_and_come_back(venue: Recorded) -> None:
    valued = venue.valued("calm")
    simulation = simulate(valued)
    start, prices = equities(simulation), dict(simulation.prices_e18())
    quote = valued.state.asset_id(QUOTE)
    simulation.set_prices({asset: price * 9 // 10 for asset, price in prices.items()})
    assert simulation.prices_e18()[quote] == prices[quote]
    fallen = equities(simulation)
    assert fallen != start
    moved = value(valued.book, valued.prices.with_e18(dict(simulation.prices_e18())))
    assert fallen == {row.account_id: row.equity_e18 for row in PLUG.margin(moved)}
    simulation.set_prices(prices)
    assert equities(simulation) == start
    with pytest.raises(KeyError):
        simulation.set_prices({"nothing": 1})
    with pytest.raises(ValueError, match="positive"):
        simulation.set_prices({next(iter(prices)): 0})


def test_scaled_requirements_are_the_blocks_own_times_the_factor(venue: Recorded) -> None:
    valued = venue.valued("calm")
    simulation = simulate(valued)
    simulation.scale_requirements(Fraction(3, 2))
    for row in PLUG.margin(valued):
        standing = simulation.standing(row.account_id)
        assert standing is not None
        assert row.maintenance_margin_e18 is not None
        if row.maintenance_margin_e18 < 10**35:
            required = -(-row.maintenance_margin_e18 * 3 // 2)
            assert standing.headroom_e18 == standing.equity_e18 - max(
                required, row.maintenance_margin_e18
            )
    with pytest.raises(ValueError, match="1 or more"):
        simulation.scale_requirements(Fraction(1, 2))


def test_a_liquidator_who_is_nobody_stands_beside_the_book(venue: Recorded) -> None:
    simulation = simulate(venue.valued("stressed"))
    simulation.liquidate(simulation.breaching()[0])
    assert LIQUIDATOR in simulation.state.accounts
    assert LIQUIDATOR not in simulation.account_ids()
