"""What owners do in a simulation of Aave V3: defaults that are wound up, and withdrawals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aave_market import ALICE, E18, USD, account, market, reserve
from aave_motion import DAI, WETH, motion, weth_and_dai

from analyzer.protocols.aave_v3.close.simulate import AaveSimulation
from analyzer.protocols.aave_v3.value.account import AccountData, Valuation
from analyzer.protocols.aave_v3.value.prices import reference_prices


def test_winding_up_repays_the_debt_at_the_price_and_leaves_the_rest() -> None:
    moving = motion(weth_and_dai(10, price=1_000, fee_bps=1_000))
    (done,) = moving.unwind(ALICE)
    standing = moving.standing(ALICE)
    assert done.sold == {WETH: 8_600 * E18 // 1_000, DAI: -8_600 * E18}
    assert done.closure.penalty_e18 == 0
    assert standing is not None
    assert standing.equity_e18 == 1_400 * E18
    assert moving.unwind(ALICE) == []


def test_what_a_winding_up_lost_is_owed_again_and_more_is_sold_for_it() -> None:
    moving = motion(weth_and_dai(10, price=1_000))
    moving.unwind(ALICE)
    before = moving.state.reserves[DAI]
    (paid,) = moving.bear(ALICE, 100 * E18)
    assert (paid.from_party, paid.to_party, paid.amount_e18) == (ALICE, "liquidator", 100 * E18)
    after = moving.state.reserves[DAI]
    assert (before.scaled_debt, after.scaled_debt) == (0, 100 * E18)
    assert equity_of(moving) == 1_300 * E18
    (again,) = moving.unwind(ALICE)
    assert again.sold == {WETH: E18 // 10, DAI: -100 * E18}
    assert moving.state.reserves[DAI] == before
    moving.bear(ALICE, -50 * E18)
    assert equity_of(moving) == 1_350 * E18


def test_what_a_winding_up_lost_and_nothing_is_left_for_stays_owed() -> None:
    moving = motion(weth_and_dai(10, price=500))
    moving.unwind(ALICE)
    moving.bear(ALICE, 70 * E18)
    assert moving.unwind(ALICE) == []
    assert equity_of(moving) == -70 * E18
    moving.bear(ALICE, -20 * E18)
    assert equity_of(moving) == -50 * E18


def equity_of(moving: AaveSimulation) -> int:
    """Alice's equity."""
    standing = moving.standing(ALICE)
    assert standing is not None
    return standing.equity_e18


def test_winding_up_somebody_without_enough_leaves_bad_debt() -> None:
    moving = motion(weth_and_dai(10, price=500))
    (done,) = moving.unwind(ALICE)
    assert done.sold == {WETH: 10 * E18, DAI: -5_000 * E18}
    assert moving.state.reserves[DAI].deficit == 3_600 * E18
    standing = moving.standing(ALICE)
    assert standing is not None
    assert standing.equity_e18 == 0


def test_withdrawals_stop_at_a_health_factor_of_one() -> None:
    """8,600 of debt needs 10,117.65 of collateral at 85 %: 8.43 WETH at 1,200."""
    moving = motion(weth_and_dai(10, price=1_200))
    (taken, *_) = moving.withdraw(ALICE)
    data = Valuation(moving.state, reference_prices(moving.state)).account_data(ALICE)
    assert isinstance(data, AccountData)
    assert E18 <= data.health_factor < E18 + 10**9
    assert (taken.from_party, taken.to_party, taken.what) == (ALICE, "owner", "WETH withdrawn")
    assert taken.amount_e18 // 10**16 == 188_235
    assert sum(t.amount_e18 for t in moving.withdraw(ALICE)) <= 10**11
    assert moving.breaching() == []


def test_withdrawals_are_limited_by_what_the_reserve_has() -> None:
    state = weth_and_dai(10, price=1_200)
    state.reserves[WETH] = replace(state.reserves[WETH], virtual_balance=E18)
    moving = motion(state)
    (taken,) = moving.withdraw(ALICE)
    assert taken.amount_e18 == 1_200 * E18
    assert moving.withdraw(ALICE) == []
    assert moving.state.reserves[WETH].virtual_balance == 0


def test_without_debt_everything_may_go() -> None:
    state = market(10, [reserve(0, "WETH", 1_000 * USD)], [account(supplied={"WETH": E18})])
    moving = motion(state)
    assert [t.amount_e18 for t in moving.withdraw(ALICE)] == [1_000 * E18]
    assert moving.state.accounts[ALICE].collateral_bits == 0
    assert moving.equity_at(ALICE, {}) == 0


@pytest.mark.parametrize("revision", [1, 10])
def test_collateral_without_borrowing_power_goes_first(revision: int) -> None:
    """LINK has an LTV of 0: while any of it stands, WETH may not leave."""
    holder = account(
        supplied={"WETH": 10 * E18, "LINK": 1_000 * E18},
        borrowed={"DAI": 850 * E18},
        collateral=(0, 2),
    )
    reserves = [
        reserve(0, "WETH", 100 * USD),
        reserve(1, "DAI"),
        reserve(2, "LINK", USD, ltv_bps=0),
    ]
    moving = motion(market(revision, reserves, [holder]))
    first = moving.withdraw(ALICE)
    assert [t.what for t in first if t.to_party == "owner"] == ["LINK withdrawn"]
    assert first[0].amount_e18 == 1_000 * E18
    assert moving.withdraw(ALICE) == []
