"""The curve of the stated defaults: its parts, its cliff, and both of its sides."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from analyzer.market.depth import Cliff, ConstantProduct

CURVE = Cliff(1e6, 50e6, exponent=0.65, steepness=8.0)


def test_a_sale_of_the_one_percent_depth_loses_one_percent_where_the_cliff_is_far() -> None:
    far = Cliff(1e6, 1e15)
    assert 1 - far.proceeds(1e6) / 1e6 == pytest.approx(0.01, rel=1e-9)
    assert 1 - far.average_ratio(0, 1e6) == pytest.approx(0.01, rel=1e-9)


def test_a_market_fetches_no_more_than_the_thin_side_holds() -> None:
    assert CURVE.proceeds(20e6) > 0.9 * 20e6
    assert CURVE.proceeds(500e6) == pytest.approx(50e6, rel=1e-6)
    assert CURVE.most_sellable * CURVE.average_ratio(0, CURVE.most_sellable) > 0.97 * 50e6
    assert CURVE.price_ratio(25e6) > 0.85
    assert CURVE.price_ratio(CURVE.most_sellable) == pytest.approx(0.1, rel=1e-9)
    assert 50e6 < CURVE.most_sellable < 80e6
    assert CURVE.exhausted(80e6)


def test_no_more_can_be_bought_than_the_thin_side_holds_unless_it_is_minted() -> None:
    assert 0.97 * 50e6 < CURVE.most_buyable < 50e6
    assert CURVE.price_ratio(-CURVE.most_buyable) == pytest.approx(10, rel=1e-9)
    assert CURVE.cost(50e6) == math.inf
    minted = Cliff(1e6, 50e6, minted=True)
    assert minted.most_buyable > 1e9
    dearer = (minted.cost(51e6) - minted.cost(49e6)) / 2e6
    assert minted.price_ratio(-50e6) == pytest.approx(dearer, rel=1e-4)
    assert minted.price_ratio(50e6) == CURVE.price_ratio(50e6)


def test_with_a_steepness_of_one_and_a_deep_gentle_part_it_is_a_constant_product() -> None:
    curve, known = Cliff(1e18, 1_000.0, exponent=1.0, steepness=1.0), ConstantProduct(1_000.0)
    for v in (-600.0, -3.0, 10.0, 2_000.0):
        assert curve.price_ratio(v) == pytest.approx(known.price_ratio(v), rel=1e-9)
    assert curve.average_ratio(-3, 100) == pytest.approx(known.average_ratio(-3, 100), rel=1e-9)


@given(sold=st.floats(1.0, 400e6))
def test_proceeds_are_those_of_the_published_form_in_many_digits(sold: float) -> None:
    with mp.workdps(50):
        a, s, h = mpf(0.65), mpf(8), mpf(50e6)
        g = mpf(1e6) / (mpf("0.99") ** -a - 1) ** (1 / a)
        y = sold * (1 + (sold / g) ** a) ** (-1 / a)
        expected = y * (1 + (y / h) ** s) ** (-1 / s)
    assert CURVE.proceeds(sold) == pytest.approx(float(expected), rel=1e-12)


@given(sold=st.floats(1.0, 60e6))
def test_what_was_sold_costs_its_proceeds_to_buy_back_the_other_way(sold: float) -> None:
    assert CURVE.cost(CURVE.proceeds(sold)) == pytest.approx(sold, rel=1e-6)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("holds_usd", 0.0, "holds_usd has to be a number above zero"),
        ("one_percent_usd", math.inf, "one_percent_usd has to be a number above zero"),
        ("steepness", 101.0, "steepness has to be from 0.1 to 100"),
        ("exponent", 0.01, "exponent has to be from 0.1 to 100"),
    ],
)
def test_what_makes_no_market_is_refused_by_name(key: str, value: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Cliff(**{"one_percent_usd": 1e6, "holds_usd": 1e7, key: value})
