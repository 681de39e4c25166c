"""A liquidator at one account: what it takes, what it leaves, and what is written down of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial

import pytest
from cascade_steps import round_of, scenario_of, state_of
from linear_house import E18, Holder, House

from analyzer.contagion.cascade.closing import Closing
from analyzer.contagion.cascade.revalue import exogenous, revalue
from analyzer.contagion.cascade.state import State
from analyzer.contagion.cascade.venue import terms_of
from analyzer.contagion.cascade.visit import profit_e18, visit, wind_up
from analyzer.contagion.scenario import AT_ANY_LOSS, FREE, Auctions, Liquidators
from analyzer.market.depth import ImpactCurve, Linear, NoImpact
from analyzer.model.closure import Closure, Executed, Transfer
from analyzer.protocols.simulation import Offer, Waiting

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
    assert profit_e18(state, 0, terms_of(offer.largest)) == -480 * E18


class AuctionHouse(House):
    """The same, but what a closure pays its liquidator rises by one basis point a second, from
    nothing to 10 percent."""

    seconds = 0

    def offers(self, account_id: str) -> Sequence[Offer]:
        return [found for found in [self._after(account_id, self.seconds)] if found is not None]

    def _after(self, account_id: str, seconds: int) -> Offer | None:
        self.penalty = Fraction(seconds, 10_000)
        (found,) = super().offers(account_id) or (None,)
        later = partial(self._after, account_id)
        return found and replace(found, waiting=Waiting(seconds, 1_000, later))

    def preview(self, offer: Offer, amount: int) -> Executed | None:
        self.penalty = Fraction(offer.waited_s, 10_000)
        return super().preview(offer, amount)

    def execute(self, offer: Offer, amount: int) -> Executed:
        self.penalty, self.seconds = Fraction(offer.waited_s, 10_000), offer.waited_s
        return super().execute(offer, amount)


def auctioned(liquidators: Liquidators, depth: float) -> tuple[list[int], int]:
    """What a visit to A takes, ten X in all, and when the last of it is taken."""
    house = AuctionHouse({"X": 100 * E18}, {"A": Holder(-900 * E18, {"X": 10 * E18})})
    scenario = scenario_of({"X": Fraction(9, 10)}, liquidators=liquidators)
    state = state_of(house, scenario, {"X": Linear(depth, "a test")})
    state.prices.apply(scenario.steps[0])
    revalue(state, exogenous)
    return amounts_closed(state), house.seconds


def test_in_an_auction_they_wait_for_the_first_terms_that_pay() -> None:
    """Ten X sell for 4.99 % less on average: 500 seconds; with gas of 9 of the 900, 600."""
    assert auctioned(FREE, 10_020.0) == ([10 * E18], 500)
    assert auctioned(Liquidators(gas_usd=Fraction(9)), 10_020.0) == ([10 * E18], 600)


def test_where_the_whole_never_pays_they_take_what_pays_in_the_end() -> None:
    """At 10 percent x of X fall by 2 x % on average where the depth is 2,500: five of ten."""
    (amount,), waited = auctioned(FREE, 2_500.0)
    assert waited == 1_000
    assert 0 <= 5 * E18 - amount <= 10 * E18 // 10**6


def test_at_once_or_not_at_all_where_the_scenario_says_so() -> None:
    """The terms of the block pay nothing over what is taken, and any sale costs something."""
    assert auctioned(Liquidators(gas_usd=Fraction(0), auctions=Auctions.NOW), 10_000.0) == ([], 0)


def test_capacity_bounds_what_an_auction_has_to_pay_for() -> None:
    """Four of the ten X are worth the 360: they sell for 1.996 % less on average."""
    terms = Liquidators(gas_usd=Fraction(0), capacity_usd=Fraction(360))
    (amount,), waited = auctioned(terms, 10_020.0)
    assert 0 <= 4 * E18 - amount <= 10 * E18 // 10**6
    assert waited == 200


def test_a_keeper_works_for_nothing_but_not_on_a_sliver() -> None:
    """All of X is worth nothing: whoever takes the whole neither trades nor gets anything."""
    state = shocked(Liquidators())
    executed = Executed(Closure("A", "position", "X", 1, 90 * E18, 90, 0), {"X": 1})
    assert profit_e18(state, 0, terms_of(executed)) == 0
    assert profit_e18(state, 0, terms_of(executed), whole=False) == -5 * E18
    more = replace(executed, sold={"X": E18 // 10**9})
    assert profit_e18(state, 0, terms_of(more)) == -5 * E18


class Bounded(Linear):
    """The same, but a market that takes 200 dollars and no more."""

    def _bounds(self) -> tuple[float, float]:
        return -200.0, 200.0


def wound_up(state: State) -> tuple[Closing, int]:
    """The round in which A is wound up, and what liquidators have of it."""
    closing, register = round_of(state)
    wind_up(state, closing, register, "A")
    return closing, closing.to_liquidators_e18 + closing.trade_e18


@pytest.mark.parametrize(("share", "left", "handed_on"), [(100, 50, 0), (92, 0, 26)])
def test_what_a_winding_up_sells_for_less_costs_the_account_first_and_then_the_backstops(
    share: int, left: int, handed_on: int
) -> None:
    """Ten of X sell at 95 % of their price on average: 50 of an equity of 100, or 46 of 20."""
    state = shocked(FREE, SHALLOW, Fraction(share, 100))
    closing, of_liquidators = wound_up(state)
    assert of_liquidators == 0
    standing = state.venues[0].simulation.standing("A")
    assert standing is not None
    assert abs(standing.equity_e18 - left * E18) < 10**6
    assert abs(sum(closing.charged.values()) - handed_on * E18) < 10**6


def test_what_a_market_does_not_take_of_a_winding_up_is_lost_by_the_account() -> None:
    """198 for what the market takes; the other 800 fetch nothing, and 902 - 100 are bad debt."""
    state = shocked(FREE, Bounded(10_000.0, "a test"), Fraction(1))
    closing, of_liquidators = wound_up(state)
    assert of_liquidators == 0
    assert abs(sum(closing.charged.values()) - 702 * E18) < 10**6
    assert state.prices.exhausted() == ("X",)


def test_what_cannot_be_bought_for_a_winding_up_is_owed_at_the_last_price() -> None:
    state = shocked(FREE, Bounded(10_000.0, "a test"), Fraction(1))
    house = state.venues[0].simulation
    assert isinstance(house, House)
    house.holders["A"] = Holder(1_100 * E18, {"X": -10 * E18})
    closing, of_liquidators = wound_up(state)
    assert of_liquidators == 0
    # 1 % more at the end of what can be had: 201 for the first 200 and at most 816 for the rest.
    standing = house.standing("A")
    assert standing is not None
    assert 80 * E18 < standing.equity_e18 < 100 * E18
    assert sum(closing.charged.values()) == 0


def test_who_sells_for_a_winding_up_would_lose_if_the_account_did_not_bear_it() -> None:
    class Spared(House):
        """A house that lets nobody pay for slippage."""

        def bear(self, account_id: str, lost_e18: int) -> list[Transfer]:
            return []

    house = Spared({"X": 100 * E18}, {"A": Holder(-900 * E18, {"X": 10 * E18})})
    state = state_of(house, scenario_of({"X": Fraction(1)}, liquidators=FREE), {"X": SHALLOW})
    _, of_liquidators = wound_up(state)
    assert abs(of_liquidators + 50 * E18) < 10**6


def test_a_winding_up_pays_nobody_a_penalty() -> None:
    state = shocked(FREE, DEEP, Fraction(1))
    closing, register = round_of(state)
    wind_up(state, closing, register, "A")
    assert closing.to_liquidators_e18 == 0
    assert [one.executed.closure.value_e18 for one in closing.closed] == [1000 * E18]
    assert list(state.ledger.failures) == ["account:house/A"]
