"""How much of a closure a rational liquidator takes: the largest amount that does not cost it.

Profit is concave in the amount: what the protocol pays is in proportion to it, sales fetch less and
purchases cost more the further they go along their curves, and the rest is fixed. So the amounts
that pay are one range, and its upper end is found by halving, on integers.
"""

from __future__ import annotations

from collections.abc import Callable

PARTS = 10**6
"""The answer is right to one part in so many of the largest amount."""
HALVINGS = 20
"""2**20 is PARTS, about: a smaller amount than the last half is not looked for."""
GOLDEN_STEPS = 30
"""Of the search for the peak: 0.618**30 is 5e-7."""
_GOLDEN = (618_034, 1_000_000)

Profit = Callable[[int], int | None]
"""What an amount gains, 18 decimals; None where it may not be closed."""


def largest_paying(most: int, profit: Profit, fixed_e18: int = 0) -> int:
    """The largest amount from 1 to `most` whose profit is not negative, to one part in a million
    of `most` and never above it; 0 when there is none.

    fixed_e18: the part of the costs in `profit` that is the same for every amount.
    """

    def pays(amount: int) -> bool:
        found = profit(amount)
        return found is not None and found >= 0

    if pays(most):
        return most
    low = _some_that_pays(most, profit, fixed_e18)
    if not low:
        return 0
    high, enough = min(2 * low + 1, most), max(most // PARTS, 1)
    while high < most and pays(high):
        low, high = high, min(2 * high, most)
    while high - low > enough:
        middle = (low + high) // 2
        low, high = (middle, high) if pays(middle) else (low, middle)
    return low


def _some_that_pays(most: int, profit: Profit, fixed_e18: int) -> int:
    """The largest half of a half of `most` that pays, or where profit is largest; 0 when neither
    does. `most` itself does not."""
    first = max(most >> HALVINGS, 1)
    least = profit(first)
    if least is not None and least + fixed_e18 < 0:
        return 0  # not even the first unit pays for itself, and later ones pay less
    best_e18: int | None = -fixed_e18
    for amount in _halves(most):
        if least is not None and 2 * (least + fixed_e18) * amount < fixed_e18 * first:
            break  # twice of what the first unit gains, for all of it, does not pay the fixed part
        found = profit(amount)
        if found is not None and found >= 0:
            return amount
        best_e18 = None if found is None or best_e18 is None else max(best_e18, found)
    # Up to the next half, or to `most`, nothing gains more than twice of what a half gains.
    if best_e18 is not None and 2 * (best_e18 + fixed_e18) < fixed_e18:
        return 0
    peak = _peak(most, profit) if fixed_e18 else 0
    found = profit(peak) if peak else None
    return peak if found is not None and found >= 0 else 0


def _halves(most: int) -> list[int]:
    """`most` halved, again and again."""
    return [most >> n for n in range(1, HALVINGS + 1) if most >> n]


def _peak(most: int, profit: Profit) -> int:
    """Where profit is largest, by golden sections. What may not be closed lies above the rest."""
    low, high = 0, most
    for _ in range(GOLDEN_STEPS):
        part = (high - low) * _GOLDEN[0] // _GOLDEN[1]
        left, right = high - part, low + part
        if left >= right:
            break
        at_left, at_right = profit(left), profit(right)
        if at_left is not None and at_right is not None and at_left < at_right:
            low = left
        else:
            high = right
    return max((low + high) // 2, 1)
