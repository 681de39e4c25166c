from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.store.overflow256 import join, split

INT256 = st.integers(-(2**255), 2**255 - 1)
UINT256 = st.integers(0, 2**256 - 1)
EDGES = [0, 1, -1, 2**127 - 1, -(2**127 - 1), 2**127, -(2**127), 2**128, 2**255 - 1, -(2**255)]


@given(INT256 | st.sampled_from(EDGES))
def test_a_signed_integer_comes_back_as_it_was(value: int) -> None:
    assert join(*split(value)) == value


@given(UINT256)
def test_an_unsigned_integer_comes_back_as_it_was(value: int) -> None:
    assert join(*split(value, signed=False), signed=False) == value


@given(INT256)
def test_exactly_what_does_not_fit_127_bits_goes_to_the_overflow(value: int) -> None:
    narrow, wide = split(value)
    assert (narrow is None) == (abs(value) > 2**127 - 1)
    assert (wide is None) == (narrow is not None)
    assert wide is None or len(wide) == 32


@given(INT256, INT256)
def test_overflow_bytes_sort_as_the_numbers_do(one: int, other: int) -> None:
    wide = [(value, split(value)[1]) for value in (one, other)]
    if all(data is not None for _, data in wide):
        assert (one < other) == (wide[0][1] < wide[1][1])


def test_unknown_stays_unknown() -> None:
    assert split(None) == (None, None)
    assert join(None, None) is None


@pytest.mark.parametrize(
    ("value", "signed"),
    [(2**255, True), (-(2**255) - 1, True), (2**256, False), (-(2**127), False)],
)
def test_what_no_word_holds_is_refused_and_not_clipped(value: int, signed: bool) -> None:
    with pytest.raises(OverflowError, match="cannot be stored exactly"):
        split(value, signed=signed)
