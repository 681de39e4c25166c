"""Fixed-point routines against arbitrary-precision arithmetic, with their true error.

What the margins need is not the best approximation but the contracts' own; the recording proves
that. These properties bound how far that approximation is from the function it stands for.
"""

from __future__ import annotations

from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.protocols.derive_v2.fixed_point import div, div_round, exp, ln, mul, normal_cdf, power
from analyzer.protocols.derive_v2.fixed_point import sqrt as root
from analyzer.protocols.derive_v2.fixed_point.exponential import (
    EXP_OVERFLOW_FROM,
    EXP_ZERO_BELOW,
)
from analyzer.protocols.kit.unreadable import UnreadableNumberError

mp: Any = mpmath.mp
mp.dps = 90
E18 = 10**18
INT = st.integers(min_value=-(2**127), max_value=2**127)


def exact(x: int) -> Any:
    """An 18-decimal integer as a number of 90 digits."""
    return mp.mpf(x) / E18


@settings(max_examples=600, deadline=None)
@given(st.integers(min_value=1, max_value=2**255 - 1))
def test_ln_is_within_two_units_over_its_whole_domain(x: int) -> None:
    assert abs(ln(x) - mp.log(exact(x)) * E18) < 2


@settings(max_examples=600, deadline=None)
@given(st.integers(min_value=EXP_ZERO_BELOW, max_value=0))
def test_exp_of_what_is_not_positive_is_within_a_unit_and_a_tenth(x: int) -> None:
    assert abs(exp(x) - mp.exp(exact(x)) * E18) < mp.mpf("1.1")


@settings(max_examples=600, deadline=None)
@given(st.integers(min_value=0, max_value=EXP_OVERFLOW_FROM - 1))
def test_exp_of_what_is_positive_is_within_a_relative_1e_18(x: int) -> None:
    truth = mp.exp(exact(x)) * E18
    assert abs(exp(x) - truth) <= 1 + truth * mp.mpf("3e-20")


@settings(max_examples=600, deadline=None)
@given(st.integers(min_value=-8 * E18, max_value=8 * E18))
def test_normal_cdf_is_within_60_units(x: int) -> None:
    assert abs(normal_cdf(x) - mp.ncdf(exact(x)) * E18) < 60


@given(st.integers(min_value=-60 * E18, max_value=60 * E18))
def test_normal_cdf_of_opposite_arguments_adds_up_to_one(x: int) -> None:
    assert normal_cdf(x) + normal_cdf(-x) == (E18 if x else 2 * normal_cdf(0))


@given(st.integers(min_value=0, max_value=2**190))
def test_a_square_root_is_rounded_down(x: int) -> None:
    found = root(x)
    assert found * found <= x * E18 < (found + 1) * (found + 1)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(min_value=E18 // 10**6, max_value=10**6 * E18),
    st.integers(min_value=0, max_value=2 * E18),
)
def test_a_power_is_within_a_relative_1e_16(base: int, exponent: int) -> None:
    truth = mp.power(exact(base), exact(exponent)) * E18
    assert abs(power(base, exponent) - truth) <= 8 + truth * mp.mpf("1e-16")


@given(INT, INT)
def test_products_truncate_toward_zero(x: int, y: int) -> None:
    found = mul(x, y)
    assert abs(found) * E18 <= abs(x * y) < (abs(found) + 1) * E18
    assert found == 0 or (found < 0) == (x * y < 0)


@given(INT, INT.filter(bool))
def test_quotients_truncate_toward_zero(x: int, y: int) -> None:
    found = div(x, y)
    assert abs(found) * abs(y) <= abs(x) * E18 < (abs(found) + 1) * abs(y)
    assert found == 0 or (found < 0) == ((x < 0) != (y < 0))


@given(INT, INT.filter(bool))
def test_a_rounded_quotient_is_the_nearest_of_one_more_digit_cut(x: int, y: int) -> None:
    tenths = abs(x) * E18 * 10 // abs(y)
    expected = tenths // 10 + (tenths % 10 >= 5)
    assert abs(div_round(x, y)) == expected


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: exp(EXP_OVERFLOW_FROM), "ExpOverflow"),
        (lambda: ln(0), "Overflow"),
        (lambda: ln(-1), "LnNegativeUndefined"),
    ],
)
def test_what_the_contract_refuses_is_refused_by_its_own_name(call: Any, name: str) -> None:
    with pytest.raises(UnreadableNumberError) as caught:
        call()
    assert caught.value.unreadable.reason == name


def test_published_values() -> None:
    # e to the 0 is one unit short in the contract; so is every discount factor of an expired option
    assert (exp(0), exp(E18), exp(EXP_ZERO_BELOW)) == (E18 - 1, 2718281828459045235, 0)
    assert (ln(E18), ln(2 * E18)) == (0, 693147180559945309)
    assert (normal_cdf(38 * E18), normal_cdf(-38 * E18)) == (E18, 0)
    assert root(2 * E18) == 1414213562373095048
