"""Fire sales over a holdings matrix: who sells because prices fell, and what that does to prices.

Two models, for accounts i and assets k:

    threshold            i is closed out when equity < maintenance rate * |holdings| * prices, or
                         shrinks to a target where it has one
    leverage_targeting   every i trades back to its leverage after any loss, in one linear round or
                         over several steps

Protocols act on thresholds; leverage targeting sells without any breach and so says far too much
for a small shock: it is an upper indicator, never a forecast.

The threshold cascade, round by round, from the shocked prices and V = 0:

    equity_i = cash_i + holdings_i . P         closed: equity_i < sum_k rate_k |holdings_ik| P_k
    V       += sum of the holdings closed      (signed: a closed short buys)
    P'       = price at V                      linear: shocked - impact V, not below 0
                                               exponential: shocked exp(-impact V)
    cash_i  += holdings_i . average price along the curve; holdings_i = 0, for good

What holds, and is tested: it ends within one closing round an account; the ledger closes (accounts,
buyers and the fall of all that is held sum to 0); without impact there is one round at most;
permutation and proportional splits of accounts change nothing. With **long-only** holdings a larger
shock never leaves a higher price or fewer failures, and failures and final prices do not depend on
the order of closing.

What does **not** hold, and is shown by a test each: with shorts neither of these two, since a
closed short buys and lifts others; and the total bad debt depends on the order even long-only
(who sells first gets the better price). Give an `order` to see the range.

Source: Cifuentes, Ferrucci and Shin 2005; Greenwood, Landier and Thesmar 2015; vectors R14-R16.
What a step does is in `delever`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.linear.arrays import Floats, matrix, positive, vector
from analyzer.contagion.networks.delever import (
    NEVER,
    Curve,
    Deleveraging,
    LeverageSpillover,
    deleverage,
    shares_of_assets,
    spillover,
)

BREACH_TOLERANCE = 1e-12
"""Share of an account's gross value (|cash| + |holdings| . P) by which it must lack margin:
rounding closes nobody."""

NETTING_TOLERANCE = 1e-12
"""Share of what was closed in a round below which what is left after netting is rounding."""


@dataclass(frozen=True, slots=True)
class FireSale:
    """A threshold cascade, round by round. Amounts in the unit of cash, before any waterfall."""

    prices: Floats
    """[round + 1, asset]: after the shock, then at the end of each closing round."""
    executed: Floats
    """[round, asset]: average price at which that round's closings traded."""
    sold: Floats
    """[round, asset]: net units sold in the round; negative = bought."""
    failed_round: NDArray[np.int64]
    """[account]: round in which it was closed, from 0; -1 = never."""
    equity: Floats
    """[account]: at the final prices; what a closed account has left, negative = bad debt."""
    exogenous_loss: Floats
    """[account]: loss from the shock itself, negative = gain."""

    @property
    def rounds(self) -> int:
        """Closing rounds."""
        return len(self.executed)

    @property
    def bad_debt(self) -> Floats:
        """[account]: what a closed account lacks, not negative. A stock, once for each account."""
        return np.where(self.failed_round >= 0, np.maximum(-self.equity, 0.0), 0.0)


@overload
def threshold(
    holdings: ArrayLike,
    cash: ArrayLike,
    prices: ArrayLike,
    shock: ArrayLike,
    impact: ArrayLike,
    maintenance: ArrayLike,
    *,
    curve: Curve = "linear",
    order: Sequence[int] | None = None,
) -> FireSale: ...


@overload
def threshold(
    holdings: ArrayLike,
    cash: ArrayLike,
    prices: ArrayLike,
    shock: ArrayLike,
    impact: ArrayLike,
    maintenance: float,
    *,
    curve: Curve = "linear",
    debt: ArrayLike,
    buffer: ArrayLike,
    target: ArrayLike,
    steps: int = 100,
) -> Deleveraging: ...


def threshold(
    holdings: ArrayLike,
    cash: ArrayLike,
    prices: ArrayLike,
    shock: ArrayLike,
    impact: ArrayLike,
    maintenance: ArrayLike,
    *,
    curve: Curve = "linear",
    order: Sequence[int] | None = None,
    debt: ArrayLike | None = None,
    buffer: ArrayLike | None = None,
    target: ArrayLike | None = None,
    steps: int = 100,
) -> FireSale | Deleveraging:
    """The cascade in which who is below a threshold sells, round after round.

    Without `target` every account below `maintenance` is closed in full, in the round that finds
    it. With it (and `debt` and `buffer`) an institution below `buffer` shrinks to `target`, out of
    cash first, and one below `maintenance` defaults and sells everything in the next step
    (`delever.deleverage`); `maintenance` is then one number, equity / assets. Execution is at the
    average along the curve in a closing, at the midpoint in a step: for a linear curve the same.

    Shape: holdings [account, asset] (units; negative = short, which only a closing knows), cash
    [account] (negative = debt where there is no `debt`), prices, shock, impact and maintenance
    [asset].

    Units: `prices` before the shock and `shock` (a change, -8 takes 100 to 92) in cash per unit;
    `impact` in cash per unit and unit sold for the linear curve, 1 / unit sold (one over the
    depth) for the exponential one; `maintenance` as a share of |holdings| x price, 0.05 = 5 %.
    No penalty, no waterfall; float64.

    Batch by default: all in breach at the prices of a round are closed in it. With `order` (every
    account once) a round closes only the first of them in that order.

    Raises: ValueError for wrong shapes, entries that are not finite, negative prices (before or
    after the shock), impact or maintenance, an unknown curve, an order that is no permutation, some
    but not all of debt, buffer and target, an order together with them.

    Source: vectors R15 and R16; of the steps see `delever`.
    """
    if debt is None and buffer is None and target is None:
        return _closings(holdings, cash, prices, shock, impact, maintenance, curve, order)
    if debt is None or buffer is None or target is None or order is not None:
        raise ValueError("steps need debt, buffer and target, all three, and know no order")
    if np.ndim(maintenance):
        raise ValueError("maintenance is one number where there is a target: equity / assets")
    return deleverage(
        holdings, cash, debt, prices, shock, impact, buffer=buffer, target=target,
        minimum=float(np.asarray(maintenance)), steps=steps, curve=curve,
    )  # fmt: skip


def _closings(
    holdings: ArrayLike,
    cash: ArrayLike,
    prices: ArrayLike,
    shock: ArrayLike,
    impact: ArrayLike,
    maintenance: ArrayLike,
    curve: Curve,
    order: Sequence[int] | None,
) -> FireSale:
    """The cascade of full closings (see `threshold`)."""
    start = _Start.of(holdings, cash, prices, shock, impact, maintenance)
    if curve not in get_args(Curve):
        raise ValueError(f"curve must be one of {', '.join(get_args(Curve))}, not {curve!r}")
    held, money, shocked = start.held, start.money, start.shocked
    accounts, assets = held.shape
    turn = _turn(order, accounts)
    failed = np.full(accounts, NEVER, dtype=np.int64)
    volume = np.zeros(assets)
    path: list[Floats] = [shocked]
    executed: list[Floats] = []
    sold: list[Floats] = []
    while True:
        breach = _breaches(held, money, path[-1], start.rate) & (failed == NEVER)
        if not breach.any():
            break
        closed = np.flatnonzero(breach) if turn is None else turn[breach[turn]][:1]
        traded = held[closed].sum(axis=0)
        average, after = _trade(curve, shocked, start.slope, volume, traded)
        money[closed] += held[closed] @ average
        held[closed] = 0.0
        failed[closed] = len(executed)
        volume = volume + traded
        path.append(after)
        executed.append(average)
        sold.append(traded)
    return FireSale(
        prices=np.array(path),
        executed=np.array(executed).reshape(-1, assets),
        sold=np.array(sold).reshape(-1, assets),
        failed_round=failed,
        equity=money + held @ path[-1],
        exogenous_loss=start.exogenous,
    )


def transmitted(holdings: ArrayLike, cascade: FireSale) -> Floats:
    """Edges [from account, to account]: loss of j from the price moves that closing i caused.

    The price move of each round is split over those closed in it in proportion to what they
    traded, and j bears it on what it holds, in all rounds before its own (all, if it is never
    closed). Negative = j gained. Exact: `exogenous_loss[j]` + column j = loss of j from before the
    shock to the prices at which it was found in breach (to the final prices, if never).

    Dense, accounts x accounts: for systems whose square fits in memory.

    Shape: holdings [account, asset] as given to `threshold`. Raises: ValueError for another shape.

    Source: vector R15 (direct edges).
    """
    accounts, assets = cascade.failed_round.size, cascade.prices.shape[1]
    held = matrix("holdings", holdings, rows=accounts, columns=assets, signed=True)
    edges = np.zeros((accounts, accounts))
    last = np.where(cascade.failed_round == NEVER, cascade.rounds, cascade.failed_round)
    for step in range(cascade.rounds):
        fall = cascade.prices[step] - cascade.prices[step + 1]
        traded = cascade.sold[step]
        closed = np.flatnonzero(cascade.failed_round == step)
        # Those closed may offset each other: a difference that is rounding moved nothing.
        moving = abs(traded) > NETTING_TOLERANCE * abs(held[closed]).sum(axis=0)
        slope = np.divide(fall, traded, out=np.zeros(assets), where=moving)
        bearing = np.flatnonzero(last > step)
        edges[np.ix_(closed, bearing)] = (held[closed] * slope) @ held[bearing].T
    return edges


@overload
def leverage_targeting(
    weights: ArrayLike, assets: ArrayLike, equity: ArrayLike, impact: ArrayLike, shock: ArrayLike
) -> LeverageSpillover: ...


@overload
def leverage_targeting(
    weights: ArrayLike,
    assets: ArrayLike,
    equity: ArrayLike,
    impact: ArrayLike,
    shock: ArrayLike,
    *,
    steps: int,
    cash: ArrayLike | None = None,
    target: ArrayLike | None = None,
    minimum: float = 0.0,
    curve: Curve = "linear",
) -> Deleveraging: ...


def leverage_targeting(
    weights: ArrayLike,
    assets: ArrayLike,
    equity: ArrayLike,
    impact: ArrayLike,
    shock: ArrayLike,
    *,
    steps: int | None = None,
    cash: ArrayLike | None = None,
    target: ArrayLike | None = None,
    minimum: float = 0.0,
    curve: Curve = "linear",
) -> LeverageSpillover | Deleveraging:
    """What it costs when every institution sells to return to its leverage after a shock.

    Without `steps` it is the linear round of the paper (`delever.spillover`): no floor, no default.
    With it at most so many steps of `delever.deleverage`: cash repays first, execution at the
    midpoint, who falls below `minimum` defaults and sells everything in the next step.

    Shape: weights M [institution, asset] (shares of its assets, rows sum to 1), assets a, equity,
    cash [institution], impact L and shock f [asset]. target: equity / (assets + cash), one for all
    or [institution]; None = what each had before the shock.

    Units: assets (without cash), equity and cash in one currency, `shock` as return (-0.02 = -2 %),
    `impact` as return per unit of currency sold at the price before the shock. The prices that come
    back are multiples of that price.

    Raises: ValueError for wrong shapes, entries that are not finite, negative weights or impact,
    rows of weights that do not sum to 1 (within 1e-9), equity not above zero or above assets; cash,
    target, minimum or another curve without steps; and as `delever.deleverage`.

    Source: Greenwood, Landier and Thesmar 2015; vector R14.
    """
    if steps is None:
        if cash is not None or target is not None or minimum or curve != "linear":
            raise ValueError("cash, target, minimum and curve belong to several steps: give steps")
        return spillover(weights, assets, equity, impact, shock)
    portfolio = shares_of_assets(weights)
    size = vector("assets", assets, length=len(portfolio))
    own = positive("equity", vector("equity", equity, length=len(portfolio)))
    money = vector("cash", np.zeros(len(own)) if cash is None else cash, length=len(own))
    if (own > size + money).any():
        raise ValueError("equity above assets and cash: a leverage above 1 has no debt to repay")
    goal = own / (size + money) if target is None else target
    return deleverage(
        portfolio * size[:, None], money, size + money - own, np.ones(portfolio.shape[1]), shock,
        impact, buffer=goal, target=goal, minimum=minimum, steps=steps, curve=curve,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Start:
    """What `threshold` is given, checked: arrays of its own, which the cascade changes."""

    held: Floats
    money: Floats
    shocked: Floats
    slope: Floats
    rate: Floats
    exogenous: Floats

    @classmethod
    def of(
        cls,
        holdings: ArrayLike,
        cash: ArrayLike,
        prices: ArrayLike,
        shock: ArrayLike,
        impact: ArrayLike,
        maintenance: ArrayLike,
    ) -> _Start:
        """Raises: ValueError (see `threshold`)."""
        held = matrix("holdings", holdings, signed=True)
        accounts, assets = held.shape
        before = vector("prices", prices, length=assets)
        change = vector("shock", shock, length=assets, signed=True)
        return cls(
            held=held,
            money=vector("cash", cash, length=accounts, signed=True),
            shocked=vector("prices + shock", before + change),
            slope=vector("impact", impact, length=assets),
            rate=vector("maintenance", maintenance, length=assets),
            exogenous=-(held @ change),
        )


def _turn(order: Sequence[int] | None, accounts: int) -> NDArray[np.int64] | None:
    """The order of closing as an array; None = batch."""
    if order is None:
        return None
    turn = np.array(order, dtype=np.int64)
    if not np.array_equal(np.sort(turn), np.arange(accounts)):
        raise ValueError(f"order must name each of the {accounts} accounts once")
    return turn


def _breaches(held: Floats, money: Floats, prices: Floats, rate: Floats) -> NDArray[np.bool_]:
    """Which accounts lack maintenance margin at `prices`, by more than rounding."""
    absolute = abs(held)
    headroom = money + held @ prices - absolute @ (rate * prices)
    gross = abs(money) + absolute @ prices
    breach: NDArray[np.bool_] = headroom < -BREACH_TOLERANCE * gross
    return breach


def _trade(
    curve: Curve, shocked: Floats, slope: Floats, volume: Floats, traded: Floats
) -> tuple[Floats, Floats]:
    """Average price along the curve from `volume` to `volume + traded`, and the price at its end.

    Where nothing trades on balance (closed longs met closed shorts) the average is the price.
    """
    end = volume + traded
    if curve == "exponential":
        start_price = shocked * np.exp(-slope * volume)
        fall = slope * traded
        # (1 - exp(-x)) / x, which is 1 at 0.
        mean = np.divide(-np.expm1(-fall), fall, out=np.ones_like(fall), where=fall != 0)
        return start_price * mean, shocked * np.exp(-slope * end)
    # The curve ends where the price is 0: what is sold beyond brings nothing.
    depth = np.divide(shocked, slope, out=np.full_like(slope, np.inf), where=slope > 0)
    first, last = np.minimum(volume, depth), np.minimum(end, depth)
    paid = np.divide(last - first, traded, out=np.ones_like(traded), where=traded != 0)
    average = np.maximum(shocked - slope * (first + last) / 2, 0.0) * paid
    return average, np.maximum(shocked - slope * end, 0.0)
