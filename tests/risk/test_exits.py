"""A run on a pool: who is paid, who is locked, and that nothing is made or lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.risk.exits import run_on, utilisation


def test_the_largest_come_first_and_the_last_of_the_paid_gets_a_part() -> None:
    run = run_on([("b", 30), ("a", 50), ("d", 30), ("c", 10)], 95)
    assert [(one.account_id, one.paid, one.locked) for one in run.leavers] == [
        ("a", 50, 0), ("b", 30, 0), ("d", 15, 15), ("c", 0, 10),
    ]  # fmt: skip
    assert (run.locked, run.paid_in_full, run.left) == (25, 2, 0)
    assert [run.after(count) for count in range(5)] == [95, 45, 15, 0, 0]


@given(st.lists(st.integers(0, 10**24), max_size=40), st.integers(0, 10**25))
def test_what_is_there_is_paid_out_once(wants: list[int], available: int) -> None:
    run = run_on([(f"{n:03}", amount) for n, amount in enumerate(wants)], available)
    paid = sum(one.paid for one in run.leavers)
    assert paid + run.left == available
    assert paid == min(sum(wants), available)
    assert run.locked == sum(wants) - paid
    # Nobody who comes later gets more of what is wanted while somebody before is short.
    assert all(not after.paid for before, after in
               zip(run.leavers, run.leavers[1:], strict=False) if before.locked)  # fmt: skip


def test_an_empty_pool_has_no_utilisation_and_less_than_nothing_is_refused() -> None:
    assert utilisation(0, 0) is None
    assert utilisation(90, 10) == 0.9
    with pytest.raises(ValueError, match="from 0"):
        run_on([("a", -1)], 5)
    with pytest.raises(ValueError, match="from 0"):
        run_on([], -5)
