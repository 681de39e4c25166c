"""How much of a debt one liquidation may repay: both rules, at each of their edges, by hand."""

from __future__ import annotations

import pytest

from analyzer.protocols.aave_v3.value.close_factor import of_reserve_debt, of_whole_debt

JUST_ABOVE, AT = 950_000_000_000_000_001, 950_000_000_000_000_000


def test_before_3_3_half_of_the_reserves_debt_above_095_and_all_of_it_from_there_down() -> None:
    assert of_reserve_debt(1_000, JUST_ABOVE) == 500
    assert of_reserve_debt(1_001, JUST_ABOVE) == 501
    assert of_reserve_debt(1_001, AT) == 1_001


@pytest.mark.parametrize(
    ("health", "collateral_usd", "debt_usd", "whole_debt_usd", "units"),
    [
        # 3,000 tokens of 1 USD; half of a whole debt of 4,000 USD is 2,000 of them.
        (JUST_ABOVE, 5_000, 3_000, 4_000, 2_000),
        (AT, 5_000, 3_000, 4_000, 3_000),
        # A pair with a side below 2,000 USD is closed whole; 2,000 itself is not below.
        (JUST_ABOVE, 1_999, 3_000, 4_000, 3_000),
        (JUST_ABOVE, 2_000, 3_000, 4_000, 2_000),
        # Half of the whole debt covers this reserve's: all of it.
        (JUST_ABOVE, 5_000, 3_000, 6_000, 3_000),
        (JUST_ABOVE, 5_000, 3_000, 5_998, 2_999),
    ],
)
def test_since_3_3_half_of_the_whole_debt_unless_the_pair_is_small_or_the_account_far_gone(
    health: int, collateral_usd: int, debt_usd: int, whole_debt_usd: int, units: int
) -> None:
    usd = 10**8
    found = of_whole_debt(
        debt_usd * 10**6,
        health,
        collateral_value=collateral_usd * usd,
        debt_value=debt_usd * usd,
        whole_debt=whole_debt_usd * usd,
        price=usd,
        unit=10**6,
    )
    assert found == units * 10**6


def test_a_small_debt_is_repaid_whole_and_what_the_limit_buys_is_rounded_down() -> None:
    usd = 10**8
    small = of_whole_debt(
        1_999, JUST_ABOVE, collateral_value=9_000 * usd, debt_value=1_999 * usd,
        whole_debt=2_000 * usd, price=usd, unit=1,
    )  # fmt: skip
    assert small == 1_999
    # 2,000 USD buy 666 tokens of 3 USD and a part of one.
    part = of_whole_debt(
        1_000, JUST_ABOVE, collateral_value=9_000 * usd, debt_value=3_000 * usd,
        whole_debt=4_000 * usd, price=3 * usd, unit=1,
    )  # fmt: skip
    assert part == 666
