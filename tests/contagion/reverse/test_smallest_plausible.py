from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fire_sale_books import book_of
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.contagion.linear.book import LinearBook
from analyzer.contagion.reverse.least_distance import least_distance, non_negative_least_squares
from analyzer.contagion.reverse.plausible import account_shock, most_plausible, sigma_distances
from analyzer.contagion.reverse.rays import Ray, uniform_ray
from analyzer.contagion.reverse.smallest import smallest_static

COVARIANCE = np.array([[0.04, 0.018], [0.018, 0.09]])


def test_one_account_has_a_closed_form() -> None:
    # x = -S b (E + B) / (b' S b), distance (E + B) / sqrt(b' S b).
    book = book_of([[2, 1]], [-250], [100, 100], [0, 0])
    gradient = np.array([200.0, 100.0])
    spread = np.sqrt(gradient @ COVARIANCE @ gradient)
    found = most_plausible(book, COVARIANCE, 10.0, rays=[uniform_ray(book.factors)])
    assert found is not None
    np.testing.assert_allclose(found.returns, -COVARIANCE @ gradient * 60 / spread**2, rtol=1e-12)
    assert found.distance == pytest.approx(60 / spread, rel=1e-12)
    assert found.proven
    assert found.bad_debt == pytest.approx(10.0, rel=1e-12)
    np.testing.assert_allclose(found.sigmas, found.returns / np.sqrt([0.04, 0.09]), rtol=1e-12)
    # The ray needs -20 % of both: further away than the best.
    on_ray = np.full(2, -0.2)
    away = np.sqrt(on_ray @ np.linalg.solve(COVARIANCE, on_ray))
    assert found.rays == {"all prices alike": pytest.approx(away, rel=1e-12)}
    assert away > found.distance


def test_an_account_s_own_shock_takes_its_headroom_to_zero_at_its_sigma_distance() -> None:
    book = book_of([[2, -1], [0, 0]], [-60, 5], [100, 100], [0.05, 0.1])
    shock = account_shock(book, 0, COVARIANCE)
    assert book.headroom_at((1 + shock)[:, None])[0, 0] == pytest.approx(0, abs=1e-12)
    away = np.sqrt(shock @ np.linalg.solve(COVARIANCE, shock))
    assert sigma_distances(book, COVARIANCE).tolist() == [pytest.approx(away), np.inf]
    with pytest.raises(ValueError, match="no factor with a variance moves account 1"):
        account_shock(book, 1, COVARIANCE)


@st.composite
def books(draw: st.DrawFn) -> LinearBook:
    """Healthy accounts with longs and shorts in two assets."""
    accounts = draw(st.integers(1, 6))
    held = np.array([[float(draw(st.integers(-9, 9))) for _ in "ab"] for _ in range(accounts)])
    own = np.array([float(draw(st.integers(1, 300))) for _ in range(accounts)])
    return book_of(held, own - held @ [100.0, 100.0], [100, 100], [0.05, 0.05])


def by_directions(book: LinearBook, target: float, covariance: Any) -> float:
    """The least distance over 360 directions, each followed exactly to where it is enough."""
    root = np.linalg.cholesky(covariance)
    best = np.inf
    for angle in np.linspace(0, 2 * np.pi, 360, endpoint=False):
        beta = root @ [np.cos(angle), np.sin(angle)]
        size = np.abs(beta).max()
        found = smallest_static(book, Ray(beta / size, ""), target, direction="up")
        # Beyond a price of zero the ray bends: then x / size is not its distance.
        if found.x is not None and (1 + beta / size * found.x >= 0).all():
            best = min(best, found.x / size)
    return best


@settings(max_examples=20)
@given(books(), st.integers(1, 200), st.sampled_from((0.02, 0.2)))
def test_no_direction_does_it_nearer_and_the_bound_holds(
    book: LinearBook, target: int, scale: float
) -> None:
    covariance = COVARIANCE * scale
    found = most_plausible(book, covariance, float(target), rays=[uniform_ray(book.factors)])
    searched = by_directions(book, float(target), covariance)
    if found is None:
        assert searched == np.inf
        return
    assert found.bad_debt >= target * (1 - 1e-9)
    assert (found.returns >= -1 - 1e-9).all()
    away = np.sqrt(found.returns @ np.linalg.solve(covariance, found.returns))
    assert found.distance == pytest.approx(away, rel=1e-9)
    assert found.lower_bound <= found.distance * (1 + 1e-9)
    assert found.lower_bound <= searched * (1 + 1e-9)
    for ray_distance in found.rays.values():
        assert found.distance <= ray_distance * (1 + 1e-9)
    # The search is a local one from many starts: it may only be worse by what it could not see.
    assert found.distance <= searched * (1 + 1e-9)


def test_a_price_cannot_fall_below_zero_on_the_way() -> None:
    # The volatile asset alone cannot do it: it is worth 100, and 150 must be lost.
    book = book_of([[1, 1]], [-50], [100, 100], [0, 0])
    covariance = np.diag([4.0, 0.01])
    found = most_plausible(book, covariance, 0.5)
    assert found is not None
    np.testing.assert_allclose(found.returns, [-1.0, -0.505], rtol=1e-9)
    assert found.distance == pytest.approx(np.hypot(0.5, 5.05), rel=1e-9)


def test_a_covariance_of_one_factor_moves_along_it_only() -> None:
    beta = np.array([1.0, 2.0])
    book = book_of([[1, 1]], [-160], [100, 100], [0, 0])
    found = most_plausible(book, np.outer(beta, beta) * 0.01, 20.0)
    assert found is not None
    # 300 t = 40 + 20.
    np.testing.assert_allclose(found.returns, -0.2 * beta, rtol=1e-9)
    assert found.distance == pytest.approx(2.0, rel=1e-9)


def test_a_book_that_cannot_lack_so_much_has_no_such_shock() -> None:
    assert most_plausible(book_of([[1]], [0], [100], [0.05]), [[0.04]], 1.0) is None


@pytest.mark.parametrize(
    ("covariance", "target", "text"),
    [
        ([[0.04, 0.01], [0.02, 0.04]], 1.0, "must be symmetric"),
        ([[0.04, 0.09], [0.09, 0.04]], 1.0, "positive semidefinite"),
        ([[0.0, 0.0], [0.0, 0.0]], 1.0, "and not zero"),
        ([[0.04]], 1.0, "must have 2 rows"),
        (COVARIANCE, 0.0, "target must be above 0"),
    ],
)
def test_what_is_no_question_is_refused(covariance: Any, target: float, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        most_plausible(book_of([[1, 1]], [0], [100, 100], [0, 0]), covariance, target)


@given(st.data())
def test_the_least_distance_meets_its_conditions_of_optimality(data: Any) -> None:
    size, count = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 6))
    numbers = st.integers(-4, 4).map(float)
    rows = np.reshape([data.draw(numbers) for _ in range(size * count)], (count, size))
    inside = np.array([data.draw(numbers) for _ in range(size)])
    bounds = rows @ inside - [float(data.draw(st.integers(0, 3))) for _ in range(count)]
    z = least_distance(rows, bounds)
    assert z is not None
    slack = rows @ z - bounds
    assert (slack >= -1e-8).all()
    # z is a combination, without minus, of the rows that bind: no other point is nearer.
    binding = slack < 1e-7
    if binding.any():
        weights = non_negative_least_squares(rows[binding].T, z)
        np.testing.assert_allclose(rows[binding].T @ weights, z, atol=1e-6)
    else:
        np.testing.assert_allclose(z, 0, atol=1e-8)


def test_constraints_that_contradict_each_other_have_no_point() -> None:
    assert least_distance(np.array([[1.0], [-1.0]]), np.array([1.0, 1.0])) is None
