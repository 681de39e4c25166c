"""Impact curves: closed forms, quadrature, and what every curve promises."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.market.depth import (
    MAX_RATIO,
    MIN_RATIO,
    Cliff,
    ConcentratedPool,
    ConstantProduct,
    ContSchaanning,
    Exponential,
    ImpactCurve,
    Linear,
    NoImpact,
    OrderBook,
    PegBand,
    Segment,
    SquareRoot,
    StablePool,
    scaled,
)

CURVES: dict[str, ImpactCurve] = {
    "none": NoImpact(),
    "constant product": ConstantProduct(1_000.0),
    "linear": Linear(5_000.0),
    "exponential": Exponential(1_000.0),
    "square root": SquareRoot(100_000.0, 0.8),
    "Cont-Schaanning": ContSchaanning(10_000.0, 0.5, 0.1, floor=0.3),
    "order book": OrderBook(
        bids=((0.99, 100.0), (0.97, 400.0), (0.9, 250.0)), asks=((1.02, 80.0), (1.1, 500.0))
    ),
    "pool without a fee": ConcentratedPool(
        (Segment(0.01, 0.9, 900.0), Segment(0.9, 1.05, 9_000.0), Segment(1.05, 40.0, 500.0))
    ),
    "cliff": Cliff(30.0, 600.0, exponent=0.65, steepness=8.0),
    "cliff that is minted past": Cliff(30.0, 60.0, exponent=1.0, steepness=4.0, minted=True),
    "stableswap": StablePool(50.0, (400.0, 700.0, 500.0)),
    "peg band": PegBand(Exponential(1_000.0), 0.05, 150.0),
    "scaled": scaled(Exponential(50_000.0), 0.02),
}
every_curve = pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES.keys())

# A step of the order book is met exactly by no such number, nor by a multiple of it.
sales = st.integers(-4_000, 9_000).map(lambda tenths: tenths / 10 + 0.037)
any_sales = st.floats(-1e12, 1e12)


def test_a_hundred_into_a_thousand_executes_nine_percent_and_a_bit_below_the_price() -> None:
    # risk notes, section 1.8: average slippage q / (x + q), marginal price y x / (x + q)**2
    curve = ConstantProduct(1_000.0)
    assert 1 - curve.average_ratio(0, 100) == pytest.approx(1 / 11, rel=1e-15)
    assert curve.price_ratio(100) == pytest.approx(100 / 121, rel=1e-15)


def test_the_linear_curve_is_that_of_the_reference_case_r15() -> None:
    # 92 - 0.03 V in units of the asset; the rounds end at 89, 83 and 74 and execute midway.
    curve = Linear(92.0**2 / 0.03)
    path = [92 * curve.price_ratio(92.0 * units) for units in (0, 100, 300, 600)]
    assert path == pytest.approx([92, 89, 83, 74], abs=1e-9)
    middle = [92 * curve.average_ratio(92.0 * a, 92.0 * b) for a, b in ((0, 100), (100, 300))]
    assert middle == pytest.approx([90.5, 86], abs=1e-9)


def test_the_exponential_falls_by_a_factor_e_per_depth() -> None:
    curve = Exponential(1_000.0)
    assert curve.price_ratio(1_000) == pytest.approx(math.exp(-1), rel=1e-15)
    assert curve.average_ratio(0, 1_000) == pytest.approx(1 - math.exp(-1), rel=1e-15)
    assert curve.average_ratio(0, 1e-9) == pytest.approx(1 - 5e-13, rel=1e-15)


def test_a_small_sale_moves_the_square_root_by_volatility_times_the_root_of_its_share() -> None:
    curve = SquareRoot(1e9, 0.04, coefficient=0.7)
    assert 1 - curve.price_ratio(1e5) == pytest.approx(0.7 * 0.04 * 0.01, rel=1e-3)
    assert 1 - curve.average_ratio(0, 1e5) == pytest.approx(0.7 * 0.04 * 0.01 * 2 / 3, rel=1e-3)


def test_cont_and_schaanning_start_with_the_slope_of_the_depth_and_end_at_the_floor() -> None:
    curve = ContSchaanning(1e9, 0.04, 0.3, floor=0.25, horizon_days=4.0)
    assert curve.depth_usd == pytest.approx(0.3 * 1e9 / 0.04 * 2)
    assert (1 - curve.price_ratio(1e3)) / 1e3 == pytest.approx(1 / curve.depth_usd, rel=1e-6)
    assert curve.price_ratio(1e15) == pytest.approx(0.25, rel=1e-12)
    assert not curve.exhausted(1e15)


@every_curve
@settings(max_examples=15)
@given(a=sales, b=sales)
def test_execution_is_the_integral_of_the_price(curve: ImpactCurve, a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    if high - low < 1e-3:
        return
    grid = np.linspace(low, high, 20_001)
    middles = (grid[1:] + grid[:-1]) / 2
    mean = float(np.mean([curve.price_ratio(float(v)) for v in middles]))
    assert curve.average_ratio(a, b) == pytest.approx(mean, rel=2e-4)


@every_curve
@given(a=any_sales, b=any_sales)
def test_more_sales_never_give_a_higher_price_and_no_price_reaches_zero(
    curve: ImpactCurve, a: float, b: float
) -> None:
    low, high = min(a, b), max(a, b)
    assert curve.price_ratio(0.0) == 1
    first, last = curve.price_ratio(low), curve.price_ratio(high)
    assert 0 < last <= first * (1 + 1e-12)
    assert last >= MIN_RATIO * 0.999
    assert first <= MAX_RATIO * 1.001


@every_curve
@given(a=any_sales, b=any_sales)
def test_execution_lies_between_the_prices_at_both_ends(
    curve: ImpactCurve, a: float, b: float
) -> None:
    low, high = min(a, b), max(a, b)
    mean = curve.average_ratio(a, b)
    assert mean == curve.average_ratio(b, a)
    if low * high > 0 or not isinstance(curve, OrderBook):
        assert curve.price_ratio(high) * (1 - 1e-6) <= mean
        assert mean <= curve.price_ratio(low) * (1 + 1e-6)


@every_curve
@given(a=sales, b=sales, c=sales)
def test_a_sale_in_two_parts_is_paid_like_one(
    curve: ImpactCurve, a: float, b: float, c: float
) -> None:
    low, middle, high = sorted((a, b, c))
    whole = curve.average_ratio(low, high) * (high - low)
    parts = curve.average_ratio(low, middle) * (middle - low)
    parts += curve.average_ratio(middle, high) * (high - middle)
    assert parts == pytest.approx(whole, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("multiplier", [0.02, 0.5, 3.0])
@every_curve
@given(v=sales)
def test_a_scaled_curve_takes_that_many_times_the_sales(
    curve: ImpactCurve, multiplier: float, v: float
) -> None:
    thin = scaled(curve, multiplier)
    assert thin.price_ratio(v * multiplier) == pytest.approx(curve.price_ratio(v), rel=1e-9)
    assert thin.name == curve.name
    assert thin.source == f"{curve.source}, depth x {multiplier:g}"


def test_the_whole_depth_is_the_curve_itself() -> None:
    curve = Exponential(5.0)
    assert scaled(curve, 1.0) is curve


def test_a_formula_that_would_reach_zero_stops_and_says_so() -> None:
    curve = Linear(100.0)
    assert curve.price_ratio(250) == pytest.approx(MIN_RATIO)
    assert curve.average_ratio(0, 200) == pytest.approx(0.25, rel=1e-6)
    assert (curve.exhausted(89), curve.exhausted(91)) == (False, True)
    assert ConstantProduct(100.0).exhausted(-100)
    assert ConstantProduct(100.0).price_ratio(-100) == pytest.approx(MAX_RATIO)


@every_curve
def test_a_curve_is_exhausted_by_more_than_it_bears_and_by_nothing_less(
    curve: ImpactCurve,
) -> None:
    sold, bought = curve.most_sellable, curve.most_buyable
    assert sold > 0
    assert bought > 0
    for v in (0.0, 0.999999 * min(sold, 1e300), -0.999999 * min(bought, 1e300)):
        assert not curve.exhausted(v)
    assert curve.exhausted(1.000001 * sold) == (sold < math.inf)
    assert curve.exhausted(-1.000001 * bought) == (bought < math.inf)


def test_a_book_and_a_pool_bear_what_they_hold_and_a_scaled_one_that_part_of_it() -> None:
    book, pool = CURVES["order book"], CURVES["pool without a fee"]
    assert (book.most_sellable, book.most_buyable) == (750.0, 580.0)
    up_to_the_end = 9_000 * (1 - 1 / 1.05) + 500 * (1 / 1.05 - 1 / 40)
    assert pool.most_buyable == pytest.approx(up_to_the_end, rel=1e-12)
    assert scaled(book, 0.1).most_sellable == pytest.approx(75.0, rel=1e-12)
    assert (NoImpact().most_sellable, NoImpact().most_buyable) == (math.inf, math.inf)


@every_curve
def test_what_is_not_a_number_has_no_price(curve: ImpactCurve) -> None:
    with pytest.raises(ValueError, match="not a number"):
        curve.price_ratio(math.nan)
    with pytest.raises(ValueError, match="no average price"):
        curve.average_ratio(0, math.inf)


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan, math.inf])
def test_a_depth_that_is_none_is_refused_by_name(wrong: float) -> None:
    for make in (ConstantProduct, Exponential):
        with pytest.raises(ValueError, match="depth_usd has to be a number above zero"):
            make(wrong)
    with pytest.raises(ValueError, match="daily_volatility has to be"):
        SquareRoot(1.0, wrong)
    with pytest.raises(ValueError, match="multiplier has to be"):
        scaled(NoImpact(), wrong)


def test_a_floor_of_the_whole_price_is_refused() -> None:
    with pytest.raises(ValueError, match="floor has to be at least 0 and below 1"):
        ContSchaanning(1.0, 1.0, 1.0, floor=1.0)


@pytest.mark.parametrize(
    "curve",
    [
        ConstantProduct(1e6),
        Linear(1e6),
        Exponential(1e6),
        SquareRoot(1e8, 0.04, 1.0),
        ContSchaanning(1e8, 0.04, 0.3, floor=0.05),
    ],
    ids=lambda curve: curve.name,
)
def test_the_market_of_a_formula_ends_at_a_tenth_of_its_price_and_at_ten_times_it(
    curve: Any,
) -> None:
    assert curve.price_ratio(curve.most_sellable) == pytest.approx(0.1, rel=1e-9)
    assert curve.price_ratio(-curve.most_buyable) == pytest.approx(10, rel=1e-9)
    assert curve.exhausted(1.001 * curve.most_sellable)
    assert not curve.exhausted(0.999 * curve.most_sellable)


def test_a_floor_above_a_tenth_never_ends_a_market() -> None:
    assert ContSchaanning(1e8, 0.04, 0.3, floor=0.2).most_sellable == math.inf
