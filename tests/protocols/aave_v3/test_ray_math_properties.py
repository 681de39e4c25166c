"""What must hold of the arithmetic for every operand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.protocols.aave_v3.ray_math import (
    RAY,
    SECONDS_PER_YEAR,
    compound_binomial,
    compound_taylor,
    linear_interest,
    percent_div,
    percent_div_ceil,
    percent_div_floor,
    percent_mul,
    percent_mul_ceil,
    percent_mul_floor,
    ray_div,
    ray_div_ceil,
    ray_div_floor,
    ray_mul,
    ray_mul_ceil,
    ray_mul_floor,
)

amounts = st.integers(min_value=0, max_value=2**120)
indexes = st.integers(min_value=RAY, max_value=100 * RAY)
percents = st.integers(min_value=1, max_value=65_535)
rates = st.integers(min_value=0, max_value=10 * RAY)
spans = st.integers(min_value=0, max_value=10 * SECONDS_PER_YEAR)


@given(amounts, indexes)
def test_half_up_lies_between_down_and_up(amount: int, index: int) -> None:
    assert ray_mul_floor(amount, index) <= ray_mul(amount, index) <= ray_mul_ceil(amount, index)
    assert ray_div_floor(amount, index) <= ray_div(amount, index) <= ray_div_ceil(amount, index)
    assert ray_mul_ceil(amount, index) - ray_mul_floor(amount, index) <= 1
    assert ray_div_ceil(amount, index) - ray_div_floor(amount, index) <= 1


@given(amounts, percents)
def test_percentages_lie_between_down_and_up(amount: int, percent: int) -> None:
    down, near, up = (f(amount, percent) for f in (percent_mul_floor, percent_mul,
                                                   percent_mul_ceil))  # fmt: skip
    assert down <= near <= up <= down + 1
    down, near, up = (f(amount, percent) for f in (percent_div_floor, percent_div,
                                                   percent_div_ceil))  # fmt: skip
    assert down <= near <= up <= down + 1


@given(amounts, indexes)
def test_a_scaled_balance_survives_the_way_to_an_amount_and_back(scaled: int, index: int) -> None:
    assert ray_div(ray_mul(scaled, index), index) == scaled
    assert ray_div_ceil(ray_mul_floor(scaled, index), index) == scaled
    assert ray_div_floor(ray_mul_ceil(scaled, index), index) == scaled


@given(rates, spans)
def test_compound_interest_is_never_below_linear_interest(rate: int, span: int) -> None:
    linear = linear_interest(rate, span)
    assert compound_taylor(rate, span) >= linear
    assert compound_binomial(rate, span) >= linear


@given(st.integers(min_value=0, max_value=RAY), st.integers(min_value=0, max_value=86_400 * 30))
def test_the_two_series_agree_to_a_part_in_a_million_over_a_month(rate: int, span: int) -> None:
    new, old = compound_taylor(rate, span), compound_binomial(rate, span)
    assert abs(new - old) * 1_000_000 <= RAY
