"""Betas: against numpy's least squares, and by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.market.beta import Beta, betas, exact
from analyzer.market.returns import Returns
from analyzer.model.errors import InputError


def returns(**columns: list[float]) -> Returns:
    values = np.column_stack(list(columns.values()))
    times = np.arange(len(values)) * 86_400
    return Returns(tuple(columns), times, values, 86_400, "log", 0)


def test_twice_the_market_has_a_beta_of_two_and_no_error() -> None:
    market = [0.01, -0.02, 0.03, 0.005]
    [found] = betas(returns(ETH=market, LINK=[2 * r + 0.001 for r in market]), "ETH")
    assert found.beta == pytest.approx(2, rel=1e-12)
    assert found.r_squared == pytest.approx(1, rel=1e-12)
    assert found.standard_error == pytest.approx(0, abs=1e-9)
    assert (found.factor, found.observations) == ("LINK", 4)


@given(st.integers(0, 10_000))
def test_a_beta_is_the_slope_of_least_squares(seed: int) -> None:
    random = np.random.default_rng(seed)
    market, own = random.normal(size=(2, 40)) * 0.03
    [found] = betas(returns(ETH=market.tolist(), LINK=own.tolist()), "ETH")
    design = np.column_stack([market, np.ones(40)])
    solution, residue, *_ = np.linalg.lstsq(design, own, rcond=None)
    assert found.beta == pytest.approx(solution[0], rel=1e-9)
    variance = residue[0] / 38 * np.linalg.inv(design.T @ design)[0, 0]
    assert found.standard_error == pytest.approx(np.sqrt(variance), rel=1e-9)
    correlation = np.corrcoef(market, own)[0, 1]
    assert found.r_squared == pytest.approx(correlation**2, rel=1e-6, abs=1e-12)


def test_a_factor_that_stands_still_has_a_beta_of_zero() -> None:
    found = betas(returns(ETH=[0.1, -0.1], USDC=[0.0, 0.0]), "ETH")
    assert (found[0].beta, found[0].r_squared) == (0, 0)
    assert np.isnan(found[0].standard_error)


def test_a_market_that_stands_still_or_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="the returns of ETH do not move"):
        betas(returns(ETH=[0.1, 0.1], BTC=[0.1, 0.2]), "ETH")
    with pytest.raises(InputError, match="no returns of SOL"):
        betas(returns(ETH=[0.1, 0.2]), "SOL")


def test_a_scenario_gets_them_rounded_and_exact() -> None:
    found = [Beta("LINK", 1.234567, 0.1, 0.5, 9), Beta("USDC", -0.00001, 0.1, 0.5, 9)]
    assert exact(found) == {"LINK": Fraction(12346, 10_000), "USDC": 0}
