"""Scaled balances and amounts: what a token's balance is, and how an event changed it.

    balance = scaled * index / ray          supply (aToken) and debt (variable debt token)

Half up before revision 9; from it on supply down and debt up (f below). An event of a token gives
no scaled change. Let q be what it did to the balance apart from interest:

    Mint  q = value - balanceIncrease           Burn  q = -(value + balanceIncrease)

half up:  change = +-ray_div(|q|, index)
directed: change = the one integer d with f(scaled + d) - f(scaled) = q. It depends on the running
          scaled balance; dividing q in a fixed direction is off by one in many events.

Amounts in the token's own decimals, indexes in ray.
Source: ScaledBalanceTokenBase, TokenMath; spec section 9.
"""

from __future__ import annotations

from enum import Enum

from analyzer.protocols.aave_v3.ray_math import (
    ray_div,
    ray_div_ceil,
    ray_div_floor,
    ray_mul,
    ray_mul_ceil,
    ray_mul_floor,
)
from analyzer.protocols.aave_v3.revisions import Rules


class Side(Enum):
    """Which of a reserve's scaled tokens."""

    SUPPLY = "supply"
    DEBT = "debt"


class InexplicableChangeError(ValueError):
    """No change of the scaled balance makes this event. `nearest` is the closest one."""

    def __init__(self, text: str, nearest: int) -> None:
        super().__init__(text)
        self.nearest = nearest


def balance_of(rules: Rules, side: Side, scaled: int, index_ray: int) -> int:
    """The balance that a scaled balance stands for at an index."""
    if not rules.directed:
        return ray_mul(scaled, index_ray)
    return (
        ray_mul_floor(scaled, index_ray) if side is Side.SUPPLY else ray_mul_ceil(scaled, index_ray)
    )


def scaled_taken(rules: Rules, side: Side, amount: int, index_ray: int) -> int:
    """What burning (or transferring) `amount` takes from the scaled balance: against the holder
    where roundings are directed, so supply up and debt down."""
    if not rules.directed:
        return ray_div(amount, index_ray)
    return (
        ray_div_ceil(amount, index_ray) if side is Side.SUPPLY else ray_div_floor(amount, index_ray)
    )


def scaled_minted(rules: Rules, side: Side, amount: int, index_ray: int) -> int:
    """What minting `amount` adds to the scaled balance: supply down and debt up where directed."""
    if not rules.directed:
        return ray_div(amount, index_ray)
    return (
        ray_div_floor(amount, index_ray) if side is Side.SUPPLY else ray_div_ceil(amount, index_ray)
    )


def scaled_change(rules: Rules, side: Side, *, scaled: int, change: int, index_ray: int) -> int:
    """How a Mint or Burn moved a scaled balance that was `scaled`.

    change: q above. Raises: InexplicableChangeError where directed roundings admit no integer.
    """
    if change == 0:
        return 0
    if not rules.directed:
        moved = ray_div(abs(change), index_ray)
        return moved if change > 0 else -moved
    target = balance_of(rules, side, scaled, index_ray) + change
    # The smallest balance that rounds to the target, seen from the side that rounding comes from.
    after = (
        ray_div_ceil(target, index_ray) if side is Side.SUPPLY else ray_div_floor(target, index_ray)
    )
    if balance_of(rules, side, after, index_ray) != target:
        raise InexplicableChangeError(
            f"no scaled balance is worth {target} at index {index_ray}", after - scaled
        )
    return after - scaled
