"""The two figures and the two classes of the field: what a bad day costs a protocol.

    VaR of insolvency   95th percentile of bad debt
    LaR                 95th percentile of what is closed

    broad downturn       all factors jointly, as on one of the market factor's worst 5 % of days
    broken correlation   each factor as on one of its own worst 5 % of days, drawn for itself

Each draw is one step of the returns, taken through the batch cascade; both classes are conditional
on a bad day, so no figure here is of an ordinary one. What the batch leaves out is in
`runs.stress.batch_cascades.LEAVES_OUT`. A factor that has one worst day only brings that one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.batch import Impacts, cascades
from analyzer.contagion.linear import Asked, LinearBook
from analyzer.market.history import Floats
from analyzer.market.volatility import checked
from analyzer.risk.extra import library

DOWNTURN, BROKEN = "broad downturn", "broken correlation"
"""The two classes of bad days, as they are told."""
WORST_SHARE = 0.05
LEVEL = 0.95
DRAWS = 2_000


@dataclass(frozen=True, slots=True)
class AtRisk:
    """One class: figures at `LEVEL` with standard errors, USD; means beside them.

    unknown: draws in which bad debt is not known: they are in no figure, and make it a lower one.
    """

    name: str
    insolvency: float
    insolvency_error: float
    insolvency_mean: float
    liquidations: float
    liquidations_error: float
    liquidations_mean: float
    draws: int
    days: int
    unknown: int


def worst_days(returns: ArrayLike, share: float = WORST_SHARE) -> NDArray[np.int64]:
    """The rows of the worst returns, the worst first: at least one. Shape: returns [row]."""
    values = np.asarray(returns, dtype=np.float64)
    count = max(1, int(np.floor(share * len(values))))
    return np.argsort(values, kind="stable")[:count]


def broad_downturn(days: ArrayLike, market: int, draws: int, seed: int) -> Floats:
    """Moves [factor, draw] of whole dates among the worst of the market factor.

    Shape: days [row, factor], simple returns. market: number of the market factor.
    """
    history = checked(days)
    among = worst_days(history[:, market])
    moves: Floats = history[np.random.default_rng(seed).choice(among, draws)].T
    return moves


def broken_correlation(days: ArrayLike, draws: int, seed: int) -> Floats:
    """Moves [factor, draw], every factor from its own worst days. Shape: days [row, factor]."""
    history = checked(days)
    random = np.random.default_rng(seed)
    return np.vstack([column[random.choice(worst_days(column), draws)] for column in history.T])


def at_risk(
    name: str,
    moves: Floats,
    days: int,
    book: LinearBook,
    impacts: Impacts,
    nonlinear: Asked | None = None,
) -> AtRisk:
    """One class, through the batch cascade.

    Shape: moves [factor, draw], simple returns in the book's order of factors. days: how many dates
    they were drawn from.

    Raises: ValueError when fewer than two draws have a known bad debt, and as `cascades`.
    """
    found = cascades(book, 1 + moves, impacts, nonlinear=nonlinear)
    known = np.isfinite(found.bad_debt) & np.isfinite(found.notional) & (found.undecided == 0)
    if known.sum() < 2:
        raise ValueError("bad debt is known in fewer than two draws")
    debt, closed = found.bad_debt[known], found.notional[known]
    return AtRisk(
        name=name,
        insolvency=float(np.quantile(debt, LEVEL)),
        insolvency_error=_error(debt),
        insolvency_mean=float(debt.mean()),
        liquidations=float(np.quantile(closed, LEVEL)),
        liquidations_error=_error(closed),
        liquidations_mean=float(closed.mean()),
        draws=moves.shape[1],
        days=days,
        unknown=int((~known).sum()),
    )


def _error(values: Floats) -> float:
    """The standard error of the quantile at `LEVEL` (Maritz and Jarrett)."""
    return float(np.asarray(library("scipy.stats.mstats").mjci(values, [LEVEL]))[0])
