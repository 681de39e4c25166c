"""Concentration: closed forms and what has to hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.market.concentration import (
    collateral_beta,
    hhi,
    largest_share,
    stable_share,
    wrong_way,
)

amounts = st.lists(st.floats(0, 1e9), min_size=1, max_size=30)


@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_n_equal_shares_have_an_index_of_one_over_n(n: int) -> None:
    assert hhi([3.0] * n) == pytest.approx(1 / n, rel=1e-12)


@given(amounts)
def test_the_index_lies_between_one_over_n_and_one(values: list[float]) -> None:
    index = hhi(values)
    if sum(values) == 0:
        assert index == 0
    else:
        assert 1 / len(values) * (1 - 1e-9) <= index <= 1 + 1e-9


@given(amounts, st.floats(0.001, 1000))
def test_the_index_knows_no_unit(values: list[float], unit: float) -> None:
    if max(values) > 1e-3:
        assert hhi([v * unit for v in values]) == pytest.approx(hhi(values), rel=1e-9)


def test_the_largest_hold_what_they_hold() -> None:
    assert largest_share([1, 5, 2, 2]) == 0.5
    assert largest_share([1, 5, 2, 2], 2) == pytest.approx(0.7)
    assert largest_share([1, 5], 9) == 1
    assert largest_share([0, 0]) == 0


def test_stables_are_stables_under_any_wrapping() -> None:
    held = {"ETH": 50.0, "USDC": 30.0, "sDAI/DAI": 10.0, "stETH/ETH": 10.0}
    assert stable_share(held) == pytest.approx(0.4)
    assert stable_share({}) == 0


def test_the_beta_of_collateral_is_weighted_by_value() -> None:
    held = {"ETH": 75.0, "USDC": 25.0}
    assert collateral_beta(held, {"ETH": 1.0, "USDC": 0.0}) == 0.75
    with pytest.raises(ValueError, match="there is no beta of USDC"):
        collateral_beta(held, {"ETH": 1.0})


def test_collateral_that_falls_with_the_position_is_wrong_way() -> None:
    covariance = np.array([[0.04, 0.03], [0.03, 0.09]])
    # held and long the second: 2 * (1 * 0.03 * 2 + 3 * 0.09 * 2)
    assert wrong_way([1, 3], [0, 2], covariance) == pytest.approx(1.2)
    assert wrong_way([1, 3], [0, -2], covariance) == pytest.approx(-1.2)
    together = np.array([1, 3]) + np.array([0, 2])
    alone = [np.array(w) @ covariance @ np.array(w) for w in ([1, 3], [0, 2])]
    assert wrong_way([1, 3], [0, 2], covariance) == pytest.approx(
        together @ covariance @ together - sum(alone)
    )


@pytest.mark.parametrize("wrong", [[-1.0], [math.nan], [1.0, math.inf]])
def test_what_is_no_amount_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="not zero or above"):
        hhi(wrong)
