"""Leverage that is brought back to a target: in one linear round, or over several steps.

    spillover     one round: everybody trades back to its leverage, prices answer in a line
    deleverage    steps: who is below a buffer shrinks to its target, who defaults sells everything

`firesale.leverage_targeting` and `firesale.threshold` are the doors to both. Leverage is equity /
assets (a share: 0.05 = five percent), as capital rules have it. One step, for all institutions at
the prices of its beginning:

    1  who defaulted in the step before offers everything that it can sell, once
    2  leverage below the minimum: it defaults, and does nothing else in this step
       leverage below the buffer: it has to shrink by assets - equity / target. It repays out of
       cash first; what cash does not cover it raises by offering holdings in proportion to value
    3  the market clears once for all offers: the price falls along its curve by all that is sold in
       the step, and everybody is paid the **midpoint** of the price before and after
    4  what was raised is cash, and repays in the next step

    curve of asset k     linear         price' = price - impact_k sold_k, not below 0
                         exponential    price' = price exp(-impact_k sold_k)       sold in units

What holds, and is tested: no price rises; what is sold is no more than what was held; the ledger of
an institution closes (its equity falls by what its holdings lose, by the midpoint on what it sold);
a buffer below the target never sells more than the target alone in the first step.

Source: Greenwood, Landier and Thesmar 2015 (one round); Cifuentes, Ferrucci and Shin 2005 (curve);
Cont and Schaanning 2017 (target or threshold); conventions of the steps as in Farmer,
Kleinnijenhuis, Nahai-Williamson and Wetzer 2020, restated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.linear.arrays import Floats, matrix, number, positive, vector

Curve = Literal["linear", "exponential"]

NEVER = -1
"""The step or round in which an institution fails that does not."""

ROUNDING = 1e-12
"""Share of the buffer by which leverage must lack of it: rounding makes nobody sell."""


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


@dataclass(frozen=True, slots=True)
class LeverageSpillover:
    """One round of leverage targeting. Money in the unit of `assets`; losses negative."""

    returns: Floats
    """[institution]: return of its portfolio from the shock, R1 = M f."""
    sales: Floats
    """[asset]: what all trade to get back to their leverage; negative = sold."""
    price_impact: Floats
    """[asset]: return that these trades cause."""
    second_round: Floats
    """[institution]: money gained from that price impact; negative = lost."""
    aggregate_vulnerability: float
    """Share of the equity of all that the spillover costs."""
    systemicness: Floats
    """[institution]: part of it that its own trades cause; they sum to it."""
    indirect_vulnerability: Floats
    """[institution]: share of its own equity that the spillover costs it."""


def deleverage(
    holdings: ArrayLike,
    cash: ArrayLike,
    debt: ArrayLike,
    prices: ArrayLike,
    shock: ArrayLike,
    impact: ArrayLike,
    *,
    buffer: ArrayLike,
    target: ArrayLike,
    minimum: float = 0.0,
    steps: int = 100,
    curve: Curve = "linear",
) -> Deleveraging:
    """An institution below `buffer` shrinks to `target`, step after step; above it nobody acts.

    Shape: holdings [institution, asset] in units, not negative; cash, debt [institution]; prices
    before the shock, shock (a change in cash per unit) and impact [asset] (in cash per unit and
    unit sold for the linear curve, 1 / unit for the exponential one). buffer, target: equity /
    assets, one for all or [institution]; minimum: one for all. steps: at most so many.

    Raises: ValueError for wrong shapes, entries that are negative or not finite, shares that are
    not 0 <= minimum <= buffer <= target <= 1, a target of 0, fewer than one step, another curve.
    """
    if curve not in get_args(Curve):
        raise ValueError(f"curve must be one of {', '.join(get_args(Curve))}, not {curve!r}")
    held = matrix("holdings", holdings)
    size, assets = held.shape
    low = number("minimum", minimum)
    act, goal = _shares("buffer", buffer, size), _shares("target", target, size)
    if (
        (goal <= 0).any()
        or (goal > 1).any()
        or (low > act).any()
        or (act > goal).any()
        or steps < 1
    ):
        raise ValueError("0 <= minimum <= buffer <= target <= 1, and at least one step")
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
        acting = alive & ~failing & (leverage < act * (1 - ROUNDING))
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
        after = (
            now * np.exp(-slope * volume)
            if curve == "exponential"
            else np.maximum(now - slope * volume, 0.0)
        )
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


def _shares(name: str, given: ArrayLike, length: int) -> Floats:
    """One share for all, or one an institution. Raises: ValueError for anything else."""
    if np.ndim(given) == 0:
        return np.full(length, number(name, float(np.asarray(given))))
    return vector(name, given, length=length)


def shares_of_assets(weights: ArrayLike) -> Floats:
    """Weights [institution, asset], checked. Raises: ValueError for rows that do not sum to 1."""
    portfolio = matrix("weights", weights)
    if (abs(portfolio.sum(axis=1) - 1.0) > 1e-9).any():
        raise ValueError(f"rows of weights must sum to 1, not {portfolio.sum(axis=1)}")
    return portfolio


def spillover(
    weights: ArrayLike, assets: ArrayLike, equity: ArrayLike, impact: ArrayLike, shock: ArrayLike
) -> LeverageSpillover:
    """What it costs when every institution sells to return to its leverage after a shock.

        R1 = M f                    sales        = M' (a b R1)
        price impact = L sales      second round = a M (price impact)

    Shape: weights M [institution, asset] (shares of its assets, rows sum to 1), assets a, equity
    [institution], impact L and shock f [asset]. Leverage b = (a - equity) / equity.

    Units: assets and equity in one currency, `shock` as return (-0.02 = -2 %), `impact` as return
    per unit of currency sold. Linear: one round, no floor, no default.

    Raises: ValueError for wrong shapes, entries that are not finite, negative weights or impact,
    rows of weights that do not sum to 1 (within 1e-9), equity not above zero or above assets.

    Source: Greenwood, Landier and Thesmar 2015; vector R14.
    """
    portfolio = shares_of_assets(weights)
    institutions, kinds = portfolio.shape
    size = vector("assets", assets, length=institutions)
    own = positive("equity", vector("equity", equity, length=institutions))
    slope = vector("impact", impact, length=kinds)
    returns = portfolio @ vector("shock", shock, length=kinds, signed=True)
    if (own > size).any():
        raise ValueError("equity above assets: a leverage below zero has no target to sell for")

    rebalanced = size * (size - own) / own * returns
    own_sales = portfolio * rebalanced[:, None]
    sales = own_sales.sum(axis=0)
    price_impact = slope * sales
    second_round = size * (portfolio @ price_impact)
    # What one unit of return on each asset is worth to all institutions together.
    exposed = size @ portfolio
    total = float(own.sum())
    return LeverageSpillover(
        returns=returns,
        sales=sales,
        price_impact=price_impact,
        second_round=second_round,
        aggregate_vulnerability=-float(second_round.sum()) / total,
        systemicness=-(own_sales @ (slope * exposed)) / total,
        indirect_vulnerability=-second_round / own,
    )
