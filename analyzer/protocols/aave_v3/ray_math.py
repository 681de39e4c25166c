"""Fixed-point arithmetic of Aave V3: unsigned integers, the rounding in every name.

    ray    1e27   indexes and rates          percent   1e4 (bps)   LTV, thresholds, bonus, fees
    wad    1e18   health factor

Without a suffix the result is rounded half up; `_floor` and `_ceil` are plain. Operands are never
negative. Raises: ZeroDivisionError for a divisor of 0 (the contracts revert).
Source: WadRayMath, PercentageMath, MathUtils of `@aave/core-v3` 1.19.3 and
`@aave-dao/aave-v3-origin` 3.6.0.
"""

from __future__ import annotations

from analyzer.model.integers import WAD, ceil_div, floor_div, mul_div_up

RAY = 10**27
HALF_RAY = RAY // 2
PERCENT = 10_000
SECONDS_PER_YEAR = 31_536_000
"""365 days; leap years are ignored."""
MAX_UINT256 = 2**256 - 1
"""The health factor of an account without debt."""


def ray_mul(a: int, b: int) -> int:
    """`a * b / ray`, half up."""
    return (a * b + HALF_RAY) // RAY


def ray_mul_floor(a: int, b: int) -> int:
    """`a * b / ray`, down."""
    return a * b // RAY


def ray_mul_ceil(a: int, b: int) -> int:
    """`a * b / ray`, up."""
    return -(-a * b // RAY)


def ray_div(a: int, b: int) -> int:
    """`a * ray / b`, half up."""
    return (a * RAY + b // 2) // b


def ray_div_floor(a: int, b: int) -> int:
    """`a * ray / b`, down."""
    return floor_div(a * RAY, b)


def ray_div_ceil(a: int, b: int) -> int:
    """`a * ray / b`, up."""
    return ceil_div(a * RAY, b)


def wad_div(a: int, b: int) -> int:
    """`a * wad / b`, half up."""
    return (a * WAD + b // 2) // b


def percent_mul(value: int, percent: int) -> int:
    """`value * percent / 1e4`, half up."""
    return (value * percent + PERCENT // 2) // PERCENT


def percent_mul_floor(value: int, percent: int) -> int:
    """`value * percent / 1e4`, down."""
    return floor_div(value * percent, PERCENT)


def percent_mul_ceil(value: int, percent: int) -> int:
    """`value * percent / 1e4`, up."""
    return mul_div_up(value, percent, PERCENT)


def percent_div(value: int, percent: int) -> int:
    """`value * 1e4 / percent`, half up."""
    return (value * PERCENT + percent // 2) // percent


def percent_div_floor(value: int, percent: int) -> int:
    """`value * 1e4 / percent`, down."""
    return floor_div(value * PERCENT, percent)


def percent_div_ceil(value: int, percent: int) -> int:
    """`value * 1e4 / percent`, up."""
    return mul_div_up(value, PERCENT, percent)


def linear_interest(rate_ray: int, elapsed_s: int) -> int:
    """Growth of a supply index over `elapsed_s` seconds at a yearly rate; ray, 1e27 = none."""
    return RAY + rate_ray * elapsed_s // SECONDS_PER_YEAR


def compound_binomial(rate_ray: int, elapsed_s: int) -> int:
    """Growth of a debt index: three terms of the binomial series in seconds (revisions <= 7)."""
    if elapsed_s == 0:
        return RAY
    squared = ray_mul(rate_ray, rate_ray) // (SECONDS_PER_YEAR * SECONDS_PER_YEAR)
    cubed = ray_mul(squared, rate_ray) // SECONDS_PER_YEAR
    second = elapsed_s * (elapsed_s - 1) * squared // 2
    third = elapsed_s * (elapsed_s - 1) * max(elapsed_s - 2, 0) * cubed // 6
    return RAY + rate_ray * elapsed_s // SECONDS_PER_YEAR + second + third


def compound_taylor(rate_ray: int, elapsed_s: int) -> int:
    """Growth of a debt index: exp(rate * years) to the third power (revisions >= 8)."""
    x = rate_ray * elapsed_s // SECONDS_PER_YEAR
    return RAY + x + ray_mul(x, x // 2 + ray_mul(x, x // 6))
