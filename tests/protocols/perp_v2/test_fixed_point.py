"""The contract's roundings, against closed forms and rational arithmetic."""

from fractions import Fraction
from math import ceil, floor

from hypothesis import given
from hypothesis import strategies as st

from analyzer.protocols.perp_v2.fixed_point import (
    convert_decimals,
    e18_to_x96,
    from_settlement,
    median_of_three,
    mul_ratio,
    price_e18_from_sqrt,
    to_settlement,
    token_amount_for_value,
    token_value_e18,
    x96_to_e18,
)

signed = st.integers(-(2**200), 2**200)
amounts = st.integers(0, 2**160)
decimals = st.integers(0, 30)


def test_a_ratio_of_a_negative_value_is_cut_toward_zero() -> None:
    assert [mul_ratio(-3, 500_000), mul_ratio(3, 500_000)] == [-1, 1]


def test_the_settlement_token_is_floored_so_that_minus_one_wei_is_minus_one_unit() -> None:
    assert [to_settlement(v, 6) for v in (-1, -(10**12), 10**12 - 1, 10**12)] == [-1, -1, 0, 1]


def test_half_a_wei_of_price_is_lost_twice_between_sqrt_and_eighteen_decimals() -> None:
    assert price_e18_from_sqrt(2**96) == 10**18
    assert price_e18_from_sqrt(2**96 - 1) == 10**18 - 1


@given(signed, st.integers(0, 10_000_000))
def test_a_ratio_is_the_rational_product_without_its_fraction(value: int, ratio: int) -> None:
    exact = Fraction(value * ratio, 10**6)
    assert mul_ratio(value, ratio) == (floor(exact) if exact >= 0 else ceil(exact))


@given(signed, st.integers(0, 18))
def test_flooring_to_the_settlement_token_loses_less_than_one_unit(value: int, unit: int) -> None:
    back = from_settlement(to_settlement(value, unit), unit)
    assert 0 <= value - back < 10 ** (18 - unit)


@given(amounts)
def test_x96_and_eighteen_decimals_lose_at_most_one_wei_there_and_back(value: int) -> None:
    assert value - 1 <= x96_to_e18(e18_to_x96(value)) <= value


@given(amounts, decimals, decimals)
def test_converting_up_and_down_again_changes_nothing(value: int, low: int, high: int) -> None:
    low, high = min(low, high), max(low, high)
    assert convert_decimals(convert_decimals(value, low, high), high, low) == value


@given(amounts, decimals, st.integers(1, 2**80), st.integers(0, 18))
def test_a_tokens_value_is_floored_once_or_twice(
    amount: int, unit: int, price: int, feed: int
) -> None:
    exact = Fraction(amount * price * 10**18, 10**unit * 10**feed)
    value = token_value_e18(amount, unit, price, feed)
    assert exact - 2 < value <= exact


@given(amounts, decimals, st.integers(1, 2**80), st.integers(0, 18))
def test_the_tokens_for_a_value_are_worth_it_but_for_their_last_digit(
    value: int, unit: int, price: int, feed: int
) -> None:
    exact = Fraction(value * 10**feed * 10**unit, price * 10**18)
    amount = token_amount_for_value(value, unit, price, feed)
    assert exact - 1 < amount < exact + 1
    if unit >= 18:
        assert amount >= exact


@given(st.integers(), st.integers(), st.integers())
def test_the_median_is_the_middle_of_the_sorted_three(a: int, b: int, c: int) -> None:
    assert median_of_three(a, b, c) == sorted((a, b, c))[1]
