"""How much of a closure a rational liquidator takes: the largest amount that does not cost it.

Profit is concave in the amount: what the protocol pays is in proportion to it, sales fetch less and
purchases cost more the further they go along their curves, and the rest is fixed. So the amounts
that pay are one range, and its upper end is found by halving, on integers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

PARTS = 10**6
"""The answer is right to one part in so many of the largest amount."""
HALVINGS = 20
"""2**20 is PARTS, about: a smaller amount than the last half is not looked for."""
GOLDEN_STEPS = 30
"""Of the search for the peak: 0.618**30 is 5e-7."""
_GOLDEN = (618_034, 1_000_000)
_CLOSE = 100
"""A profit that may be within this part of the fixed costs below zero is looked at closely: small
amounts are rounded to the units of their tokens."""

Profit = Callable[[int], int | None]
"""What an amount gains, 18 decimals; None where it may not be closed."""


def largest_paying(most: int, profit: Profit, fixed_e18: int = 0) -> int:
    """The largest amount from 1 to `most` whose profit is not negative, to one part in a million
    of `most` and never above it; 0 when there is none.

    fixed_e18: the part of the costs in `profit` that is the same for every amount.
    """
    tried: dict[int, int] = {}  # amount -> profit, of those that may be closed

    def pays(amount: int) -> bool:
        found = profit(amount)
        if found is not None:
            tried[amount] = found
        return found is not None and found >= 0

    if pays(most):
        return most
    first = max(most >> HALVINGS, 1)
    if not pays(first) and tried.get(first, 0) + fixed_e18 < 0:
        return 0  # not even the first unit pays for itself, and later ones pay less
    low = _paying_half(most, pays, tried)
    if not low and fixed_e18 and _may_pay(most, tried, fixed_e18):
        peak = _peak(most, profit, fixed_e18)
        low = peak if peak and pays(peak) else 0
    if not low:
        return 0
    high, enough = min(2 * low + 1, most), max(most // PARTS, 1)
    while high < most and pays(high):
        low, high = high, min(2 * high, most)
    while high - low > enough:
        middle = (low + high) // 2
        low, high = (middle, high) if pays(middle) else (low, middle)
    return low


def _paying_half(most: int, pays: Callable[[int], bool], tried: Mapping[int, int]) -> int:
    """The largest of the halves that pays; 0 when none does, which is known as soon as the next
    smaller one loses more: below the peak every amount gains less than a larger one."""
    halves = _halves(most)
    if halves and not tried.keys() - {most}:
        # Not even the smallest may be closed. What may not lies above what may, so no part may be,
        # unless that one was too small to be a unit of some token: two others tell.
        if pays(halves[0]):
            return halves[0]
        if not pays(halves[len(halves) // 2]) and not tried.keys() - {most}:
            return 0
    above = tried.get(most)
    for amount in halves:
        if pays(amount):
            return amount
        found = tried.get(amount)
        if found is not None and above is not None and found < above:
            break
        above = found
    return 0


def _may_pay(most: int, tried: Mapping[int, int], fixed_e18: int) -> bool:
    """Whether the peak of the profit can lie at or above zero, by what amounts came to so far.

    A concave curve lies below each line through two of its points, outside of these two; so the
    best amount's neighbours bound the peak. When only `most` may be closed, there is no other.
    """
    points = [(0, -fixed_e18), *sorted(tried.items())]
    if all(amount in (0, most) for amount, _ in points):
        return False
    best = max(range(1, len(points)), key=lambda i: points[i][1])
    amount, bound = points[best]
    if best > 1:
        bound = max(bound, _extended(points[best - 2], points[best - 1], amount))
    if amount < most:
        end = points[best + 1][0] if best + 1 < len(points) else min(2 * amount + 1, most)
        bound = max(bound, _extended(points[best - 1], points[best], end))
    return bound >= -(fixed_e18 // _CLOSE)


def _extended(one: tuple[int, int], other: tuple[int, int], amount: int) -> int:
    """The line through two points, at an amount beyond both."""
    slope_over, way = other[1] - one[1], other[0] - one[0]
    return other[1] + slope_over * (amount - other[0]) // way


def _halves(most: int) -> list[int]:
    """`most` halved, again and again."""
    return [most >> n for n in range(1, HALVINGS + 1) if most >> n]


def _peak(most: int, profit: Profit, fixed_e18: int) -> int:
    """Where profit is largest, by golden sections; 0 as soon as it is seen to lie below zero, as
    in `_may_pay`. What may not be closed lies above the rest."""
    low, high = (0, -fixed_e18), most
    for _ in range(GOLDEN_STEPS):
        part = (high - low[0]) * _GOLDEN[0] // _GOLDEN[1]
        left, right = high - part, low[0] + part
        if left >= right:
            break
        at_left, at_right = profit(left), profit(right)
        if at_left is None or at_right is None:
            high = right
            continue
        one, other = (left, at_left), (right, at_right)
        bound = max(_extended(low, one, right), _extended(one, other, high))
        if max(bound, _extended(other, one, low[0])) < -(fixed_e18 // _CLOSE):
            return 0
        if at_left < at_right:
            low = one
        else:
            high = right
    return max((low[0] + high) // 2, 1)
