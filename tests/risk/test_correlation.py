"""Correlations: the recursion, scikit-learn's shrinkage, breaks that are there and that are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import LedoitWolf

from analyzer.risk.correlation import LEAST, WARM, changes, rolling, shrunk


def broken(rows: int, at: int, after: float, seed: int) -> np.ndarray:
    """Three fat-tailed factors; the first two correlate from `at` on."""
    random = np.random.default_rng(seed)
    values = random.standard_t(4, size=(rows, 3)) * 0.02
    values[at:, 1] = after * values[at:, 0] + np.sqrt(1 - after**2) * values[at:, 1]
    return values


@pytest.mark.parametrize("at", [300, 500])
def test_a_break_is_found_where_it_is(at: int) -> None:
    [found] = changes(broken(900, at, 0.8, 1))
    assert (found.first, found.second) == (0, 1)
    assert abs(found.at - at) <= 30
    assert abs(found.before) < 0.2
    assert found.after == pytest.approx(0.8, abs=0.1)
    assert found.steps_before + found.steps_after == 900 - WARM
    assert found.p_value < 1e-6


def test_nothing_is_found_where_nothing_changes() -> None:
    alarms = [len(changes(broken(700, 0, 0.5, seed))) for seed in range(40)]
    assert sum(alarms) <= 1


def test_volatility_alone_is_no_change_of_correlation() -> None:
    values = broken(900, 0, 0.5, 3)
    values[450:] *= 4
    assert changes(values) == []


def test_a_factor_that_stands_still_is_in_no_pair() -> None:
    values = np.column_stack([broken(600, 300, 0.9, 5), np.zeros(600)])
    assert {3}.isdisjoint({n for one in changes(values) for n in (one.first, one.second)})


def test_too_few_rows_have_no_change() -> None:
    assert changes(broken(WARM + 2 * LEAST - 1, 70, 0.95, 2)) == []


def test_rolling_is_the_recursion_by_hand() -> None:
    values = np.array([[0.01, 0.02], [0.03, -0.01], [-0.02, 0.02]])
    covariance = np.outer(values[0], values[0])
    for row in values[1:]:
        covariance = 0.94 * covariance + 0.06 * np.outer(row, row)
    expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    found = rolling(values)
    assert found[0, 0, 1] == pytest.approx(1)
    assert found[2, 0, 1] == pytest.approx(expected)


@settings(max_examples=30)
@given(st.integers(2, 6), st.integers(5, 60), st.integers(0, 99))
def test_shrunk_is_a_correlation_between_the_sample_and_none(n: int, rows: int, seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal((rows, n))
    for how in ("ledoit-wolf", "oas"):
        found = shrunk(values, how)  # type: ignore[arg-type]
        np.testing.assert_allclose(np.diagonal(found), 1)
        assert np.linalg.eigvalsh(found).min() > -1e-9
        sample = np.corrcoef(values.T)
        assert (np.abs(found - np.eye(n)) <= np.abs(sample - np.eye(n)) + 1e-9).all()


def test_shrunk_equals_scikit_learn_on_standardised_returns() -> None:
    values = np.random.default_rng(1).standard_normal((50, 4)) * [1, 10, 0.1, 5]
    z = (values - values.mean(axis=0)) / values.std(axis=0)
    expected = LedoitWolf().fit(z).covariance_
    deviation = np.sqrt(np.diagonal(expected))
    np.testing.assert_allclose(shrunk(values), expected / np.outer(deviation, deviation))


def test_another_way_of_shrinking_is_refused() -> None:
    with pytest.raises(ValueError, match="oas"):
        shrunk(np.zeros((5, 2)), "none")  # type: ignore[arg-type]
