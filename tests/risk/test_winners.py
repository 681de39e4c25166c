"""Who pays for a deficit, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.risk.winners import by_rule

PROFIT = np.array([100.0, 300.0, 0.0])
LEVERAGE = np.array([10.0, 2.0, 5.0])


def test_each_rule_takes_what_one_works_out_by_hand() -> None:
    even, queue, capped, aware = by_rule(100.0, PROFIT, LEVERAGE)
    assert (even.paid, even.payers, even.largest, even.most, even.moved) == (100, 2, 1, 75, 0)
    # 100 x 10 comes before 300 x 2: the first pays all of it, 75 more than its even share.
    assert (queue.paid, queue.payers, queue.largest, queue.moved) == (100, 1, 0, 75)
    assert (capped.paid, capped.most, capped.moved) == (100, 75, 0)
    # 1,000 to 600.
    assert aware.most == pytest.approx(62.5)
    assert aware.largest == 0
    assert aware.moved == pytest.approx(37.5)


def test_what_winners_do_not_have_is_not_paid() -> None:
    even, queue, capped, aware = by_rule(500.0, PROFIT, LEVERAGE)
    assert [one.paid for one in (even, queue, capped, aware)] == [400, 400, 200, 400]
    nobody = by_rule(500.0, np.zeros(3), LEVERAGE)
    assert [(one.paid, one.payers, one.largest) for one in nobody] == [(0, 0, -1)] * 4


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0.1, 50)), min_size=1, max_size=12),
    st.floats(0, 1e6),
)
def test_no_rule_takes_more_than_the_deficit(some: list[tuple[float, float]], gap: float) -> None:
    profit, leverage = (np.array(one) for one in zip(*some, strict=True))
    for one in by_rule(gap, profit, leverage):
        assert one.paid <= gap * (1 + 1e-9) + 1e-9
        assert one.moved <= max(one.paid, gap) * (1 + 1e-9) + 1e-9
