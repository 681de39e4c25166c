"""Two liquidations instead of one: R10, and a search over every first step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.risk.unwind import fixed_spread


def test_r10_is_the_closed_form(cases: dict[str, Any]) -> None:
    inputs, expected = cases["R10"]["inputs"], cases["R10"]["expected"]
    found = fixed_spread(*(inputs[name] for name in ("C", "D", "LT", "LS", "CF")))
    assert found.r1 == pytest.approx(expected["r1"], rel=1e-12)
    assert found.r2 == pytest.approx(expected["r2"], rel=1e-12)
    assert found.profit == pytest.approx(expected["profit"], rel=1e-12)
    assert found.single == pytest.approx(expected["profit_single_step_to_close_factor"], rel=1e-12)


@given(st.floats(0.5, 0.9), st.floats(0.01, 0.1), st.floats(0.2, 1), st.floats(0.5, 1.2))
def test_no_other_first_step_earns_more(lt: float, ls: float, cf: float, debt: float) -> None:
    if lt * (1 + ls) >= 0.99:
        return
    found = fixed_spread(1.0, debt, lt, ls, cf)
    # By the rules alone: repay up to the close factor while liquidatable, seize (1 + spread) of it.
    first = np.linspace(0, cf * debt, 20_001)
    collateral, owed = 1 - first * (1 + ls), debt - first
    again = (owed > lt * collateral - 1e-12) & (collateral > 0)
    second = np.where(again, np.minimum(cf * owed, np.maximum(collateral, 0) / (1 + ls)), 0)
    possible = collateral >= -1e-12
    profit = ls * (first + second)[possible]
    best = float(profit.max()) if debt > lt else 0.0
    assert found.profit == pytest.approx(best, abs=2e-4 * ls + 1e-9)
    assert found.profit >= found.single - 1e-12


def test_an_account_in_health_has_no_step() -> None:
    found = fixed_spread(100, 75, 0.75, 0.08, 0.5)
    assert (found.r1, found.r2, found.profit, found.single) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "given_",
    [
        (-1, 1, 0.5, 0.1, 0.5),
        (1, 1, 0.95, 0.1, 0.5),
        (1, 1, 0.5, 0.1, 1.5),
        (1, np.nan, 0.5, 0.1, 1),
    ],
)
def test_what_is_no_rule_is_refused(given_: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"has to be|at most"):
        fixed_spread(*given_)
