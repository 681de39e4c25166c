"""Back-tests: published values, exact binomials, and clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analyzer.risk.backtest import backtest, christoffersen, kupiec


@pytest.mark.parametrize(
    ("exceptions", "observations", "level", "rejected"),
    [
        # Kupiec 1995, table of non-rejection regions at 95 %: x < 7 of 255 days at 0.99,
        # 2 < x < 12 of 510; 6 < x < 21 of 255 at 0.95.
        (6, 255, 0.99, False),
        (7, 255, 0.99, True),
        (2, 510, 0.99, False),
        (1, 510, 0.99, True),
        (10, 510, 0.99, False),
        (11, 510, 0.99, True),
        (7, 255, 0.95, False),
        (6, 255, 0.95, True),
        (20, 255, 0.95, False),
        (21, 255, 0.95, True),
    ],
)
def test_the_regions_of_kupiec(
    exceptions: int, observations: int, level: float, rejected: bool
) -> None:
    assert (kupiec(exceptions, observations, level).p_value < 0.05) == rejected


@given(st.integers(50, 800), st.sampled_from([0.95, 0.99]), st.data())
def test_the_statistic_is_the_ratio_of_two_binomials(
    observations: int, level: float, data: st.DataObject
) -> None:
    exceptions = data.draw(st.integers(0, observations))
    own = stats.binom.logpmf(exceptions, observations, exceptions / observations)
    promised = stats.binom.logpmf(exceptions, observations, 1 - level)
    found = kupiec(exceptions, observations, level)
    assert found.statistic == pytest.approx(2 * (own - promised), rel=1e-6, abs=1e-6)
    assert 0 <= found.p_value <= 1


def test_clusters_are_found_and_single_ones_are_not() -> None:
    together, apart = np.zeros(500, bool), np.zeros(500, bool)
    together[100:125] = True
    apart[10::20] = True
    assert kupiec(25, 500, 0.95).p_value == pytest.approx(1)
    assert christoffersen(together, 0.95).independence_p < 1e-6
    assert christoffersen(together, 0.95).conditional_p < 1e-6
    assert christoffersen(apart, 0.95).conditional_p > 0.1
    assert christoffersen(apart, 0.95).transitions == ((449, 25), (25, 0))


def test_the_likelihoods_by_hand() -> None:
    # 0 0 1 1 0 0: transitions 00 twice, 01, 11, 10 once each.
    found = christoffersen([0, 0, 1, 1, 0, 0], 0.9)
    free = 2 * np.log(2 / 3) + np.log(1 / 3) + 2 * np.log(1 / 2)
    null = 3 * np.log(3 / 5) + 2 * np.log(2 / 5)
    assert found.independence == pytest.approx(2 * (free - null))
    promised = 3 * np.log(0.9) + 2 * np.log(0.1)
    assert found.conditional == pytest.approx(2 * (free - promised))


def test_under_the_model_one_in_twenty_is_rejected() -> None:
    random = np.random.default_rng(7)
    counts = random.binomial(1_000, 0.05, size=4_000)
    rejected = np.mean([kupiec(int(x), 1_000, 0.95).p_value < 0.05 for x in counts])
    assert rejected == pytest.approx(0.05, abs=0.015)


def test_a_loss_beyond_what_was_told_is_an_exception() -> None:
    found = backtest([1.0] * 40, [-1.0] * 38 + [-1.1, 5.0], 0.95)
    assert found.hits.nonzero()[0].tolist() == [38]
    assert not found.failed
    assert backtest([1.0] * 40, [-2.0] * 40, 0.95).failed


@pytest.mark.parametrize(("exceptions", "observations"), [(-1, 10), (11, 10), (0, 0)])
def test_counts_that_cannot_be(exceptions: int, observations: int) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        kupiec(exceptions, observations, 0.99)


def test_shapes_that_are_none() -> None:
    with pytest.raises(ValueError, match="at least two"):
        christoffersen([True], 0.95)
    with pytest.raises(ValueError, match="one number a step"):
        backtest([1.0, 1.0], [1.0], 0.95)


def test_p_values_are_the_tails_of_chi_squared_with_one_and_two_degrees() -> None:
    found = christoffersen([0, 0, 1, 1, 0, 0] * 40, 0.95)
    assert found.independence_p == pytest.approx(stats.chi2.sf(found.independence, 1), abs=1e-15)
    assert found.conditional_p == pytest.approx(stats.chi2.sf(found.conditional, 2), abs=1e-15)
    # The quantiles of every table: 3.841 is the 95 % one of one degree.
    counted = kupiec(20, 250, 0.95)
    assert counted.p_value == pytest.approx(stats.chi2.sf(counted.statistic, 1), rel=1e-9)
    assert stats.chi2.sf(3.841, 1) == pytest.approx(0.05, abs=1e-4)
