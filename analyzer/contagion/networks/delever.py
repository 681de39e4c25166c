"""Fire sales over several steps: institutions that sell to get their leverage back, step by step.

    leverage_targeting   acts whenever leverage is below its target
    threshold            acts only when leverage is below a buffer, and then goes up to the target

Leverage is equity / assets (a share: 0.05 = five percent), as capital rules have it. One step, for
all institutions at the prices of its beginning:

    1  who defaulted in the step before offers everything that it can sell, once
    2  leverage below the minimum: it defaults, and does nothing else in this step
       leverage below the buffer: it has to shrink by assets - equity / target. It repays out of
       cash first; what cash does not cover it raises by offering holdings in proportion to value
    3  the market clears once for all offers: the price falls along its curve by all that is sold in
       the step, and everybody is paid the **midpoint** of the price before and after
    4  what was raised is cash, and repays in the next step

    curve of asset k     price' = price exp(-impact_k sold_k)     sold in units

What holds, and is tested: no price rises; what is sold is no more than what was held; the ledger of
an institution closes (its equity falls by what its holdings lose, by the midpoint on what it sold);
the threshold rule never sells more than leverage targeting of the same target in the first step.

Source: Cifuentes, Ferrucci and Shin 2005 (curve); Cont and Schaanning 2017 (target or threshold);
conventions of the steps as in Farmer, Kleinnijenhuis, Nahai-Williamson and Wetzer 2020, restated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.linear.arrays import Floats, matrix, number, vector

NEVER = -1
"""The step in which an institution defaults that does not."""


@dataclass(frozen=True, slots=True)
class Deleveraging:
    """What the steps come to. Money in the unit of cash."""

    prices: Floats
    """[step + 1, asset]: after the shock, then at the end of each step."""
    sold: Floats
    """[step, asset]: units."""
    repaid: Floats
    """[step, institution]: debt repaid out of cash."""
    defaulted: NDArray[np.int64]
    """[institution]: the step in which it was found below the minimum, from 0; -1 = never."""
    equity: Floats
    """[institution]: in the end."""
    leverage: Floats
    """[institution]: equity / assets in the end; 0 where it has no assets."""

    @property
    def steps(self) -> int:
        """Steps in which something happened."""
        return len(self.sold)


def leverage_targeting(
    holdings: ArrayLike,
    cash: ArrayLike,
    debt: ArrayLike,
    prices: ArrayLike,
    shock: ArrayLike,
    impact: ArrayLike,
    *,
    target: float,
    minimum: float = 0.0,
    steps: int = 100,
) -> Deleveraging:
    """Every institution below `target` shrinks to it, step after step.

    Shape: holdings [institution, asset] in units, not negative; cash, debt [institution]; prices
    before the shock, shock (a change in cash per unit) and impact (1 / unit) [asset]. target,
    minimum: equity / assets. steps: at most so many.

    Raises: ValueError for wrong shapes, entries that are negative or not finite, a target that is
    not above zero and up to 1, a minimum above it, fewer than one step.
    """
    return threshold(
        holdings, cash, debt, prices, shock, impact,
        buffer=target, target=target, minimum=minimum, steps=steps,
    )  # fmt: skip


def threshold(
    holdings: ArrayLike,
    cash: ArrayLike,
    debt: ArrayLike,
    prices: ArrayLike,
    shock: ArrayLike,
    impact: ArrayLike,
    *,
    buffer: float,
    target: float,
    minimum: float = 0.0,
    steps: int = 100,
) -> Deleveraging:
    """An institution below `buffer` shrinks to `target`; above it nobody acts. The rest is as for
    `leverage_targeting`. Raises: ValueError as there, and for minimum <= buffer <= target broken.
    """
    low, act, goal = number("minimum", minimum), number("buffer", buffer), number("target", target)
    if not 0 < goal <= 1 or not low <= act <= goal or steps < 1:
        raise ValueError("0 <= minimum <= buffer <= target <= 1, and at least one step")
    held = matrix("holdings", holdings)
    size, assets = held.shape
    before = vector("prices", prices, length=assets)
    now = vector("prices + shock", before + vector("shock", shock, length=assets, signed=True))
    slope = vector("impact", impact, length=assets)
    money = vector("cash", cash, length=size)
    owed = vector("debt", debt, length=size)
    defaulted = np.full(size, NEVER, dtype=np.int64)
    path, sold, repaid = [now], list[Floats](), list[Floats]()
    for step in range(steps):
        value = held @ now
        total = money + value
        equity = total - owed
        leverage = np.divide(equity, total, out=np.zeros(size), where=total > 0)
        alive = defaulted == NEVER
        failing = alive & (leverage < low)
        acting = alive & ~failing & (leverage < act)
        shrink = np.where(acting, np.clip(total - equity / goal, 0.0, None), 0.0)
        paid = np.minimum(np.minimum(shrink, money), owed)
        share = np.divide(
            np.minimum(shrink - paid, value), value, out=np.zeros(size), where=value > 0
        )
        if step:
            share[defaulted == step - 1] = 1.0
        offered = held * share[:, None]
        if not offered.any() and not paid.any() and not failing.any():
            break
        money, owed = money - paid, owed - paid
        volume = offered.sum(axis=0)
        after = now * np.exp(-slope * volume)
        money = money + offered @ ((now + after) / 2)
        held, now = held - offered, after
        defaulted[failing] = step
        path.append(after)
        sold.append(volume)
        repaid.append(paid)
    total = money + held @ now
    return Deleveraging(
        prices=np.array(path),
        sold=np.array(sold).reshape(-1, assets),
        repaid=np.array(repaid).reshape(-1, size),
        defaulted=defaulted,
        equity=total - owed,
        leverage=np.divide(total - owed, total, out=np.zeros(size), where=total > 0),
    )
