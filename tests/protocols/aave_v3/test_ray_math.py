"""Fixed-point arithmetic: against numbers that others published, and as the contracts round."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

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
    wad_div,
)


def test_a_published_account_of_three_assets_comes_out_to_eighteen_digits(shared: Path) -> None:
    """aave-utilities: one account, its indexes, and the official summary with 20 decimals."""
    folder = shared / "data" / "aave_math_utils_vectors"
    vector = json.loads((folder / "aave_v2_format_user_summary.json").read_text())
    request, expected = vector["request"], vector["expected"]
    now = request["currentTimestamp"]
    collateral = debt = weighted = weighted_ltv = Fraction(0)
    for user in request["rawUserReserves"].values():
        supplied, owed = _balances(user, now)
        facts = user["reserve"]
        price = Fraction(int(facts["price"]["priceInEth"]), 10**18)
        unit = 10 ** facts["decimals"]
        value = supplied * price / unit
        collateral += value
        debt += owed * price / unit
        weighted += value * Fraction(int(facts["reserveLiquidationThreshold"]), 10_000)
        weighted_ltv += value * Fraction(int(facts["baseLTVasCollateral"]), 10_000)
    rebuilt = {
        "totalCollateralETH": collateral,
        "totalBorrowsETH": debt,
        "currentLiquidationThreshold": weighted / collateral,
        "currentLoanToValue": weighted_ltv / collateral,
        "availableBorrowsETH": weighted_ltv - debt,
        "healthFactor": weighted / debt,
    }
    distances = {name: abs(Fraction(expected[name]) - value) for name, value in rebuilt.items()}
    assert {name: d for name, d in distances.items() if d >= Fraction(1, 10**18)} == {}


def _balances(user: dict[str, Any], now: int) -> tuple[int, int]:
    """(supplied, owed) of one reserve with interest to `now`."""
    facts = user["reserve"]
    elapsed = now - facts["lastUpdateTimestamp"]
    supply = ray_mul(
        linear_interest(int(facts["liquidityRate"]), elapsed), int(facts["liquidityIndex"])
    )
    debt = ray_mul(
        compound_binomial(int(facts["variableBorrowRate"]), elapsed),
        int(facts["variableBorrowIndex"]),
    )
    return (
        ray_mul(int(user["scaledATokenBalance"]), supply),
        ray_mul(int(user["scaledVariableDebt"]), debt),
    )


@pytest.mark.parametrize(
    ("function", "a", "b", "result"),
    [
        (ray_mul, 1, RAY // 2, 1),
        (ray_mul, 1, RAY // 2 - 1, 0),
        (ray_mul_floor, 3, RAY // 2, 1),
        (ray_mul_ceil, 3, RAY // 2, 2),
        (ray_mul_ceil, 2, RAY, 2),
        (ray_div, 1, 2 * RAY, 1),
        (ray_div, 1, 2 * RAY + 2, 0),
        (ray_div_floor, 5, 2 * RAY, 2),
        (ray_div_ceil, 5, 2 * RAY, 3),
        (wad_div, 2, 3, 666_666_666_666_666_667),
        (percent_mul, 1, 5_000, 1),
        (percent_mul, 1, 4_999, 0),
        (percent_mul_floor, 3, 5_000, 1),
        (percent_mul_ceil, 3, 5_000, 2),
        (percent_div, 105, 10_500, 100),
        (percent_div, 1, 10_500, 1),
        (percent_div_floor, 1, 10_500, 0),
        (percent_div_ceil, 105, 10_500, 100),
        (percent_div_ceil, 106, 10_500, 101),
    ],
)
def test_the_rounding_is_the_one_in_the_name(function: Any, a: int, b: int, result: int) -> None:
    assert function(a, b) == result


@pytest.mark.parametrize("function", [ray_div, wad_div, percent_div, percent_div_ceil])
def test_a_divisor_of_nothing_is_an_error(function: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        function(1, 0)


def test_interest_of_a_year_at_ten_percent() -> None:
    rate = RAY // 10
    assert linear_interest(rate, SECONDS_PER_YEAR) == 1_100_000_000_000_000_000_000_000_000
    # exp(0.1) = 1.10517091807...; the series stop at the third power.
    assert compound_taylor(rate, SECONDS_PER_YEAR) == 1_105_166_666_666_666_666_666_666_667
    # The third power of a rate per second is only 31 ray units: its truncation shows.
    assert compound_binomial(rate, SECONDS_PER_YEAR) == 1_105_162_042_821_782_412_575_504_000


@pytest.mark.parametrize("series", [compound_binomial, compound_taylor])
def test_no_time_is_no_interest(series: Any) -> None:
    assert series(RAY, 0) == RAY
    assert series(0, 1_000_000) == RAY
