"""Reverse stress: not what a shock does, but which shock does it.

    distances         how far along a ray every account is from liquidation and from insolvency
    smallest_static   the first shock on a ray whose bad debt, before anything is sold, is so large
    headroom_exactly  one account at one shock in integers, by the protocol's own margin

Closed form for linear accounts (x = -A / B in each piece of the ray); for nonlinear ones a root of
the protocol's own `reprice`: bracketed at `LEVELS` levels, then narrowed to `ROOT`. Two crossings
within one of these levels are not seen; everything else is exact up to float64, not a grid.

The most plausible shock under a covariance of returns is in `plausible`, that after a cascade in
`grid`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.linear import Asked, LinearBook
from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.reverse.rays import FURTHEST, Direction, Ray, Segment, first_below, segments
from analyzer.model.book import Book, Prices
from analyzer.protocols.base import Plug

LEVELS = 512
"""Levels at which nonlinear accounts are bracketed, evenly spaced from no shock to the furthest."""

ROOT = 1e-12
"""Width of the interval of x in which a root of a nonlinear account is known to lie."""

SECTIONS = 64
"""Levels that one call of `reprice` narrows a root by."""

TOGETHER = 24
"""Nonlinear accounts whose roots are narrowed together: each is asked at the levels of all, which
costs less than a call for each until the cells outweigh the calls."""

AROUND = (-1e-3, -1e-6, 0.0, 1e-6, 1e-3)
"""Where a root is looked for beside the zero of a straight line, in widths of its interval."""

SIGN = {"down": -1.0, "up": 1.0}


@dataclass(frozen=True, slots=True)
class Distances:
    """Market returns x along a ray [account]: <= 0 down, >= 0 up; 0 = there already.

    Infinite = never on this ray (up to `rays.FURTHEST`); NaN = the account is unknown.
    """

    ray: Ray
    liquidation_down: Floats
    liquidation_up: Floats
    insolvency_down: Floats
    insolvency_up: Floats

    @property
    def liquidation(self) -> Floats:
        """[account]: the nearer of the two, as a signed return."""
        up_is_nearer = self.liquidation_up < -self.liquidation_down
        return np.where(up_is_nearer, self.liquidation_up, self.liquidation_down)


def distances(book: LinearBook, along: Ray, nonlinear: Asked | None = None) -> Distances:
    """The distance of every account to liquidation (X < 0) and to insolvency (E < 0).

    Raises: ValueError when the book has nonlinear accounts and nobody answers for them.
    """
    _answered(book, nonlinear)

    def walk(direction: Direction, of: Literal["headroom", "equity"]) -> Floats:
        found = first_below(segments(book, along, direction, of), len(book))
        if nonlinear is not None and len(nonlinear.accounts):
            found[nonlinear.accounts] = _roots(nonlinear, along, direction, of)
        # Adding 0 makes a plain zero of "already there" in the downward direction.
        return SIGN[direction] * found + 0.0

    return Distances(
        ray=along,
        liquidation_down=walk("down", "headroom"),
        liquidation_up=walk("up", "headroom"),
        insolvency_down=walk("down", "equity"),
        insolvency_up=walk("up", "equity"),
    )


def _answered(book: LinearBook, nonlinear: Asked | None) -> None:
    """Raises ValueError where nonlinear accounts would be passed over."""
    if book.nonlinear.any() and nonlinear is None:
        raise ValueError(f"{int(book.nonlinear.sum())} accounts are nonlinear: give `nonlinear`")


def _roots(
    nonlinear: Asked, along: Ray, direction: Direction, of: Literal["headroom", "equity"]
) -> Floats:
    """[nonlinear account]: the first t at which X or E is below zero."""
    which, sign = (0 if of == "headroom" else 1), SIGN[direction]
    levels = np.linspace(0.0, FURTHEST[direction], LEVELS + 1)
    values = nonlinear.margin(along.at(sign * levels))[which]
    out = np.full(len(values), np.inf)
    below = values < 0
    first = np.where(below.any(axis=1), below.argmax(axis=1), -1)
    out[first == 0] = 0.0
    out[np.isnan(values[:, 0])] = np.nan
    crossing = np.flatnonzero((first > 0) & ~np.isnan(values[:, 0]))
    for start in range(0, len(crossing), TOGETHER):
        some = crossing[start : start + TOGETHER]
        asked, at = nonlinear.some(some.tolist()), first[some]
        ends = np.stack([levels[at - 1], levels[at]])
        known = np.stack([values[some, at - 1], values[some, at]])
        out[some] = _narrow_all(
            lambda t, asked=asked: asked.margin(along.at(sign * t))[which],  # type: ignore[misc]
            ends,
            known,
        )
    return out


def _narrow_all(value: Callable[[Floats], Floats], ends: Floats, known: Floats) -> Floats:
    """[account]: `_narrow` of each, all at once. value: levels [level] -> [account, level]. Shape:
    ends and known (the values there), [2, account]: not below zero, below zero.

    A step asks for each account at the zero of the line through its ends, closely around it, and
    half way: what is nearly straight is found at once, and nothing takes longer than by halving.
    """
    ends, known = ends.copy(), known.copy()
    rows = np.arange(ends.shape[1])
    while True:
        width = ends[1] - ends[0]
        middle = ends[0] + width / 2
        if not ((width > ROOT) & (middle > ends[0]) & (middle < ends[1])).any():
            return np.asarray(ends[1], dtype=np.float64)
        zero = ends[0] + width * known[0] / (known[0] - known[1])
        near = [zero + part * width for part in AROUND]
        asked = np.sort(np.clip(np.stack([*near, middle]), ends[0], ends[1]), axis=0)
        found = value(asked.T.reshape(-1)).reshape(len(rows), len(rows), len(asked))[rows, rows].T
        # What is at an end is known: a value that rounds otherwise there changes nothing.
        found = np.where(asked == ends[0], known[0], np.where(asked == ends[1], known[1], found))
        steps, at = np.vstack([ends[:1], asked, ends[1:]]), np.vstack([known[:1], found, known[1:]])
        first = (at < 0).argmax(axis=0)
        ends = np.stack([steps[first - 1, rows], steps[first, rows]])
        known = np.stack([at[first - 1, rows], at[first, rows]])


def _narrow(value: Callable[[Floats], Floats], above: float, below: float) -> float:
    """The first t in (above, below] at which value < 0, as far as `SECTIONS` levels a step see."""
    while below - above > ROOT:
        levels = np.linspace(above, below, SECTIONS + 1)
        # Its ends are known; between neighbouring floats there is nothing left to ask.
        inner = levels[1:-1]
        inner = inner[(inner > above) & (inner < below)]
        if not len(inner):
            break
        negative = np.flatnonzero(value(inner) < 0)
        if len(negative):
            first = int(negative[0])
            above, below = (inner[first - 1] if first else above), inner[first]
        else:
            above = inner[-1]
    return float(below)


@dataclass(frozen=True, slots=True)
class RayShock:
    """A shock on a ray and the bad debt there.

    x: market return, None when no shock on the ray is enough. bad_debt: there (at the furthest
    shock, where x is None). accounts: how many lack something there. tried: shocks evaluated; 0 =
    in closed form. note: what the number assumes. bounded, skipped: of a search on a grid, the
    levels below x that a ceiling rules out, and those that nothing does.
    """

    ray: Ray
    direction: Direction
    target: float
    x: float | None
    bad_debt: float
    accounts: int
    tried: int
    note: str
    bounded: int = 0
    skipped: int = 0


def smallest_static(
    book: LinearBook,
    along: Ray,
    target: float,
    *,
    direction: Direction = "down",
    nonlinear: Asked | None = None,
) -> RayShock:
    """The first shock whose bad debt sum max(-E, 0) is at least `target`, nothing being sold.

    Exact: a sum of hinges is linear between the points where an account's equity changes sign,
    and these are sorted. With nonlinear accounts the crossing of the whole sum is bracketed and
    narrowed as theirs are.

    Raises: ValueError for a target that is not above 0, or nonlinear accounts without an answer.
    """
    if not target > 0:
        raise ValueError(f"target must be above 0, not {target}")
    _answered(book, nonlinear)
    sign = SIGN[direction]
    if nonlinear is not None and len(nonlinear.accounts):
        return _smallest_mixed(book, nonlinear, along, target, direction)
    at: float | None = None
    for piece in segments(book, along, direction, "equity"):
        at = first_reaching(piece, target)
        if at is not None:
            break
    equity = static_equity(book, along, sign * (FURTHEST[direction] if at is None else at))
    return RayShock(
        ray=along,
        direction=direction,
        target=target,
        x=None if at is None else sign * at + 0.0,
        bad_debt=fsum(-equity[equity < 0]),
        accounts=int((equity < 0).sum()),
        tried=0,
        note="before anything is sold; accounts of which nothing is known count nothing",
    )


def static_equity(book: LinearBook, along: Ray, x: float) -> Floats:
    """[account]: E of the linear accounts at market return x; NaN for the others."""
    multipliers = along.at(x)[:, 0]
    moved = np.bincount(
        book.row, book.equity * multipliers[book.column], minlength=len(book)
    ).astype(np.float64)
    return np.where(book.linear, book.equity_cash, np.nan) + moved


def first_reaching(piece: Segment, target: float) -> float | None:
    """The smallest t of a piece at which the sum of hinges reaches `target`, or None."""
    known = ~np.isnan(piece.constant)
    constant, slope = piece.constant[known], piece.slope[known]
    start = constant + slope * piece.first
    lacking = (start < 0) | ((start == 0) & (slope < 0))
    if fsum(-start[lacking]) >= target:
        return piece.first
    with np.errstate(divide="ignore", invalid="ignore"):
        root = -constant / slope
    # Below zero from the root on (falling), or up to it (rising and below at the start).
    turns = np.flatnonzero((slope != 0) & (root > piece.first) & (root < piece.last))
    turns = turns[(slope[turns] < 0) != lacking[turns]]
    turns = turns[np.argsort(root[turns], kind="stable")]
    change = np.where(slope[turns] < 0, 1.0, -1.0)
    # D(t) = -(level + grade t) between one turn and the next.
    level = constant[lacking].sum() + np.concatenate([[0.0], (change * constant[turns]).cumsum()])
    grade = slope[lacking].sum() + np.concatenate([[0.0], (change * slope[turns]).cumsum()])
    ends = np.concatenate([root[turns], [piece.last]])
    reached = np.flatnonzero(-(level + grade * ends) >= target)
    if not len(reached):
        return None
    stretch = int(reached[0])
    begin = piece.first if stretch == 0 else float(ends[stretch - 1])
    # The running sums have rounded: the stretch's own members are summed once more, exactly.
    middle = (begin + float(ends[stretch])) / 2
    members = constant + slope * middle < 0
    total, steep = fsum(constant[members]), fsum(slope[members])
    if steep >= 0:
        return float(ends[stretch])
    return min(max(-(target + total) / steep, begin), float(ends[stretch]))


def _smallest_mixed(
    book: LinearBook, nonlinear: Asked, along: Ray, target: float, direction: Direction
) -> RayShock:
    """As `smallest_static`, with accounts that only `reprice` can value."""
    sign, tried = SIGN[direction], 0

    def lacking(t: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """(bad debt, accounts that lack something) [level]."""
        nonlocal tried
        tried += len(t)
        linear = np.stack([static_equity(book, along, sign * level) for level in t], axis=1)
        linear = linear[book.linear]
        other = nonlinear.margin(along.at(sign * t))[1]
        equity = np.vstack([linear, other[~np.isnan(other).any(axis=1)]])
        return np.maximum(-equity, 0.0).sum(axis=0), (equity < 0).sum(axis=0)

    levels = np.linspace(0.0, FURTHEST[direction], LEVELS + 1)
    reached = np.flatnonzero(lacking(levels)[0] >= target)
    at: float | None = None
    if len(reached):
        first = int(reached[0])
        at = (
            0.0
            if first == 0
            else _narrow(lambda t: target - lacking(t)[0], levels[first - 1], levels[first])
        )
    amount, accounts = lacking(np.array([FURTHEST[direction] if at is None else at]))
    return RayShock(
        ray=along,
        direction=direction,
        target=target,
        x=None if at is None else sign * at + 0.0,
        bad_debt=float(amount[0]),
        accounts=int(accounts[0]),
        tried=tried,
        note=(
            f"before anything is sold; {len(nonlinear.accounts)} nonlinear accounts valued by the "
            f"protocol's own repricing, bracketed at {LEVELS} levels"
        ),
    )


def prices_on(book: Book, prices: Prices, multipliers: dict[str, float]) -> Prices:
    """The protocol's prices with every asset's times its factor's multiplier, to the nearest unit
    of 18 decimals. `fixed` prices (paused and closed markets) and missing ones stay."""
    changes = {}
    for asset in book.assets:
        price = prices.by_asset.get(asset.asset_id)
        if price is None or price.price_e18 is None or price.status == "fixed":
            continue
        if asset.factor in multipliers:
            changes[asset.asset_id] = round(price.price_e18 * multipliers[asset.factor])
    return prices.with_e18(changes)


def headroom_exactly(plug: Plug, book: Book, account: int, along: Ray, x: float) -> int | None:
    """Margin equity less maintenance of one account at market return x, in 18 decimals, by the
    protocol's own integers; None = unknown. Pools stand still: for accounts without maker ranges.

    account: its number in `book`; the ray is over the book's factors, in order of its assets.
    """
    factors = tuple(dict.fromkeys(asset.factor for asset in book.assets))
    multipliers = dict(zip(factors, along.at(x)[:, 0].tolist(), strict=True))
    alone = book.part([account])
    prices = prices_on(book, plug.prices(book), multipliers)
    row = plug.margin(plug.value(alone, prices))[0]
    if row.margin_equity_e18 is None or row.maintenance_margin_e18 is None:
        return None
    return row.margin_equity_e18 - row.maintenance_margin_e18
