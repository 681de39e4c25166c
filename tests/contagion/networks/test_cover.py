from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.networks.cover import cover_detail, cover_n


def test_accounts_of_one_owner_are_added_before_the_largest_are_taken() -> None:
    losses, owners = [40, 30, 30, 10], ["x", "y", "y", "z"]
    assert [cover_n(losses, owners, n) for n in (1, 2, 3, 4)] == [60, 100, 110, 110]


def test_the_worst_scenario_of_two_owners_may_spare_the_worst_single_one() -> None:
    losses, owners = [[50, 0], [0, 40], [0, 30]], [7, 8, 9]
    one, two = cover_detail(losses, owners, 1), cover_detail(losses, owners, 2)
    assert (one.amount, one.scenario, one.owners) == (50, 0, (7,))
    assert (two.amount, two.scenario, two.owners) == (70, 1, (8, 9))
    assert two.by_scenario.tolist() == [50, 70]


def test_owners_in_a_numpy_array_come_back_as_plain_values() -> None:
    detail = cover_detail([1.0, 2.0, 4.0], np.array([5, 6, 5]), 2)
    assert detail.owners == (5, 6)
    assert [type(owner) for owner in detail.owners] == [int, int]


def test_without_accounts_or_losses_no_fund_is_needed() -> None:
    assert cover_n([], [], 2) == 0
    detail = cover_detail([0.0, 0.0], ["x", "y"], 1)
    assert (detail.amount, detail.owners) == (0, ())


def test_what_is_no_shortfall_is_refused() -> None:
    with pytest.raises(ValueError, match=r"losses\[1, 0\] must be finite and not negative"):
        cover_n([1, -1], ["x", "x"], 1)
    with pytest.raises(ValueError, match="losses must have 1 rows"):
        cover_n([1, 1], ["x"], 1)
    with pytest.raises(ValueError, match="at least one scenario"):
        cover_n(np.zeros((1, 0)), ["x"], 1)
    with pytest.raises(ValueError, match="n must be at least 1"):
        cover_n([1], ["x"], 0)


@st.composite
def losses(draw: st.DrawFn) -> tuple[Any, list[int]]:
    accounts, scenarios = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    values = [[float(draw(st.integers(0, 9))) for _ in range(scenarios)] for _ in range(accounts)]
    return np.array(values), [draw(st.integers(0, 3)) for _ in range(accounts)]


@given(losses(), st.integers(1, 5))
def test_it_never_falls_in_n_in_a_loss_or_when_owners_are_one(given_: Any, n: int) -> None:
    values, owners = given_
    needed = cover_n(values, owners, n)
    assert needed <= cover_n(values, owners, n + 1)
    assert needed <= cover_n(values + 1, owners, n)
    assert needed <= cover_n(values, [min(owner, 2) for owner in owners], n)
    assert cover_n(values, owners, len(owners)) == values.sum(axis=0).max()
