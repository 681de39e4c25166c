"""The mix: kinds, shares, and a swap against the book's own thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.linear.book import holdings_book
from analyzer.risk.mix import KINDS, kind_of, mix, swapped, thresholds

FACTORS = ("ETH", "stETH/ETH", "USDC", "sDAI/DAI", "LINK")


def test_kinds() -> None:
    assert [kind_of(factor) for factor in FACTORS] == [
        "volatile", "staking", "stable", "stable", "volatile",
    ]  # fmt: skip
    assert kind_of("NOBODY") == "volatile"


@given(st.lists(st.floats(0, 1e9), min_size=5, max_size=5))
def test_shares_add_up_to_one_or_to_nothing(held: list[float]) -> None:
    found = mix(FACTORS, held, np.zeros(5), None, None)
    total = sum(found.shares[kind] for kind in KINDS)
    assert total == pytest.approx(1 if sum(held) else 0)
    assert found.value == pytest.approx(sum(held))
    assert found.beta is None
    assert 0 <= found.largest_share <= 1


def test_by_hand() -> None:
    covariance = np.diag([0.04, 0.04, 0, 0, 0.09])
    found = mix(FACTORS, [50, 0, 50, 0, 0], [-40, 0, 0, 0, 10], [1, 1, 0, 0, 2], covariance)
    assert found.shares == {"stable": 0.5, "staking": 0.0, "volatile": 0.5}
    assert (found.hhi, found.largest, found.largest_share) == (0.5, "ETH", 0.5)
    assert found.beta == 0.5
    # Collateral in what is owed is a hedge: below zero.
    assert found.wrong_way == pytest.approx(2 * 50 * 0.04 * -40)


def test_thresholds_are_the_books_own() -> None:
    book = holdings_book(
        [0, 2, 3], [0, 1, 1], [100.0, -50.0, 80.0], [0.0, 0.0], maintenance=[0.2, 0.1]
    )
    np.testing.assert_allclose(thresholds(book), [0.8, 0.9])
    nobody = holdings_book([0, 1], [0], [-5.0], [9.0], maintenance=[0.2, 0.1])
    assert np.isnan(thresholds(nobody)).all()


def test_a_swap_of_everything_leaves_nothing_that_moves() -> None:
    entered = np.array([0.8, 0.7, 0.9, np.nan, np.nan])
    slopes, cash = swapped(FACTORS, [80, 7, 0, 0, 5], [100, 10, 0, 0, 5], entered, 1.0)
    # LINK has no known threshold, so it stays.
    np.testing.assert_allclose(slopes, [0, 0, 0, 0, 5])
    assert cash == pytest.approx(110 * 0.9)


def test_a_share_is_a_share() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        swapped(FACTORS, np.zeros(5), np.zeros(5), np.zeros(5), 1.5)
