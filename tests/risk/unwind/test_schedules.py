"""Schedules over time: R8 and R9, and a solver that knows no closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from analyzer.risk.unwind import almgren_chriss, obizhaeva_wang


def test_r8_is_the_table(cases: dict[str, Any]) -> None:
    case = cases["R8"]
    given_ = {
        name: case["inputs"][name] for name in ("X", "T", "N", "sigma", "eps", "eta", "gamma")
    }
    for lam, expected in case["expected"]["by_lambda"].items():
        found = almgren_chriss(**given_, lam=float(lam))
        assert found.expected_cost == pytest.approx(expected["E"], rel=1e-10)
        assert found.sd == pytest.approx(expected["sd"], rel=1e-10)
        assert found.kappa == pytest.approx(expected.get("kappa", 0.0), rel=1e-10)
        wide = 1 if lam == "1e-5" else 0.01
        np.testing.assert_allclose(found.trajectory, expected["x"], atol=wide, rtol=0)


def test_a_solver_finds_no_better_schedule() -> None:
    sigma, eps, eta, gamma, lam, steps = 0.3, 0.01, 2e-3, 3e-4, 5e-3, 6
    found = almgren_chriss(100, 3, steps, sigma, eps, eta, gamma, lam)
    tau = 3 / steps

    def cost(inner: Any) -> float:
        held = np.array([100.0, *inner, 0.0])
        sold = -np.diff(held)
        drift = gamma * 100**2 / 2 + eps * np.abs(sold).sum()
        drift += (eta - gamma * tau / 2) / tau * (sold**2).sum()
        return float(drift + lam * sigma**2 * tau * (held[1:] ** 2).sum())

    best = minimize(cost, np.linspace(90, 10, steps - 1), tol=1e-12)
    np.testing.assert_allclose(found.trajectory[1:-1], best.x, atol=2e-3)
    assert cost(found.trajectory[1:-1]) <= best.fun * (1 + 1e-9)
    assert cost(found.trajectory[1:-1]) == pytest.approx(
        found.expected_cost + lam * found.sd**2, rel=1e-12
    )


@given(st.floats(0, 1e-2), st.floats(0.1, 50), st.integers(1, 60))
def test_whoever_fears_more_sells_faster_and_pays_for_it(
    lam: float, days: float, steps: int
) -> None:
    bold = almgren_chriss(1e6, days, steps, 1.0, 0.01, 2.5e-6, 0.0, lam)
    fearful = almgren_chriss(1e6, days, steps, 1.0, 0.01, 2.5e-6, 0.0, 2 * lam)
    assert (np.diff(bold.trajectory) <= 0).all()
    assert (fearful.trajectory <= bold.trajectory * (1 + 1e-9) + 1e-6).all()
    assert fearful.expected_cost >= bold.expected_cost * (1 - 1e-9)
    assert fearful.sd <= bold.sd * (1 + 1e-9)


def test_r9_is_the_closed_form(cases: dict[str, Any]) -> None:
    inputs, expected = cases["R9"]["inputs"], cases["R9"]["expected"]
    found = obizhaeva_wang(inputs["X"], inputs["T"], inputs["rho"])
    assert found.first == pytest.approx(expected["x0"], rel=1e-12)
    assert found.last == pytest.approx(expected["xT"], rel=1e-12)
    assert found.rate == pytest.approx(expected["rate"], rel=1e-12)
    assert found.first + found.rate * inputs["T"] + found.last == pytest.approx(inputs["X"])


def test_r9_is_what_a_book_that_refills_makes_cheapest() -> None:
    total, end, rho, steps = 100_000.0, 1.0, 2.231, 400
    # Each block pushes the price by its size, and the push decays: cost = half x' K x.
    times = np.linspace(0, end, steps + 1)
    decay = np.exp(-rho * np.abs(times[:, None] - times[None, :]))
    ones = np.ones(steps + 1)
    inverse = np.linalg.solve(decay, ones)
    blocks = total * inverse / (ones @ inverse)
    found = obizhaeva_wang(total, end, rho)
    assert found.first == pytest.approx(blocks[0], rel=0.01)
    assert found.last == pytest.approx(blocks[-1], rel=0.01)
    assert found.rate * end == pytest.approx(blocks[1:-1].sum(), rel=0.01)


@pytest.mark.parametrize(
    "changed",
    [
        {"T": 0},
        {"N": 0},
        {"N": 2.5},
        {"sigma": -1},
        {"lam": float("nan")},
        {"gamma": 1},
        {"X": np.inf},
    ],
)
def test_what_is_no_schedule_is_refused(changed: dict[str, Any]) -> None:
    plain = {"X": 1, "T": 1, "N": 2, "sigma": 1, "eps": 0, "eta": 0.1, "gamma": 0, "lam": 1}
    with pytest.raises(ValueError, match=r"has to be|needs"):
        almgren_chriss(**{**plain, **changed})
    with pytest.raises(ValueError, match="refill"):
        obizhaeva_wang(1, 1, 0)
