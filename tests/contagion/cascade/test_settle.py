"""The end of a round: who has what, which claims are worth less, and whether it adds up to 0."""

from __future__ import annotations

from fractions import Fraction

from cascade_steps import round_of, scenario_of, state_of
from linear_house import E18, Holder, House

from analyzer.contagion.cascade.closing import Closing
from analyzer.contagion.cascade.measure import Change
from analyzer.contagion.cascade.result import Party
from analyzer.contagion.cascade.revalue import exogenous, revalue
from analyzer.contagion.cascade.settle import parties_e18, settle
from analyzer.contagion.cascade.state import State
from analyzer.contagion.cascade.visit import visit
from analyzer.market.depth import Linear


def closed_account() -> tuple[State, Closing]:
    """A (ten X at 100 against 950) is closed at 90 for a penalty of 1 %; the fund has 30."""
    house = House({"X": 100 * E18}, {"A": Holder(-950 * E18, {"X": 10 * E18})}, fund=30 * E18)
    house.penalty, house.lp_token, house.lp_supply = Fraction(1, 100), "LP", 290 * E18
    curve = Linear(100_000.0, "a test: 1 % for 1,000 dollars at the block's prices")
    state = state_of(house, scenario_of({"X": Fraction(9, 10)}), {"X": curve})
    state.prices.apply(state.prices.scenario.steps[0])
    revalue(state, exogenous)
    closing, register = round_of(state)
    visit(state, closing, register, "A")
    return state, closing


def test_a_round_adds_up_to_nothing_and_everybody_has_their_part() -> None:
    state, closing = closed_account()
    closed = settle(state, closing)
    assert closing.flow_e18 == {"X": 1000 * E18}
    # Sold along the curve from 90 to 89.1: 895.5 for what was taken over at 900.
    lost = -closing.trade_e18
    assert lost // 10**6 == 45 * 10**11
    # The account's hole of 50 + 9 is filled.
    assert closed == Change(50 * E18, 0)
    parties = parties_e18(closing, closed, Change(0, 0))
    assert parties == {
        Party.ACCOUNTS: 50 * E18,
        Party.ABSORBERS: -59 * E18,
        Party.LIQUIDATORS: 9 * E18 - lost,
        Party.MARKET: lost,
        Party.ROUNDING: 0,
    }
    assert sum(parties.values()) == 0


def test_the_fund_pays_first_and_the_rest_lowers_what_claims_are_worth() -> None:
    state, closing = closed_account()
    settle(state, closing)
    ledger = state.ledger
    assert ledger.absorbed_e18 == {"fund:house/fund": 30 * E18, "fund:house/LPs": 29 * E18}
    assert ledger.charged_e18 == {"house": 59 * E18}
    assert ledger.borne_e18 == {("house", None): 29 * E18}
    assert state.prices.recovery == {"LP": Fraction(9, 10)}
    assert ledger.issuers == {"LP": "house"}
    assert ledger.failures["account:house/A"].deficit_e18 == 59 * E18
    assert [row.capacity_e18 for row in state.backstops[0]] == [0, None]


def test_a_sale_is_noted_with_the_account_that_it_was_forced_from() -> None:
    state, closing = closed_account()
    settle(state, closing)
    made = state.ledger.transmission.made_by["move:X@1"]
    assert made == {"account:house/A": 1000 * E18}
    assert state.prices.share("X") == Fraction(9, 10) * Fraction(0.99)
