"""The best liquidation in two steps where the discount is fixed.

    liquidatable     D > LT C
    one step         repays CF D, for a profit of LS times that
    two steps        r1 = (D - LT C) / (1 - LT (1 + LS))   the most that leaves it liquidatable
                     r2 = CF (D - r1)

A close factor of the rest after the first step is more than a close factor of the whole, so two
steps earn more, and the borrower loses more. Amounts are values; prices stand still between steps.

Source: Qin, Zhou, Gamito, Jovanovic and Gervais 2021 (R10).
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FixedSpread:
    """What a liquidator repays and earns. single: the profit of one step to the close factor."""

    r1: float
    r2: float
    profit: float
    single: float


def fixed_spread(C: float, D: float, LT: float, LS: float, CF: float) -> FixedSpread:  # noqa: N803
    """The two steps of one account. C, D: value of collateral and debt; LT: liquidation threshold;
    LS: the spread (bonus); CF: close factor, at most 1.

    r1 is between 0 and CF D, and 0 where the account cannot be liquidated; repaying is bounded by
    the collateral: nobody repays what there is nothing to seize for.

    Raises: ValueError for parameters that are none, or LT (1 + LS) >= 1: there a liquidation takes
    the account further down, and the first step is bounded by the close factor alone.
    """
    for name, value in (("C", C), ("D", D), ("LT", LT), ("LS", LS), ("CF", CF)):
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} has to be a number from 0, not {value!r}")
    if CF > 1:
        raise ValueError(f"a close factor is at most 1, not {CF!r}")
    if LT * (1 + LS) >= 1:
        raise ValueError(f"LT (1 + LS) has to be below 1, it is {LT * (1 + LS):g}")
    if LT * C >= D:
        return FixedSpread(0.0, 0.0, 0.0, 0.0)
    most = C / (1 + LS)
    first = min((D - LT * C) / (1 - LT * (1 + LS)), CF * D, most)
    second = min(CF * (D - first), most - first)
    return FixedSpread(first, second, LS * (first + second), LS * min(CF * D, most))
