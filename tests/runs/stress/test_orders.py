"""Which runs are given their range over orders of liquidation, and what the range is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from assessed_house import assessed_house

from analyzer.contagion.cascade.result import Work
from analyzer.documents.scenario import RAY
from analyzer.findings.assessed import Assessed, Ordered
from analyzer.runs.stress.orders import BOUNDING, ORDERS, PATIENCE_S, in_time, with_range


def took(visits_s: float, choosing_s: float, name: str = "crash") -> Assessed:
    """A run of two rounds in which five accounts were closed."""
    one = assessed_house()
    work = Work(visits_s=visits_s, choosing_s=choosing_s, rounds=2, visits=5)
    result = replace(one.result, work=work)
    return replace(one, result=result, scenario=replace(one.scenario, name=name))


def test_one_by_one_every_visit_needs_a_choice_and_half_of_a_rounds_visits_in_vain() -> None:
    work = Work(visits_s=3.0, vain_s=2.0, choosing_s=4.0, rounds=2, visits=5)
    assert work.one_by_one_s == 3.0 + 5 * (4.0 + 2.0 / 2) / 2
    assert Work().one_by_one_s == 0.0


def test_a_run_measures_its_own_work_and_is_equal_to_one_that_took_longer() -> None:
    one, other = assessed_house().result, assessed_house().result
    closing = [round_ for round_ in one.rounds if round_.closed]
    assert one.work.rounds == len(closing)
    assert one.work.visits == sum(len({c.account_id for c in r.closed}) for r in closing)
    assert min(one.work.visits_s, one.work.choosing_s) > 0
    assert replace(one, work=Work(visits_s=9.0)) == other


def test_ranges_are_worked_out_in_the_order_given_while_there_is_patience() -> None:
    half = PATIENCE_S / 2 / len(BOUNDING)
    runs = [took(half, 0.0), took(half, 1.0), took(half, 0.0), took(0.1, 0.0)]
    assert in_time(runs, "auto") == [0, 2]
    assert in_time(runs, "always") == [0, 1, 2, 3]
    assert in_time([took(PATIENCE_S, 0.0)], "auto") == []


def test_points_of_a_ray_and_scenarios_of_other_books_have_no_range() -> None:
    point, apart = took(0.0, 0.0, RAY), replace(took(0.0, 0.0), not_applicable="no book holds it")
    assert in_time([point, apart], "always") == []
    assert with_range(point, ()).order_range is None
    assert with_range(apart, ()).order_range is None


def test_a_range_goes_from_the_least_to_the_most_with_the_first_order_that_gave_each() -> None:
    one = took(0.0, 0.0)
    own = one.result.total_bad_debt_market_e18
    others = [Ordered("sequential", own + 7, 3), Ordered("sequential-reversed", own, 2)]
    found = with_range(one, others).order_range
    assert found is not None
    assert found.least is not None
    assert found.most is not None
    assert (found.least.order, found.least.bad_debt_e18) == ("batch", own)
    assert (found.most.order, found.most.bad_debt_e18) == ("sequential", own + 7)
    assert found.needs_s == 0.0


def test_a_range_that_takes_too_long_says_how_long() -> None:
    found = with_range(took(30.0, 4.0), ()).order_range
    assert found is not None
    assert (found.ran, found.least, found.most) == ((), None, None)
    assert found.needs_s == len(BOUNDING) * 40.0


@pytest.mark.parametrize("name", BOUNDING)
def test_the_orders_that_bound_it_are_orders(name: str) -> None:
    assert ORDERS[name].sequential
