"""Positions in motion: what a close does to itself, to its pool and to others, to the last unit."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from gmx_recording import Recorded, recorded

from analyzer.model.closure import Executed
from analyzer.protocols.gmx_v2 import PLUG
from analyzer.protocols.gmx_v2.close.liquidate import liquidate
from analyzer.protocols.gmx_v2.close.simulate import GONE, GmxSimulation, simulate
from analyzer.protocols.gmx_v2.settings import FOR_ADL


@pytest.fixture(scope="module")
def seed_a(shared: Path) -> Recorded:
    """Seed A."""
    return recorded(shared)


def moved(simulation: GmxSimulation, **times: Fraction) -> None:
    """Moves prices by symbol: tokens and markets that begin with it."""
    state, prices = simulation.state, simulation.prices_e18()
    names = {token: info.symbol for token, info in state.tokens.items()}
    names |= {market: state.symbol(market).partition("/")[0] for market in state.markets}
    simulation.set_prices(
        {
            asset: int(price * times[names[asset]])
            for asset, price in prices.items()
            if names[asset] in times
        }
    )


def transferred(executed: list[Executed]) -> dict[str, int]:
    """What each account got, less what it gave."""
    out: dict[str, int] = {}
    for one in executed:
        for transfer in one.closure.transfers:
            out[transfer.from_party] = out.get(transfer.from_party, 0) - transfer.amount_e18
            out[transfer.to_party] = out.get(transfer.to_party, 0) + transfer.amount_e18
    return out


def test_where_nothing_moves_everybody_stands_as_the_rows_say(seed_a: Recorded) -> None:
    valued = seed_a.valued("F")
    simulation = simulate(valued)
    for row in PLUG.margin(valued):
        standing = simulation.standing(row.account_id)
        assert standing is not None
        assert row.margin_equity_e18 is not None
        assert standing.equity_e18 == row.equity_e18
        assert standing.free_collateral_e18 == row.free_collateral_e18
        assert standing.headroom_e18 == row.margin_equity_e18 - (row.maintenance_margin_e18 or 0)
        assert standing.breaches == row.liquidatable


def test_a_moved_price_stands_as_the_valued_book_does(seed_a: Recorded) -> None:
    simulation, valued = simulate(seed_a.valued("D")), seed_a.valued("D")
    moved(simulation, WETH=Fraction(9, 10), SOL=Fraction(11, 10))
    prices = valued.prices.with_e18(simulation.prices_e18())
    for row in PLUG.margin(PLUG.value(valued.book, prices)):
        standing = simulation.standing(row.account_id)
        assert standing is not None
        assert standing.equity_e18 == row.equity_e18
        here = simulate(seed_a.valued("D")).equity_at(row.account_id, simulation.prices_e18())
        assert here == row.equity_e18


@pytest.mark.parametrize("label", ["D", "H"])
def test_what_everybody_gets_is_what_the_transfers_say(seed_a: Recorded, label: str) -> None:
    simulation = simulate(seed_a.valued(label))
    moved(simulation, WETH=Fraction(8, 10), WBTC=Fraction(11, 10), SOL=Fraction(13, 10))
    ids = simulation.account_ids()
    before = {key: simulation.standing(key) for key in ids}
    executed: list[Executed] = []
    closed = list(simulation.breaching())
    for key in closed:
        executed += simulation.liquidate(key)
    assert len(executed) > 10
    got = transferred(executed)
    for key in ids:
        was, now = before[key], simulation.standing(key)
        assert was is not None
        assert now is not None
        assert now.equity_e18 - was.equity_e18 == got.get(key, 0), key
    kinds = {one.closure.kind for one in executed}
    assert kinds == {"position", "adl"}
    lost = [t for one in executed for t in one.closure.transfers if t.bad_debt]
    assert lost
    assert all(t.from_party == f"pool:{t.asset_id}" for t in lost)
    assert all(one.sold == {} for one in executed)


def test_a_close_leaves_a_state_whose_sums_hold(seed_a: Recorded) -> None:
    simulation = simulate(seed_a.valued("H"))
    for key in simulation.breaching():
        simulation.liquidate(key)
    state = simulation.state
    for address, market in state.markets.items():
        held = [p for p in state.positions.values() if p.market == address]
        for is_long in (True, False):
            side = market.ledger.side(is_long)
            of_side = [p for p in held if p.is_long == is_long]
            assert sum(side.open_interest.values()) == sum(p.size_in_usd for p in of_side)
            assert sum(side.in_tokens.values()) == sum(p.size_in_tokens for p in of_side)
            assert sum(side.collateral_sum.values()) == sum(p.collateral_amount for p in of_side)
        assert market.ledger.total_pending_impact == sum(p.pending_impact_amount for p in held)


def test_the_simulation_leaves_its_book_as_it_is(seed_a: Recorded) -> None:
    valued = seed_a.valued("H")
    packed = PLUG.pack(valued.book)
    simulation = simulate(valued)
    moved(simulation, WETH=Fraction(1, 2))
    for key in simulation.breaching():
        simulation.liquidate(key)
    assert PLUG.pack(valued.book) == packed


def test_the_closure_of_the_stage_is_the_one_that_happens(seed_a: Recorded) -> None:
    valued = seed_a.valued("H")
    for row in PLUG.margin(valued):
        found = liquidate(valued, row.account_id)
        assert bool(found) == bool(row.liquidatable)
        if not found:
            continue
        simulation = simulate(valued)
        (offer,) = simulation.offers(row.account_id)
        executed = simulation.execute(offer, offer.most)
        assert offer.largest.closure == found[0]
        assert executed.closure.after == found[0].after
        assert simulation.standing(row.account_id) == GONE
        assert simulation.offers(row.account_id) == []


def test_losses_lower_what_the_markets_token_is_worth(seed_a: Recorded) -> None:
    simulation = simulate(seed_a.valued("H"))
    before = {receipt.token: receipt for receipt in simulation.receipts()}
    assert set(before) == set(simulation.state.markets)
    lost: dict[str, int] = {}
    for key in simulation.breaching():
        for executed in simulation.liquidate(key):
            for transfer in executed.closure.transfers:
                if transfer.bad_debt and transfer.asset_id:
                    lost[transfer.asset_id] = lost.get(transfer.asset_id, 0) + transfer.amount_e18
    assert lost
    assert all(before[market].backed_by == market for market in lost)


def test_deleveraging_is_offered_where_the_side_is_beyond_its_factor(seed_a: Recorded) -> None:
    simulation = simulate(seed_a.valued("F"))
    offers = {key: simulation.offers(key) for key in simulation.breaching()}
    kinds = {key: offer.offer_id for key, (offer,) in offers.items()}
    chosen = [key for key, kind in kinds.items() if kind == "adl"]
    assert chosen
    for key in chosen:
        position = simulation.state.positions[key]
        pool = simulation.valuation.pool(position.market)
        before = pool.pnl_to_pool(position.is_long, True)
        assert before > pool.setting(FOR_ADL, position.is_long)
        other = simulate(seed_a.valued("F"))
        other.liquidate(key)
        after = other.valuation.pool(position.market)
        least = after.setting("MIN_PNL_FACTOR_AFTER_ADL", position.is_long)
        assert least <= after.pnl_to_pool(position.is_long, True) < before


def test_requirements_that_rise_catch_more_and_never_fewer(seed_a: Recorded) -> None:
    simulation = simulate(seed_a.valued("B"))
    before = set(simulation.breaching())
    simulation.scale_requirements(Fraction(20))
    assert before < set(simulation.breaching())
    with pytest.raises(ValueError, match="cannot be scaled"):
        simulation.scale_requirements(Fraction(1, 2))


def test_what_is_no_position_or_price_is_an_error(seed_a: Recorded) -> None:
    simulation = simulate(seed_a.valued("B"))
    for ask in (simulation.standing, simulation.offers, simulation.liquidate):
        with pytest.raises(KeyError):
            ask("0x00")
    with pytest.raises(KeyError):
        simulation.equity_at("0x00", {})
    with pytest.raises(KeyError):
        simulation.set_prices({"0x00": 1})
    token = next(iter(simulation.prices_e18()))
    with pytest.raises(ValueError, match="not positive"):
        simulation.set_prices({token: 0})


def test_collateral_is_withdrawn_down_to_the_traders_own_floor(seed_a: Recorded) -> None:
    simulation = simulate(seed_a.valued("B"))
    for key in simulation.account_ids()[:20]:
        before = simulation.standing(key)
        taken = simulation.withdraw(key)
        after = simulation.standing(key)
        assert before is not None
        assert after is not None
        assert before.free_collateral_e18 is not None
        assert bool(taken) == (before.free_collateral_e18 > 10**9), key
        if taken:
            assert after.free_collateral_e18 is not None
            assert 0 <= after.free_collateral_e18 < before.free_collateral_e18
            assert (
                after.equity_e18 - before.equity_e18 == -taken[0].amount_e18
                or abs(after.equity_e18 - before.equity_e18 + taken[0].amount_e18) == 1
            )
