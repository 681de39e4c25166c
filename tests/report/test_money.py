from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.report.money import amount, exact, short

AMOUNTS = st.integers(min_value=-(2**255), max_value=2**255)


@given(AMOUNTS, st.integers(min_value=0, max_value=36))
def test_the_exact_text_is_the_number_shifted_by_its_decimals(value: int, decimals: int) -> None:
    text = exact(value, decimals)
    sign, digits, exponent = Decimal(text).as_tuple()
    assert isinstance(exponent, int)
    shifted = int("".join(map(str, digits))) * 10 ** (decimals + exponent)
    assert (-shifted if sign else shifted) == value


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(0, 18, "0"), (-1, 18, "-0.000000000000000001"), (1_500_000, 6, "1.5"), (-70, 0, "-70")],
)
def test_the_exact_text_has_no_trailing_zeros(value: int, decimals: int, text: str) -> None:
    assert exact(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (0, "0.00"),
        (1, "<0.01"),
        (-1, ">-0.01"),
        (5 * 10**15, "0.01"),
        (-1_234_567 * 10**16, "-12,345.67"),
        (1_234_565 * 10**15, "1,234.57"),
        (999_995 * 10**15, "1,000.00"),
    ],
)
def test_the_short_text_rounds_half_away_and_never_shows_something_as_nothing(
    value: int | None, text: str
) -> None:
    assert short(value) == text


@given(AMOUNTS)
def test_the_short_text_is_within_half_a_cent_of_the_amount(value: int) -> None:
    text = short(value)
    if text[0] in "<>":
        assert 0 < abs(value) < 5 * 10**15
        return
    # In integers, because Decimal's default context keeps 28 digits only.
    cents = int(text.replace(",", "").replace(".", ""))
    assert abs(cents * 10**16 - value) <= 5 * 10**15


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("shortfall_e18", 15 * 10**17, "shortfall 1.50"),
        ("age_s", 7_412, "age 7,412 s"),
        ("accounts_count", 3, "accounts 3"),
        ("difference_raw", -12, "difference -12"),
    ],
)
def test_a_named_amount_reads_its_unit_from_its_name(name: str, value: int, text: str) -> None:
    assert amount(name, value) == text
