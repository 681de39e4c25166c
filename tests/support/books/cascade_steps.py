"""A cascade stopped between two steps, for the tests of each step."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from linear_house import House, venue_of

from analyzer.contagion.cascade.closing import Closing, Register
from analyzer.contagion.cascade.run import opened
from analyzer.contagion.cascade.state import State
from analyzer.contagion.scenario import AT_ANY_LOSS, Scenario, Step
from analyzer.market.depth import ImpactCurve


def scenario_of(shock: Mapping[str, Fraction], **settings: object) -> Scenario:
    """Factors fall or rise to these shares of their price, once."""
    settings = {"liquidators": AT_ANY_LOSS, **settings}
    return Scenario("test", "test", "test", (Step(shock),), **settings)  # type: ignore[arg-type]


def state_of(house: House, scenario: Scenario, curves: Mapping[str, ImpactCurve]) -> State:
    """The house's cascade before its shock."""
    return opened([venue_of(house)], scenario, curves)


def round_of(state: State) -> tuple[Closing, Register]:
    """The next round, nobody visited yet, and the register of the only venue."""
    register = Register(0, state.venues[0], state.backstops[0], state.members[0])
    return Closing(state.number + 1), register
