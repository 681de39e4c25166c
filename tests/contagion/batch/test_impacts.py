from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.batch.impacts import (
    MOST_OF_POOL,
    CurveKind,
    ScalarImpacts,
    depth_impacts,
)
from analyzer.market.depth.impact import ConstantProduct, Exponential, Linear, NoImpact

ALL = np.arange(1)
KINDS: tuple[CurveKind, ...] = ("none", "exponential", "linear", "product")


def at(kind: CurveKind, v: float, depth: float = 1000.0) -> float:
    return float(depth_impacts(kind, [depth]).ratio(np.array([[v]]), ALL)[0, 0])


def mean(kind: CurveKind, u: float, v: float, depth: float = 1000.0) -> float:
    curve = depth_impacts(kind, [depth])
    return float(curve.average(np.array([[u]]), np.array([[v]]), ALL)[0, 0])


def test_a_hundred_sold_into_a_thousand_is_the_textbook_slippage() -> None:
    # risk-models 1.8: average slippage q / (x + q) = 9.0909 %, marginal x^2 / (x + q)^2.
    assert mean("product", 0, 100) == pytest.approx(1000 / 1100, rel=1e-14)
    assert at("product", 100) == pytest.approx((1000 / 1100) ** 2, rel=1e-14)
    assert at("exponential", 1000) == pytest.approx(np.exp(-1))
    assert at("linear", 250) == 0.75
    assert at("none", 1e12) == 1


def test_a_linear_price_ends_at_zero_and_the_rest_brings_nothing() -> None:
    assert at("linear", 1500) == 0
    assert mean("linear", 0, 2000) == pytest.approx(0.25)
    assert mean("linear", 1500, 2000) == 0


def test_a_pool_cannot_be_bought_empty() -> None:
    dearest = 1 / (1 - MOST_OF_POOL) ** 2
    assert at("product", -5000) == pytest.approx(dearest)
    assert mean("product", -4000, -5000) == pytest.approx(dearest)
    inside = mean("product", 0, -990)
    # Along the curve to the last of what is sold, at its end price from there on.
    assert mean("product", 0, -1980) == pytest.approx((inside + dearest) / 2)


@given(
    st.sampled_from(KINDS),
    st.floats(-900, 3000),
    st.floats(-900, 3000),
    st.sampled_from((500.0, 1000.0, 8000.0)),
)
def test_the_mean_is_the_integral_of_the_price(
    kind: CurveKind, u: float, v: float, depth: float
) -> None:
    u, v = u * depth / 1000, v * depth / 1000
    grid = np.linspace(u, v, 20_001)
    middles = (grid[1:] + grid[:-1]) / 2
    prices = depth_impacts(kind, [depth]).ratio(middles[None, :], np.arange(len(middles)))
    assert mean(kind, u, v, depth) == pytest.approx(float(prices.mean()), rel=1e-4, abs=1e-9)


@given(st.sampled_from(KINDS), st.floats(-900, 900), st.floats(0, 900))
def test_more_sales_never_leave_a_higher_price(kind: CurveKind, v: float, more: float) -> None:
    assert at(kind, v + more) <= at(kind, v)
    low, high = at(kind, v + more), at(kind, v)
    assert low * (1 - 1e-12) <= mean(kind, v, v + more) <= high * (1 + 1e-12)


def test_the_market_s_own_curves_are_the_same_inside_their_range() -> None:
    scalars = [NoImpact(), Exponential(500.0), Linear(2000.0), ConstantProduct(1000.0)]
    vector = depth_impacts(["none", "exponential", "linear", "product"], [1, 500, 2000, 1000])
    u = np.array([[0.0, -50.0, 10.0]] * 4)
    v = np.array([[100.0, 100.0, 10.0]] * 4)
    one_by_one, columns = ScalarImpacts(scalars), np.arange(3)
    np.testing.assert_allclose(one_by_one.ratio(v, columns), vector.ratio(v, columns), rtol=1e-14)
    np.testing.assert_allclose(
        one_by_one.average(u, v, columns), vector.average(u, v, columns), rtol=1e-12
    )


def test_a_depth_may_differ_by_scenario() -> None:
    curve = depth_impacts("exponential", [[100.0, 200.0, 400.0]])
    found = curve.ratio(np.full((1, 2), 100.0), np.array([2, 0]))
    np.testing.assert_allclose(found, np.exp([[-0.25, -1.0]]), rtol=1e-14)


@pytest.mark.parametrize(
    ("kind", "depth", "text"),
    [
        ("flat", [1.0], "must be one of none, exponential, linear, product"),
        (["linear"], [1.0, 2.0], "for each of 2 factors"),
        ("linear", [0.0], "every depth must be above zero"),
        ("linear", [np.nan], "every depth must be above zero"),
        ("linear", [[[1.0]]], "one or two dimensions"),
    ],
)
def test_what_is_no_curve_is_refused(kind: Any, depth: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        depth_impacts(kind, depth)
