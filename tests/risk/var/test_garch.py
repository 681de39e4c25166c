"""GARCH: R19 on the data that `arch` ships, units, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from arch.data import sp500

from analyzer.market.history import Floats
from analyzer.risk.var import garch


@pytest.fixture(scope="module")
def percent() -> Floats:
    """The returns of R19."""
    return (100 * sp500.load()["Adj Close"].pct_change().dropna()).to_numpy()


def simulated(rows: int, seed: int, omega: float, alpha: float, beta: float) -> Floats:
    """A GARCH path, step by step."""
    random, variance, out = np.random.default_rng(seed), omega / (1 - alpha - beta), []
    for _ in range(rows):
        out.append(np.sqrt(variance) * random.standard_normal())
        variance = omega + alpha * out[-1] ** 2 + beta * variance
    return np.array(out)


def test_r19_parameters_and_likelihood(percent: Floats, cases: dict[str, Any]) -> None:
    expected, model = cases["R19"]["expected"], garch(percent)
    for name in ("mu", "omega", "alpha", "beta"):
        assert getattr(model, name) == pytest.approx(expected[name], rel=1e-3)
    assert model.loglik == pytest.approx(expected["loglik"], abs=1e-3)
    assert model.converged


def test_another_unit_is_the_same_model(percent: Floats) -> None:
    one, other = garch(percent), garch(percent / 100)
    assert other.alpha == pytest.approx(one.alpha, rel=1e-6)
    assert other.omega == pytest.approx(one.omega / 100**2, rel=1e-6)
    assert other.sigma_next == pytest.approx(one.sigma_next / 100, rel=1e-6)
    assert other.loglik == pytest.approx(one.loglik + len(percent) * np.log(100), abs=1e-4)
    np.testing.assert_allclose(other.z, one.z, rtol=1e-5, atol=1e-8)


def test_a_simulated_model_comes_back() -> None:
    model = garch(simulated(6_000, 1, 0.1, 0.1, 0.8))
    assert model.alpha == pytest.approx(0.1, abs=0.03)
    assert model.beta == pytest.approx(0.8, abs=0.06)
    assert model.persistence == model.alpha + model.beta


def test_fat_tails_have_degrees_of_freedom(percent: Floats) -> None:
    model = garch(percent, "t")
    assert model.nu is not None
    assert 4 < model.nu < 12
    # A model with one parameter more is never less likely.
    assert model.loglik > garch(percent).loglik


def test_the_next_volatility_is_the_recursion_on(percent: Floats) -> None:
    whole, shorter = garch(percent), garch(percent[:-1])
    assert shorter.sigma_next == pytest.approx(whole.sigma[-1], rel=5e-3)


@pytest.mark.parametrize(
    ("returns", "distribution", "words"),
    [
        (np.zeros(300), "normal", "do not move"),
        (np.ones(300) * 0.01, "normal", "do not move"),
        (np.arange(249.0), "normal", "250 are needed"),
        (np.r_[np.arange(300.0), np.nan], "normal", "not a number"),
        (np.arange(300.0), "gauss", "normal or t"),
    ],
)
def test_what_is_refused(returns: Floats, distribution: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        garch(returns, distribution)
