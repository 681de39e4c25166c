"""A liquidator at one account: what it takes, what it leaves, and what is written down of it."""

from __future__ import annotations

from fractions import Fraction

from cascade_steps import round_of, scenario_of, state_of
from linear_house import E18, Holder, House

from analyzer.contagion.cascade.revalue import exogenous, revalue
from analyzer.contagion.cascade.state import State
from analyzer.contagion.cascade.visit import gain_e18, liquidate, wind_up


def shocked(share: Fraction = Fraction(9, 10), **settings: object) -> State:
    """A owes 900 against ten X at 100 that fall; a closure pays its liquidator two percent."""
    house = House({"X": 100 * E18}, {"A": Holder(-900 * E18, {"X": 10 * E18})})
    house.penalty = Fraction(2, 100)
    state = state_of(house, scenario_of({"X": share}, **settings), {})
    state.prices.apply(state.prices.scenario.steps[0])
    revalue(state, exogenous)
    return state


def test_a_closure_is_booked_and_the_account_has_failed_of_what_it_lost_before() -> None:
    state = shocked()
    closing, register = round_of(state)
    liquidate(state, closing, register, "A", must_pay=True)
    (closed,) = closing.closed
    assert (closed.venue, closed.account_id, closed.executed.sold) == (
        "house",
        "A",
        {"X": 10 * E18},
    )
    assert closing.sold == [("account:house/A", (0, "X", 10 * E18))]
    # 900 were sold, 18 of them kept; the account owes those 18 to the end, which the LPs bear.
    assert closing.to_liquidators_e18 == 18 * E18
    assert closing.charged == {"fund:house/LPs": 18 * E18}
    (failure,) = state.ledger.failures.values()
    assert (failure.round, failure.before_e18, failure.loss_e18) == (1, 100 * E18, 100 * E18)
    assert failure.closed_e18 == {"X": 900 * E18}


def test_what_costs_more_than_it_pays_is_left_and_nobody_has_failed() -> None:
    state = shocked(Fraction(1, 2), stale=frozenset({"X"}))
    state.venues[0].simulation.scale_requirements(Fraction(2))
    closing, register = round_of(state)
    liquidate(state, closing, register, "A", must_pay=True)
    assert (closing.closed, state.ledger.failures) == ([], {})
    liquidate(state, closing, register, "A", must_pay=False)
    (closed,) = closing.closed
    # At the protocol's price it pays 20; what was taken over at 1000 sells for 500.
    assert gain_e18(state, 0, closed.executed) == -480 * E18


def test_a_winding_up_pays_nobody_a_penalty() -> None:
    state = shocked(Fraction(1))
    closing, register = round_of(state)
    wind_up(state, closing, register, "A")
    assert closing.to_liquidators_e18 == 0
    assert [one.executed.closure.value_e18 for one in closing.closed] == [1000 * E18]
    assert list(state.ledger.failures) == ["account:house/A"]
