"""A liquidator at one account: what it takes, what it leaves, and what is written down of it."""

from __future__ import annotations

from fractions import Fraction

from cascade_steps import round_of, scenario_of, state_of
from linear_house import E18, Holder, House

from analyzer.contagion.cascade.revalue import exogenous, revalue
from analyzer.contagion.cascade.state import State
from analyzer.contagion.cascade.visit import profit_e18, visit, wind_up
from analyzer.contagion.scenario import AT_ANY_LOSS, FREE, Liquidators
from analyzer.market.depth import ImpactCurve, Linear, NoImpact

PENALTY = Fraction(2, 100)
DEEP = NoImpact()
SHALLOW = Linear(10_000.0, "a test: 1 % for 100 dollars at the block's prices")


def shocked(
    liquidators: Liquidators,
    curve: ImpactCurve = DEEP,
    share: Fraction = Fraction(9, 10),
    **settings: object,
) -> State:
    """A owes 900 against ten X at 100 that fall; a closure pays its liquidator two percent."""
    house = House({"X": 100 * E18}, {"A": Holder(-900 * E18, {"X": 10 * E18})})
    house.penalty = PENALTY
    scenario = scenario_of({"X": share}, liquidators=liquidators, **settings)
    state = state_of(house, scenario, {"X": curve})
    state.prices.apply(scenario.steps[0])
    revalue(state, exogenous)
    return state


def amounts_closed(state: State) -> list[int]:
    """What a visit to A takes over, closure by closure."""
    closing, register = round_of(state)
    visit(state, closing, register, "A")
    return [closed.executed.closure.amount for closed in closing.closed]


def test_a_closure_is_booked_and_the_account_has_failed_of_what_it_lost_before() -> None:
    state = shocked(FREE)
    closing, register = round_of(state)
    visit(state, closing, register, "A")
    (closed,) = closing.closed
    assert (closed.venue, closed.account_id) == ("house", "A")
    assert closing.flows == [("account:house/A", "X", 1_000 * E18)]
    # 900 were sold, 18 of them kept; the account owes those 18 to the end, which the LPs bear.
    assert closing.to_liquidators_e18 == 18 * E18
    assert closing.charged == {"fund:house/LPs": 18 * E18}
    (failure,) = state.ledger.failures.values()
    assert (failure.round, failure.before_e18, failure.loss_e18) == (1, 100 * E18, 100 * E18)
    assert failure.closed_e18 == {"X": 900 * E18}


def test_only_as_much_is_taken_as_sells_for_no_more_than_the_penalty_below_its_price() -> None:
    """x of X falls by x % at the end and by x / 2 % on average: 2 % pay for x of 4."""
    state = shocked(FREE, SHALLOW)
    (amount,) = amounts_closed(state)
    assert 0 <= 4 * E18 - amount <= 10 * E18 // 10**6
    assert state.prices.pairs.turnover["X", "USD"].net_e18 == 100 * amount


def test_gas_and_return_are_earned_too() -> None:
    """0.02 p x = p x**2 / 200 + gas, p = 90: with gas of 1, x = 2 + sqrt(4 - 2.22)."""
    (amount,) = amounts_closed(shocked(Liquidators(gas_usd=Fraction(1)), SHALLOW))
    assert 0 <= (2 + (4 - 200 / 90) ** 0.5) - amount / E18 < 1e-5
    assert amounts_closed(shocked(Liquidators(gas_usd=Fraction(2)), SHALLOW)) == []
    one_percent = Liquidators(gas_usd=Fraction(0), required_return=Fraction(1, 100))
    (amount,) = amounts_closed(shocked(one_percent, SHALLOW))
    assert 0 <= 2 - amount / E18 < 1e-5


def test_at_any_loss_everything_is_taken_over() -> None:
    state = shocked(AT_ANY_LOSS, SHALLOW)
    closing, register = round_of(state)
    visit(state, closing, register, "A")
    assert [closed.executed.closure.amount for closed in closing.closed] == [10 * E18]
    # Ten of X sell at 95 % of their price on average: 45 are lost, and 18 were paid.
    assert abs(closing.trade_e18 + 45 * E18) < 10**6
    assert closing.to_liquidators_e18 == 18 * E18


def test_what_a_market_does_not_bear_is_left_or_kept_at_the_last_price() -> None:
    class Bounded(Linear):
        """The same, but a market that takes 200 dollars and no more."""

        def _bounds(self) -> tuple[float, float]:
            return -200.0, 200.0

    bounded = Bounded(10_000.0, "a test")
    (amount,) = amounts_closed(shocked(FREE, bounded))
    assert 0 < amount / E18 < 2.1
    state = shocked(AT_ANY_LOSS, bounded)
    assert amounts_closed(state) == [10 * E18]
    pairs = state.prices.pairs
    assert pairs.turnover["X", "USD"].sold_e18 == 200 * E18
    assert pairs.left_e18 == {"X": 800 * E18}
    assert state.prices.exhausted() == ("X",)


def test_capacity_ends_a_round_and_the_rest_waits() -> None:
    terms = Liquidators(gas_usd=Fraction(0), capacity_usd=Fraction(360))
    state = shocked(terms)
    closing, register = round_of(state)
    visit(state, closing, register, "A")
    (closed,) = closing.closed
    assert 0 <= 4 * E18 - closed.executed.closure.amount <= 10 * E18 // 10**6
    assert amounts_closed(state) != []


def test_under_a_stopped_oracle_what_costs_more_than_it_pays_is_left_and_nobody_failed() -> None:
    state = shocked(FREE, DEEP, Fraction(1, 2), stale=frozenset({"X"}))
    state.venues[0].simulation.scale_requirements(Fraction(2))
    assert amounts_closed(state) == []
    assert state.ledger.failures == {}
    # At the protocol's price it pays 20; what was taken over at 1000 sells for 500.
    (offer,) = state.venues[0].simulation.offers("A")
    assert profit_e18(state, 0, offer.largest) == -480 * E18


def test_a_winding_up_pays_nobody_a_penalty() -> None:
    state = shocked(FREE, DEEP, Fraction(1))
    closing, register = round_of(state)
    wind_up(state, closing, register, "A")
    assert closing.to_liquidators_e18 == 0
    assert [one.executed.closure.value_e18 for one in closing.closed] == [1000 * E18]
    assert list(state.ledger.failures) == ["account:house/A"]
