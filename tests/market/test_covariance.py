"""Covariances: against numpy, pandas and scikit-learn's numbers; what stressing keeps."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyzer.market import covariance as cov

X = np.array(
    [
        [1, 2, -1],
        [0, -3, 2],
        [4, 5, 1],
        [-2, -4, 3],
        [1, -1, -2],
        [-3, -2, 0],
        [2, 4, 1],
        [0, -2, -4],
        [5, 6, 2],
        [-4, -7, 1],
    ],
    dtype=np.float64,
)
# sklearn.covariance.ledoit_wolf(X) of scikit-learn 1.9.1
SKLEARN = [
    [7.853707308465962, 7.878611803178411, 0.1393074778558068],
    [7.878611803178411, 14.757166766653725, 0.35600799896483964],
    [0.1393074778558068, 0.35600799896483964, 5.19912592488031],
]
SKLEARN_SHRINKAGE = 0.22606956746773949

numbers = st.floats(-0.5, 0.5).map(lambda x: round(x, 6))
returns = arrays(np.float64, st.tuples(st.integers(2, 25), st.integers(1, 6)), elements=numbers)


def lowest_eigenvalue(matrix: np.ndarray) -> float:
    return float(np.linalg.eigvalsh(matrix).min())


def naive_constant_correlation(values: np.ndarray) -> tuple[np.ndarray, float]:
    """The appendix of Ledoit and Wolf 2004b, sum by sum."""
    x = values - values.mean(axis=0)
    rows, n = x.shape
    s = x.T @ x / rows
    deviations = [math.sqrt(s[i, i]) for i in range(n)]
    mean = sum(
        2 * s[i, j] / deviations[i] / deviations[j] for i in range(n) for j in range(i + 1, n)
    ) / (n * (n - 1))
    target = np.array(
        [
            [s[i, i] if i == j else mean * deviations[i] * deviations[j] for j in range(n)]
            for i in range(n)
        ]
    )

    def moment(a: int, b: int, i: int, j: int) -> float:
        """Mean of (x_a x_b - s_ab)(x_i x_j - s_ij)."""
        return float(np.mean((x[:, a] * x[:, b] - s[a, b]) * (x[:, i] * x[:, j] - s[i, j])))

    pi = sum(moment(i, j, i, j) for i in range(n) for j in range(n))
    rho = sum(moment(i, i, i, i) for i in range(n))
    for i in range(n):
        for j in range(n):
            if i != j:
                down, up = deviations[j] / deviations[i], deviations[i] / deviations[j]
                rho += mean / 2 * (down * moment(i, i, i, j) + up * moment(j, j, i, j))
    gamma = float(((target - s) ** 2).sum())
    weight = max(0.0, min(1.0, (pi - rho) / gamma / rows))
    return weight * target + (1 - weight) * s, weight


def test_shrinking_to_the_identity_gives_the_numbers_of_scikit_learn() -> None:
    found = cov.ledoit_wolf(X)
    np.testing.assert_allclose(found.covariance, SKLEARN, rtol=1e-12)
    assert found.shrinkage == pytest.approx(SKLEARN_SHRINKAGE, rel=1e-12)


def test_shrinking_to_a_constant_correlation_is_the_paper_sum_by_sum() -> None:
    expected, weight = naive_constant_correlation(X)
    found = cov.ledoit_wolf(X, "constant-correlation")
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-12)
    assert found.shrinkage == pytest.approx(weight, rel=1e-12)
    assert 0 < weight < 1


def test_a_constant_correlation_keeps_a_stables_variance_and_the_identity_does_not() -> None:
    with_stable = np.column_stack([X, np.full(len(X), 1e-4) * np.sign(X[:, 0])])
    own = float(np.var(with_stable[:, 3]))
    kept = cov.ledoit_wolf(with_stable, "constant-correlation").covariance
    assert kept[3, 3] == pytest.approx(own, rel=1e-12)
    assert cov.ledoit_wolf(with_stable).covariance[3, 3] > 1e6 * own


@given(returns)
def test_the_sample_covariance_is_that_of_numpy(values: np.ndarray) -> None:
    expected = np.atleast_2d(np.cov(values, rowvar=False))
    np.testing.assert_allclose(cov.sample(values), expected, rtol=1e-9, atol=1e-14)


@given(returns, st.floats(0, 0.99))
def test_the_ewma_covariance_is_the_recursion(values: np.ndarray, decay: float) -> None:
    expected = np.outer(values[0], values[0])
    for row in values[1:]:
        expected = decay * expected + (1 - decay) * np.outer(row, row)
    np.testing.assert_allclose(cov.ewma(values, decay), expected, rtol=1e-9, atol=1e-14)


def test_the_diagonal_of_the_ewma_is_the_squared_volatility_of_pandas() -> None:
    squares = pd.DataFrame(X**2).ewm(alpha=0.06, adjust=False).mean().to_numpy()[-1]
    np.testing.assert_allclose(np.diagonal(cov.ewma(X)), squares, rtol=1e-12)


@given(returns, st.sampled_from(["identity", "constant-correlation"]), st.floats(0, 1))
def test_every_estimate_and_its_stress_is_symmetric_and_positive_semidefinite(
    values: np.ndarray, target: cov.Target, theta: float
) -> None:
    shrunk = cov.ledoit_wolf(values, target)
    assert 0 <= shrunk.shrinkage <= 1
    for matrix in (cov.sample(values), cov.ewma(values), shrunk.covariance):
        scale = max(float(np.abs(matrix).max()), 1e-300)
        for one in (matrix, cov.stressed(matrix, theta)):
            np.testing.assert_array_equal(one, one.T)
            assert lowest_eigenvalue(one) >= -1e-9 * scale * len(one)
        np.testing.assert_allclose(
            np.diagonal(cov.stressed(matrix, theta)), np.diagonal(matrix), rtol=1e-12
        )


@given(returns, st.floats(0, 1), st.floats(0, 1))
def test_more_stress_never_lowers_a_correlation(values: np.ndarray, a: float, b: float) -> None:
    correlations = cov.correlation(cov.sample(values))
    low, high = (cov.stressed_correlation(correlations, theta) for theta in sorted((a, b)))
    assert (high >= low - 1e-12).all()
    assert lowest_eigenvalue(high) >= -1e-9 * len(high)
    np.testing.assert_allclose(np.diagonal(high), 1)
    assert (np.abs(high) <= 1 + 1e-12).all()


def test_half_a_stress_lies_half_way_to_one() -> None:
    correlations = [[1.0, 0.2], [0.2, 1.0]]
    np.testing.assert_allclose(cov.stressed_correlation(correlations, 0.5), [[1, 0.6], [0.6, 1]])
    np.testing.assert_allclose(cov.stressed([[4.0, 0.6], [0.6, 9.0]], 0.5), [[4, 3.3], [3.3, 9]])


@given(returns)
def test_shrinking_keeps_the_trace(values: np.ndarray) -> None:
    plain = np.trace(cov.sample(values)) * (len(values) - 1) / len(values)
    for target in ("identity", "constant-correlation"):
        shrunk = cov.ledoit_wolf(values, target).covariance  # type: ignore[arg-type]
        assert np.trace(shrunk) == pytest.approx(float(plain), rel=1e-9, abs=1e-15)


@given(returns, st.permutations(range(6)))
def test_the_order_of_the_factors_does_not_matter(values: np.ndarray, order: list[int]) -> None:
    assume(float(np.abs(values).max()) > 1e-3)
    chosen = [place for place in order if place < values.shape[1]]
    for estimate in (cov.sample, cov.ewma, lambda v: cov.ledoit_wolf(v).covariance):
        np.testing.assert_allclose(
            estimate(values[:, chosen]), estimate(values)[np.ix_(chosen, chosen)], atol=1e-10
        )


def test_a_factor_that_never_moves_correlates_with_nothing() -> None:
    found = cov.correlation([[0.0, 0.0], [0.0, 4.0]])
    np.testing.assert_array_equal(found, np.eye(2))
    still = np.column_stack([X, np.zeros(len(X))])
    for target in ("identity", "constant-correlation"):
        assert np.isfinite(cov.ledoit_wolf(still, target).covariance).all()  # type: ignore[arg-type]


def test_what_is_no_matrix_no_share_and_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="correlations must be square"):
        cov.stressed_correlation([[1.0, 0.5]], 0.1)
    with pytest.raises(ValueError, match="covariance has an entry that is not a number"):
        cov.correlation([[math.nan]])
    for theta in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="theta has to be from 0 to 1"):
            cov.stressed([[1.0]], theta)
    for estimate in (cov.sample, cov.ledoit_wolf):
        with pytest.raises(ValueError, match="1 returns are too few"):
            estimate([[0.1, 0.2]])  # type: ignore[operator]
    with pytest.raises(ValueError, match="decay has to be"):
        cov.ewma([[0.1]], 1.0)
