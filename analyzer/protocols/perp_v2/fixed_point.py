"""The protocol's fixed-point arithmetic, each operation with the contract's own rounding.

Units: 18-decimal integers unless a name says otherwise; ratios are uint24 with 1e6 = 100 %; X96
values are integers times 2**96. Python integers have no width: where the contract would revert
because a value does not fit, the caller checks it.
Source: `lib/PerpMath.sol`, `lib/SettlementTokenMath.sol` of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from analyzer.model.integers import WAD, ceil_div, floor_div, mul_div
from analyzer.protocols.kit.ticks import Q96 as Q96
from analyzer.protocols.kit.ticks import Q128 as Q128

RATIO_ONE = 1_000_000
"""100 % as a uint24 ratio."""


def mul_ratio(value: int, ratio: int) -> int:
    """`value * ratio / 1e6`, truncated toward zero (signed and unsigned alike)."""
    return mul_div(value, ratio, RATIO_ONE)


def div_ratio(value: int, ratio: int) -> int:
    """`value * 1e6 / ratio` for `value` >= 0, rounded down. Raises: ZeroDivisionError at 0 %."""
    return floor_div(value * RATIO_ONE, ratio)


def power_of_ten(exponent: int) -> int:
    """10 ** `exponent` (>= 0), as an integer to the type checker too."""
    power: int = 10**exponent
    return power


def to_settlement(amount_e18: int, decimals: int) -> int:
    """18 decimals to the settlement token's, rounded toward minus infinity: -1 wei is -1 unit."""
    return floor_div(amount_e18, power_of_ten(18 - decimals))


def from_settlement(amount: int, decimals: int) -> int:
    """The settlement token's decimals (at most 18) to 18: exact."""
    return amount * power_of_ten(18 - decimals)


def convert_decimals(amount: int, from_decimals: int, to_decimals: int) -> int:
    """An amount in other decimals, rounded toward minus infinity where digits are lost."""
    if from_decimals > to_decimals:
        return floor_div(amount, power_of_ten(from_decimals - to_decimals))
    return amount * power_of_ten(to_decimals - from_decimals)


def price_x96_from_sqrt(sqrt_price_x96: int) -> int:
    """Price X96 of a sqrt price X96: floor(s * s / 2**96)."""
    return sqrt_price_x96 * sqrt_price_x96 // Q96


def x96_to_e18(value_x96: int) -> int:
    """X96 to 18 decimals, rounded down (`value_x96` >= 0)."""
    return value_x96 * WAD // Q96


def e18_to_x96(value_e18: int) -> int:
    """18 decimals to X96, rounded down (`value_e18` >= 0)."""
    return value_e18 * Q96 // WAD


def price_e18_from_sqrt(sqrt_price_x96: int) -> int:
    """Price in 18 decimals of a sqrt price X96: rounded down twice, as the contract does."""
    return x96_to_e18(price_x96_from_sqrt(sqrt_price_x96))


def token_value_e18(amount: int, token_decimals: int, price: int, feed_decimals: int) -> int:
    """Value in 18 decimals of `amount` >= 0 of a token at `price` (feed decimals), rounded down.

    Up to 18 token decimals the amount is scaled first and then multiplied; above, multiplied
    first and then scaled down: the order decides the last digit.
    """
    if token_decimals > 18:
        return convert_decimals(amount * price // power_of_ten(feed_decimals), token_decimals, 18)
    return convert_decimals(amount, token_decimals, 18) * price // power_of_ten(feed_decimals)


def token_amount_for_value(
    value_e18: int, token_decimals: int, price: int, feed_decimals: int
) -> int:
    """Token amount worth `value_e18` >= 0 at `price` > 0 (feed decimals).

    Rounded up in the division by the price, then down to the token's decimals (up to 18
    decimals); above 18 the value is scaled up first and only the division rounds (up).
    """
    one = power_of_ten(feed_decimals)
    if token_decimals > 18:
        return ceil_div(convert_decimals(value_e18, 18, token_decimals) * one, price)
    return convert_decimals(ceil_div(value_e18 * one, price), 18, token_decimals)


def median_of_three(first: int, second: int, third: int) -> int:
    """The middle one of three values."""
    return max(min(first, second), min(max(first, second), third))
