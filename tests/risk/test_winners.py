"""Who pays for a deficit, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.risk.winners import by_rule

PROFIT = np.array([100.0, 300.0, 0.0])
LEVERAGE = np.array([10.0, 2.0, 5.0])
GROSS = np.array([1_000.0, 3_000.0, 500.0])


def test_each_rule_takes_what_one_works_out_by_hand() -> None:
    even, queue, capped, aware = by_rule(100.0, PROFIT, LEVERAGE, GROSS)
    assert (even.paid, even.payers, even.largest, even.most, even.moved) == (100, 2, 1, 75, 0)
    # A tenth x 10 comes before a tenth x 2: the first pays all of it, 75 more than its even share.
    assert (queue.paid, queue.payers, queue.largest, queue.moved) == (100, 1, 0, 75)
    assert (capped.paid, capped.most, capped.moved) == (100, 75, 0)
    # 1,000 to 600.
    assert aware.most == pytest.approx(62.5)
    assert aware.largest == 0
    assert aware.moved == pytest.approx(37.5)


def test_a_queue_ranks_by_the_return_and_not_by_the_size_of_a_profit() -> None:
    # 100 on 200 at leverage 2 is before 1,000 on 10,000 at leverage 5: 1.0 to 0.5.
    profit, leverage = np.array([1_000.0, 100.0]), np.array([5.0, 2.0])
    _, queue, *_ = by_rule(100.0, profit, leverage, np.array([10_000.0, 200.0]))
    assert (queue.paid, queue.payers, queue.largest) == (100, 1, 1)


def test_what_winners_do_not_have_is_not_paid() -> None:
    even, queue, capped, aware = by_rule(500.0, PROFIT, LEVERAGE, GROSS)
    assert [one.paid for one in (even, queue, capped, aware)] == [400, 400, 200, 400]
    nobody = by_rule(500.0, np.zeros(3), LEVERAGE, GROSS)
    assert [(one.paid, one.payers, one.largest) for one in nobody] == [(0, 0, -1)] * 4


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0.1, 50)), min_size=1, max_size=12),
    st.floats(0, 1e6),
)
def test_no_rule_takes_more_than_the_deficit(some: list[tuple[float, float]], gap: float) -> None:
    profit, leverage = (np.array(one) for one in zip(*some, strict=True))
    for one in by_rule(gap, profit, leverage, profit + 1):
        assert one.paid <= gap * (1 + 1e-9) + 1e-9
        assert one.moved <= max(one.paid, gap) * (1 + 1e-9) + 1e-9
