"""The accounts of a profile: leverage, distances, probabilities of touching liquidation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.linear import Asked
from analyzer.contagion.reverse import distances
from analyzer.contagion.reverse.rays import ray
from analyzer.documents.risk import RiskAccount, TouchEntry
from analyzer.market.beta import betas
from analyzer.market.history import Floats
from analyzer.market.volatility import daily, ewma
from analyzer.risk.correlation import shrunk
from analyzer.risk.days import Days
from analyzer.risk.losses import changes, unknown_accounts
from analyzer.risk.mix import swapped, thresholds
from analyzer.risk.paths import PATHS, touch
from analyzer.risk.sufficiency import NOTHING, coverage
from analyzer.runs.risk.inputs import Opened, pledged

HORIZONS_DAYS = (1.0, 7.0, 30.0)
UP = 1.1
"""Multiple of all volatilities for how sensitive a probability is."""
SWAP = 0.25
"""Share of volatile collateral that is put into stables in `swapped`."""
TARGET, TARGET_DAYS = 0.01, 7.0
"""Probability and horizon of the largest leverage."""
HALVINGS = 12
LEAST_STEPS = 20
"""Steps of a history below which no probability is given: a month of market days."""
ASKED_PATHS = 256
"""Paths of an account of which the protocol itself is asked at every point: an option book's answer
costs thousands of times a linear one's. Its standard error, which stands beside it, is larger."""


@dataclass(frozen=True, slots=True)
class Moves:
    """How factors move: covariance [factor, factor] of one step's log returns (volatilities EWMA,
    correlations shrunk), betas [factor] to the market factor, volatility of it in a day."""

    covariance: Floats
    betas: Floats
    beta_errors: Floats
    daily_volatility: Floats


def moves_of(days: Days, market: str) -> Moves:
    """From the days; a factor without them does not move here."""
    days.number(market)
    volatility = ewma(days.logs.values)[-1]
    covariance = shrunk(days.logs.values) * np.outer(volatility, volatility)
    found = {one.factor: one for one in betas(days.logs, market)}
    return Moves(
        covariance=covariance,
        betas=np.array([found[f].beta if f in found else 1.0 for f in days.factors]),
        beta_errors=np.array(
            [found[f].standard_error if f in found else 0.0 for f in days.factors]
        ),
        daily_volatility=daily(volatility, days.step_s),
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """Of every account of the joined book [account], USD; NaN where nothing is known. level: market
    return at which it is first liquidatable on the ray of betas, infinite = at none. spread:
    standard deviation of its headroom's change of one step. gone: without figures, because it is
    unknown or holds a factor without days."""

    headroom: Floats
    equity: Floats
    gross: Floats
    level: Floats
    spread: Floats
    alone: Floats
    together: Floats
    gone: NDArray[np.bool_]


def figures_of(opened: Opened, moves: Moves, accounts: NDArray[np.int64]) -> Figures:
    """The figures; `spread` of `accounts` (ascending) only."""
    book = opened.book
    along = {f: float(b) for f, b in zip(book.factors, moves.betas, strict=True) if b}
    covers = coverage(book, opened.curves)
    spread = np.full(len(book), np.nan)
    for block in changes(book, opened.days, accounts, opened.asked):
        spread[block.accounts] = block.headroom.std(axis=1)
    ones = np.ones((len(book.factors), 1))
    headroom, equity = book.headroom_at(ones)[:, 0], book.equity_at(ones)[:, 0]
    if len(opened.asked.accounts):
        x, e = opened.asked.margin(ones)
        headroom[opened.asked.accounts], equity[opened.asked.accounts] = x[:, 0], e[:, 0]
    return Figures(
        headroom=headroom,
        equity=equity,
        gross=np.bincount(book.row, np.abs(book.equity), minlength=len(book)).astype(np.float64),
        level=distances(book, ray(book.factors, along), opened.asked).liquidation,
        spread=spread,
        alone=covers.alone,
        together=covers.together,
        gone=unknown_accounts(book, opened.days),
    )


def accounts_of(
    opened: Opened, moves: Moves, found: Figures, rows: Sequence[int]
) -> tuple[RiskAccount, ...]:
    """The entries of these accounts of the joined book, in their order."""
    book, days = opened.book, opened.days
    entered = thresholds(book)
    per_day = math.sqrt(86_400 / days.step_s)
    market = float(moves.daily_volatility[days.number(opened.market)])

    def one(row: int) -> RiskAccount:
        scan, account = opened.place(row)
        linear, why = bool(book.linear[row]), _why(opened, row)
        away = None if found.gone[row] else finite(found.level[row])
        equity, gross = finite(found.equity[row]), float(found.gross[row])
        touched = () if why else _touch(opened, moves, row, entered)
        return RiskAccount(
            account_id=account,
            deployment=scan.deployment.name,
            owner=book.owner_names[int(book.owner[row])],
            equity_usd=equity,
            headroom_usd=finite(found.headroom[row]),
            gross_usd=gross,
            leverage=gross / equity if equity is not None and equity > 0 else None,
            distance=away,
            distance_sigmas=None if away is None else ratio(abs(away), market),
            headroom_sigmas=ratio(float(found.headroom[row]), float(found.spread[row]) * per_day),
            coverage_alone=finite(found.alone[row]),
            coverage_together=finite(found.together[row]),
            largest_leverage=_largest(opened, moves, row, gross, equity)
            if touched and linear and equity is not None and equity > 0
            else None,
            linear=linear,
            at_some_prices=_at_some_prices(opened, row),
            why_no_number=why,
            touch=touched,
        )

    return tuple(one(row) for row in rows)


def _at_some_prices(opened: Opened, row: int) -> bool:
    """Whether there are prices at which an account is liquidatable: not where more of anything is
    only better for it, and worth nothing it still has no need of any. Of one that is not linear
    nobody knows."""
    book = opened.book
    parts = [float(book.headroom_cash[row]), *_dense(opened, row, book.headroom).tolist()]
    return not bool(book.linear[row]) or min(parts) < -NOTHING * sum(map(abs, parts))


def _why(opened: Opened, row: int) -> str:
    """Why an account has no probability; empty when it has one."""
    if opened.book.unknown[row]:
        return "unknown"
    columns = opened.book.column[opened.book.entries(np.array([row]))[1]].tolist()
    missing = sorted({opened.book.factors[c] for c in columns} & set(opened.days.missing))
    if missing:
        return f"no price history of {', '.join(missing)}"
    return too_short(opened.days)


def too_short(days: Days) -> str:
    """That a history has too few steps for a probability; empty where it has enough."""
    steps = len(days.times)
    if steps >= LEAST_STEPS:
        return ""
    return f"the price history has {steps} steps, {LEAST_STEPS} are needed"


def _touch(opened: Opened, moves: Moves, row: int, entered: Floats) -> tuple[TouchEntry, ...]:
    """The probabilities of one account."""
    book, seed = opened.book, opened.options.seed
    cash, slopes = float(book.headroom_cash[row]), _dense(opened, row, book.headroom)
    held = pledged(opened, np.array([row]))
    own = _asked_alone(opened, row)

    def at(m: Floats) -> Floats:
        if own is not None:
            asked: Floats = own.margin(m)[0][0]
            return asked
        now: Floats = cash + slopes @ m
        return now

    paths = PATHS if own is None else ASKED_PATHS
    to, more = swapped(book.factors, slopes, held, entered, SWAP)

    def after(m: Floats) -> Floats:
        now: Floats = cash + more + to @ m
        return now

    out = []
    for horizon in HORIZONS_DAYS:
        steps = horizon * 86_400 / opened.days.step_s
        base = touch(at, slopes, moves.covariance, steps, paths=paths, seed=seed)
        up = touch(at, slopes, moves.covariance, steps, volatility=UP, paths=paths, seed=seed)
        other = None
        if own is None and held.any():
            other = touch(after, to, moves.covariance, steps, seed=seed).probability
        out.append(
            TouchEntry(
                horizon_days=horizon,
                probability=base.probability,
                error=base.error,
                paths=base.paths,
                volatility_up=up.probability,
                swapped=other,
            )
        )
    return tuple(out)


def _largest(opened: Opened, moves: Moves, row: int, gross: float, equity: float) -> float | None:
    """The leverage at which a linear account is touched with `TARGET` within `TARGET_DAYS`, its
    equity and the mix of its positions unchanged; None when there is none up to a thousandfold."""
    book = opened.book
    x_cash, x = float(book.headroom_cash[row]), _dense(opened, row, book.headroom)
    e_cash, e = float(book.equity_cash[row]), _dense(opened, row, book.equity)
    if gross == 0:
        return None
    steps = TARGET_DAYS * 86_400 / opened.days.step_s
    # Equity stays; its change with prices, and the requirement, grow with the positions.
    need_cash, need = e_cash - x_cash, e - x

    def holds(times: float) -> bool:
        cash = equity - times * (float(e.sum()) + need_cash)
        slope = times * (e - need)

        def at(m: Floats) -> Floats:
            now: Floats = cash + slope @ m
            return now

        found = touch(at, slope, moves.covariance, steps, paths=1_024, seed=opened.options.seed)
        return found.probability <= TARGET

    low, high = 0.0, 1.0
    while holds(high):
        low, high = high, high * 2
        if high > 1_000:
            return None
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low * gross / equity


def _dense(opened: Opened, row: int, coefficients: Floats) -> Floats:
    """[factor]: the coefficients of one account."""
    out = np.zeros(len(opened.book.factors))
    entries = opened.book.entries(np.array([row]))[1]
    out[opened.book.column[entries]] = coefficients[entries]
    return out


def _asked_alone(opened: Opened, row: int) -> Asked | None:
    """Who answers for a nonlinear account; None for a linear one."""
    place = np.flatnonzero(opened.asked.accounts == row)
    return opened.asked.one(int(place[0])) if len(place) else None


def ratio(above: float, below: float) -> float | None:
    """A ratio; None where it is none."""
    return above / below if math.isfinite(above) and math.isfinite(below) and below else None


def finite(value: float) -> float | None:
    """A figure; None where it is none."""
    return float(value) if math.isfinite(value) else None
