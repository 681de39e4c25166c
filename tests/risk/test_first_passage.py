"""First passage: R17, mpmath, simulation, limits."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.risk.first_passage import barrier_of, max_leverage, probability, vega


def exact(barrier: float, sigma: float, mu: float, horizon: float) -> float:
    """The formula in fifty digits, each side by its own signs."""
    with mpmath.workdps(50):
        m, nu = mpmath.log(barrier), mpmath.mpf(mu) - mpmath.mpf(sigma) ** 2 / 2
        spread = sigma * mpmath.sqrt(horizon)
        side = 1 if barrier < 1 else -1
        ends = mpmath.ncdf(side * (m - nu * horizon) / spread)
        back = mpmath.ncdf(side * (m + nu * horizon) / spread)
        return float(ends + mpmath.exp(2 * nu * m / mpmath.mpf(sigma) ** 2) * back)


def test_r17(cases: dict[str, Any]) -> None:
    case = cases["R17"]
    given_ = case["inputs"]
    at = (given_["b"], given_["sigma"], given_["mu"], given_["T"])
    expected = case["expected"]
    assert probability(*at) == pytest.approx(expected["probability"], rel=1e-10)
    assert vega(*at) == pytest.approx(expected["dP_dsigma"], rel=1e-5)


@given(
    st.floats(0.05, 5).filter(lambda b: abs(b - 1) > 1e-3),
    st.floats(0.05, 3),
    st.floats(-1, 1),
    st.floats(1e-3, 2),
)
def test_equals_the_formula_in_fifty_digits(b: float, sigma: float, mu: float, t: float) -> None:
    assert probability(b, sigma, mu, t) == pytest.approx(
        exact(b, sigma, mu, t), rel=1e-7, abs=1e-14
    )


@pytest.mark.parametrize("barrier", [0.85, 1.2])
def test_agrees_with_walks(barrier: float) -> None:
    sigma, mu, horizon, steps, paths = 0.9, 0.3, 0.1, 400, 20_000
    random, dt = np.random.default_rng(5), horizon / steps
    walks = np.cumsum(
        (mu - sigma**2 / 2) * dt + sigma * math.sqrt(dt) * random.standard_normal((paths, steps)),
        axis=1,
    )
    # A walk that is looked at so often touches as a path does that starts a little nearer:
    # Broadie, Glasserman and Kou's 0.5826 sigma sqrt(dt).
    shift = 0.5826 * sigma * math.sqrt(dt)
    level = math.log(barrier)
    seen = (
        (walks.min(axis=1) <= level + shift) if level < 0 else (walks.max(axis=1) >= level - shift)
    )
    found = probability(barrier, sigma, mu, horizon)
    assert seen.mean() == pytest.approx(found, abs=4 * math.sqrt(found * (1 - found) / paths))


@given(st.floats(0.1, 0.99), st.floats(0.1, 2), st.floats(1e-3, 1))
def test_nearer_longer_and_wilder_is_likelier(b: float, sigma: float, t: float) -> None:
    base = probability(b, sigma, 0, t)
    assert 0 <= base <= 1
    assert probability(b + (1 - b) / 2, sigma, 0, t) >= base - 1e-12
    assert probability(b, sigma, 0, t * 2) >= base - 1e-12
    assert probability(b, sigma * 1.1, 0, t) >= base - 1e-12


def test_the_edges() -> None:
    assert probability(1, 0.5, 0, 1) == 1
    assert probability(0, 0.5, 0, 1) == 0
    assert probability(0.5, 0.5, 0, 0) == 0
    # Without volatility only the drift moves: ln 0.9 within a year needs a drift of that.
    assert probability(0.9, 0, -0.2, 1) == 1
    assert probability(0.9, 0, 0.2, 1) == 0
    assert probability(1.1, 0, 0.2, 1) == 1
    # Far beyond what float64 can multiply.
    assert probability(1e-6, 0.01, 0.5, 1) == 0
    assert 0 <= probability(1e6, 0.01, 5.0, 1) <= 1


def test_where_positions_end() -> None:
    assert barrier_of(10, 0.0) == pytest.approx(0.9)
    assert barrier_of(10, 0.05) == pytest.approx(0.9 / 0.95)
    assert barrier_of(10, 0.05, "short") == pytest.approx(1.1 / 1.05)
    assert barrier_of(0.5, 0.05) == 0


@pytest.mark.parametrize("side", ["long", "short"])
def test_the_largest_leverage_is_the_last_that_holds(side: Any) -> None:
    at = (0.8, 0.0, 7 / 365)
    found = max_leverage(0.01, *at, 0.03, side)
    assert probability(barrier_of(found, 0.03, side), *at) <= 0.01
    assert probability(barrier_of(found * (1 + 1e-9), 0.03, side), *at) > 0.01


def test_nothing_limits_where_nothing_moves() -> None:
    assert max_leverage(0.01, 0.0, 0.0, 1, 0.0) == math.inf


@pytest.mark.parametrize(
    "at", [(-1, 0.5, 0, 1), (0.9, -1, 0, 1), (0.9, 0.5, 0, -1), (0.9, 0.5, math.nan, 1)]
)
def test_what_is_no_number(at: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        probability(*at)
    with pytest.raises(ValueError, match="must be"):
        barrier_of(0, 0.1)
    with pytest.raises(ValueError, match="target"):
        max_leverage(1.0, 0.5, 0, 1, 0.1)
