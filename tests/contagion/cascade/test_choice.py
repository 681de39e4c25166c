"""The largest amount that pays, on profits that can be solved by hand or are tried one by one."""

from __future__ import annotations

from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.cascade.choice import PARTS, largest_paying


def bonus_less_slippage(bonus: int, slope: int, fixed: int = 0):  # type: ignore[no-untyped-def]
    """bonus x - x**2 / slope - fixed."""
    return lambda amount: bonus * amount - amount * amount // slope - fixed


def test_all_is_taken_where_all_pays() -> None:
    assert largest_paying(10**24, bonus_less_slippage(5, 10**30)) == 10**24
    assert largest_paying(1, lambda amount: 0) == 1


def test_nothing_is_taken_where_the_first_unit_costs() -> None:
    assert largest_paying(10**24, bonus_less_slippage(-1, 10**18)) == 0
    assert largest_paying(1, lambda amount: -1) == 0


@given(st.integers(1, 10**30), st.integers(0, 10**20), st.integers(1, 10**30))
def test_the_end_of_what_pays_is_found_to_one_part_in_a_million(
    most: int, bonus: int, slope: int
) -> None:
    profit = bonus_less_slippage(bonus, slope)
    found = largest_paying(most, profit)
    end = min(bonus * slope, most)  # bonus x = x**2 / slope
    assert found <= end + slope
    assert found == 0 or profit(found) >= 0
    if end > most // PARTS * 2 and end > 1:
        assert end - found <= max(most // PARTS, 1) + slope


@given(st.integers(1, 99), st.integers(10**18, 10**21))
def test_with_a_fixed_cost_the_upper_root_is_found(share_of_the_peak: int, most: int) -> None:
    """bonus x - x**2 / slope = fixed, where fixed is a share of the largest gain; the peak may lie
    anywhere between two of the halves of `most`."""
    bonus, slope = 10**6, 10**12
    fixed = bonus * bonus * slope // 4 * share_of_the_peak // 100
    root = (bonus * slope + isqrt((bonus * slope) ** 2 - 4 * slope * fixed)) // 2
    found = largest_paying(most, bonus_less_slippage(bonus, slope, fixed), fixed)
    assert 0 <= root - found <= most // PARTS


def test_a_fixed_cost_beyond_the_largest_gain_is_never_earned() -> None:
    bonus, slope = 10**6, 10**12
    fixed = bonus * bonus * slope // 4 * 101 // 100
    assert largest_paying(10**20, bonus_less_slippage(bonus, slope, fixed), fixed) == 0


class Asked:
    """A profit that counts how often it is asked for."""

    def __init__(self, profit):  # type: ignore[no-untyped-def]
        self.profit, self.times = profit, 0

    def __call__(self, amount: int) -> int | None:
        self.times += 1
        return self.profit(amount)  # type: ignore[no-any-return]


@pytest.mark.parametrize("share_of_the_peak", [400, 1_000, 10**9])
def test_costs_far_beyond_the_largest_gain_are_seen_without_a_search(
    share_of_the_peak: int,
) -> None:
    """The neighbours of the best amount bound the peak: nobody looks for it."""
    bonus, slope = 10**6, 10**12
    fixed = bonus * bonus * slope // 4 * share_of_the_peak // 100
    asked = Asked(bonus_less_slippage(bonus, slope, fixed))
    assert largest_paying(bonus * slope * 3, asked, fixed) == 0
    assert asked.times <= 6


def test_where_only_all_may_be_closed_no_part_is_searched_for() -> None:
    asked = Asked(lambda amount: 40 - 50 if amount == 10**9 else None)
    assert largest_paying(10**9, asked, 50) == 0
    assert asked.times <= 4


def test_what_is_too_small_to_be_closed_hides_no_larger_amount() -> None:
    """Of 2**20 amounts below 5 are no unit of a token, and from 2**14 on too little is left."""

    def profit(amount: int) -> int | None:
        if amount == 2**20:
            return -1
        return None if amount < 5 or amount >= 2**14 else 0

    assert 2**14 - 2 <= largest_paying(2**20, profit) < 2**14


def test_what_may_not_be_left_over_is_never_left() -> None:
    """Of 1,000 at least 300 have to stay, or nothing; closing all costs too much."""

    def profit(amount: int) -> int | None:
        if 700 < amount < 1000:
            return None
        return 10 - amount if amount == 1000 else 1

    assert largest_paying(1000, profit) == 700


@given(st.integers(1, 10**24), st.integers(1, 10**6), st.integers(10**6, 10**20), st.data())
def test_a_fixed_cost_is_earned_where_the_largest_gain_is_above_it_and_by_nothing_else(
    most: int, bonus: int, slope: int, data: st.DataObject
) -> None:
    """Of bonus x - x**2 / slope the largest is at bonus x slope / 2, or at the end."""
    top = max(min(bonus * slope // 2, most), 1)
    largest = bonus_less_slippage(bonus, slope)(top)
    fixed = data.draw(st.integers(0, 2 * max(largest, 1)))
    profit = bonus_less_slippage(bonus, slope, fixed)
    found = largest_paying(most, profit, fixed)
    assert found == 0 or profit(found) >= 0
    if fixed > largest:
        assert found == 0
    elif fixed * 100 <= largest * 99 and top >= most >> 10:
        assert found >= top * 99 // 100


def test_a_small_position_that_never_earns_its_gas_is_asked_a_few_times_only() -> None:
    asked: list[int] = []

    def profit(amount: int) -> int:
        asked.append(amount)
        return amount // 40 - 5 * 10**18

    assert largest_paying(10**20, profit, 5 * 10**18) == 0  # 2.5 of 100 is below 5
    assert len(asked) <= 5
