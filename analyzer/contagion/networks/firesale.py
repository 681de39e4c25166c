"""Fire sales over a holdings matrix: who sells because prices fell, and what that does to prices.

Two models, for accounts i and assets k:

    threshold            i is closed out when equity < maintenance rate * |holdings| * prices
    leverage_targeting   every i trades back to its leverage after any loss (one round, linear)

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
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.linear.arrays import Floats, matrix, positive, vector

Curve = Literal["linear", "exponential"]

BREACH_TOLERANCE = 1e-12
"""Share of an account's gross value (|cash| + |holdings| . P) by which it must lack margin:
rounding closes nobody."""

NETTING_TOLERANCE = 1e-12
"""Share of what was closed in a round below which what is left after netting is rounding."""

NEVER = -1
"""The failure round of an account that is never closed."""


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
) -> FireSale:
    """The cascade in which every account below maintenance margin is closed in full.

    Shape: holdings [account, asset] (units, negative = short), cash [account] (negative = debt),
    prices, shock, impact and maintenance [asset].

    Units: `prices` before the shock and `shock` (a change, -8 takes 100 to 92) in cash per unit;
    `impact` in cash per unit and unit sold for the linear curve, 1 / unit sold (one over the
    depth) for the exponential one; `maintenance` as a share of |holdings| x price, 0.05 = 5 %.
    No penalty, no waterfall; float64.

    Batch by default: all in breach at the prices of a round are closed in it. With `order` (every
    account once) a round closes only the first of them in that order.

    Raises: ValueError for wrong shapes, entries that are not finite, negative prices (before or
    after the shock), impact or maintenance, an unknown curve, an order that is no permutation.

    Source: vectors R15 and R16.
    """
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


def leverage_targeting(
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
    portfolio = matrix("weights", weights)
    institutions, kinds = portfolio.shape
    size = vector("assets", assets, length=institutions)
    own = positive("equity", vector("equity", equity, length=institutions))
    slope = vector("impact", impact, length=kinds)
    returns = portfolio @ vector("shock", shock, length=kinds, signed=True)
    if (own > size).any():
        raise ValueError("equity above assets: a leverage below zero has no target to sell for")
    if (abs(portfolio.sum(axis=1) - 1.0) > 1e-9).any():
        raise ValueError(f"rows of weights must sum to 1, not {portfolio.sum(axis=1)}")

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
