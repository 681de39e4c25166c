"""Apportioning: parts that sum exactly and are within one unit of their share."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.trace.apportion import apportion

WEIGHTS = st.lists(st.integers(0, 10**30), min_size=1, max_size=9).filter(any)


def test_what_is_left_goes_to_the_largest_remainders_the_first_of_equals_first() -> None:
    assert apportion(10, [1, 1, 1]) == [4, 3, 3]
    assert apportion(10, [5, 3, 1]) == [6, 3, 1]  # 5.56, 3.33, 1.11


def test_the_whole_of_the_weights_gives_the_weights() -> None:
    assert apportion(9, [5, 0, 4]) == [5, 0, 4]


@given(st.integers(0, 10**40), WEIGHTS)
def test_parts_sum_and_lie_within_one_unit_of_their_share(total: int, weights: list[int]) -> None:
    parts = apportion(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, whole)) < 1
        assert weight or not part


def test_what_cannot_be_split_is_refused() -> None:
    assert apportion(0, [0, 0]) == [0, 0]
    assert apportion(0, []) == []
    with pytest.raises(ValueError, match="all zero"):
        apportion(1, [0, 0])
    with pytest.raises(ValueError, match="all zero"):
        apportion(1, [])
    with pytest.raises(ValueError, match="not negative"):
        apportion(-1, [1])
    with pytest.raises(ValueError, match="not negative"):
        apportion(1, [2, -1])
