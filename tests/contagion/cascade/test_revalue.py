"""The steps that move prices, one at a time."""

from __future__ import annotations

from fractions import Fraction

from cascade_steps import scenario_of, state_of
from linear_house import E18, Holder, House

from analyzer.contagion.cascade.measure import Change
from analyzer.contagion.cascade.revalue import endogenous, exogenous, revalue
from analyzer.contagion.trace.edges import Channel
from analyzer.market.depth import Linear


def house() -> House:
    """A is long ten X at 100 and five Y at 10; B is short X."""
    holders = {"A": Holder(0, {"X": 10 * E18, "Y": 5 * E18}), "B": Holder(2000 * E18, {"X": -E18})}
    return House({"X": 100 * E18, "Y": 10 * E18}, holders)


def test_a_shock_is_handed_to_the_protocol_factor_by_factor_and_measured() -> None:
    state = state_of(house(), scenario_of({"X": Fraction(1, 2), "Y": Fraction(4, 5)}), {})
    state.prices.apply(state.prices.scenario.steps[0])
    assert revalue(state, exogenous) == Change(-500 * E18 - 10 * E18 + 50 * E18, 0)
    assert state.venues[0].simulation.prices_e18() == {"X": 50 * E18, "Y": 8 * E18}
    assert state.protocol_e18 == [{"X": 50 * E18, "Y": 8 * E18}]
    assert state.equities == [{"A": 540 * E18, "B": 1950 * E18}]
    (move,) = state.ledger.transmission.moves
    assert [(cause.channel, cause.asset, cause.prices) for cause in move.causes] == [
        (Channel.EXOGENOUS, "X", [{"X": 50 * E18}]),
        (Channel.EXOGENOUS, "Y", [{"Y": 8 * E18}]),
    ]


def test_what_moved_nothing_is_neither_handed_on_nor_written_down() -> None:
    state = state_of(house(), scenario_of({"X": Fraction(1)}), {})
    state.prices.apply(state.prices.scenario.steps[0])
    assert revalue(state, exogenous) == Change(0, 0)
    assert state.ledger.transmission.moves == []


def test_sales_are_handed_on_once_and_blame_the_factor_that_was_sold() -> None:
    curve = Linear(10_000.0, "a test: 1 % for 100 dollars")
    state = state_of(house(), scenario_of({}), {"X": curve})
    state.prices.apply(state.prices.scenario.steps[0])
    state.prices.trade(0, {"X": 10 * E18})
    state.prices.follow()
    assert revalue(state, endogenous).accounts_e18 // 10**12 == -90 * 10**6
    (move,) = state.ledger.transmission.moves
    assert [(cause.channel, cause.asset) for cause in move.causes] == [(Channel.PRICE, "X")]
    assert revalue(state, endogenous) == Change(0, 0)
    assert len(state.ledger.transmission.moves) == 1
