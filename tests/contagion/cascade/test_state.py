"""What a cascade knows of failures: the first closure counts, and holes that nobody closed."""

from __future__ import annotations

from fractions import Fraction

from cascade_steps import scenario_of, state_of
from linear_house import E18, Holder, House, venue_of

from analyzer.contagion.cascade.revalue import exogenous, revalue
from analyzer.contagion.cascade.withdrawals import withdraw_all
from analyzer.contagion.trace.edges import Channel


def house() -> House:
    """A owes 900 against ten X at 100, B nothing; C is unknown."""
    holders = {
        "A": Holder(-900 * E18, {"X": 10 * E18}),
        "B": Holder(70 * E18, {}),
        "C": Holder(-E18, {}),
    }
    return House({"X": 100 * E18}, holders, unknown=frozenset({"C"}))


def test_only_the_first_closure_makes_a_failure() -> None:
    state = state_of(house(), scenario_of({}), {})
    first = state.ledger.fail(0, "A", 1)
    assert state.ledger.fail(0, "A", 2) is first
    failure = first.finished()
    assert (failure.venue, failure.owner, failure.round) == ("house", "A", 1)
    assert (failure.before_e18, failure.loss_e18) == (100 * E18, 0)


def test_a_hole_in_the_end_is_a_failure_that_was_never_closed() -> None:
    state = state_of(house(), scenario_of({"X": Fraction(8, 10)}), {})
    state.prices.apply(state.prices.scenario.steps[0])
    revalue(state, exogenous)
    state.register_holes()
    (failure,) = state.ledger.failures.values()
    assert (failure.account_id, failure.round) == ("A", None)
    assert (failure.loss_e18, failure.deficit_e18) == (200 * E18, 100 * E18)
    assert state.ledger.absorbed_e18 == {"unsettled:house": 100 * E18}
    (into,) = [e for e in state.ledger.transmission.edges if e.channel is Channel.DEFICIT]
    assert (into.from_node, into.to_node) == ("account:house/A", "unsettled:house")


def test_withdrawals_are_what_may_be_taken_and_backstops_keep_theirs() -> None:
    mine = house()
    assert withdraw_all([venue_of(mine)]) == {"house": 70 * E18}
    assert mine.holders["B"].cash == 0
    assert withdraw_all([venue_of(house(), funds=frozenset({"B"}))]) == {"house": 0}
