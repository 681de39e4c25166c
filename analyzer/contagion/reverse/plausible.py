"""The most plausible shock that makes bad debt of a size, under a covariance of returns.

    minimise    sqrt(x' S^-1 x)                     Mahalanobis distance of the returns x [factor]
    subject to  D(x) = sum max(-E_i(x), 0) >= B     before anything is sold
                x >= -1                             no price below zero

D is convex and piecewise linear, so the shocks that are bad enough are the *outside* of a convex
set: there may be several local optima, and the answer says how far below it the truth could lie.

    For the accounts Y that lack something at x, D(z) >= -sum over Y of E_i(z) for every z. So the
    half-space {z : sum over Y of E_i(z) <= -B} is bad enough throughout, and it holds x. Its
    nearest point (closed form, or with the bounds a least-distance problem) is no further than x;
    repeated until Y stays as it is, it ends at a local optimum, for there are finitely many Y.

Started from every ray given, from each factor alone, from the whole book's own gradient and from
the fall of all that it holds, both ways. `lower_bound` is proven: within distance r no account can
lack more than its own worst case r sqrt(b' S b) - E, so the sum of these must reach B. For one
account it is the optimum.

S may be singular: x then stays in its range. Source: Breuer, Jandacka, Rheinberger and Summer 2009
(maximum loss over an ellipsoid); Lawson and Hanson 1974, ch. 23 (NNLS and least distance).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from analyzer.contagion.linear import LinearBook
from analyzer.contagion.linear.arrays import Floats, matrix
from analyzer.contagion.reverse.least_distance import least_distance
from analyzer.contagion.reverse.rays import FURTHEST, Ray, Segment
from analyzer.contagion.reverse.smallest import first_reaching, smallest_static

SINGULAR = 1e-12
"""Eigenvalues of a covariance below this share of the largest are zero."""

SETTLED = 1e-12
"""Relative gain of distance below which a further step is rounding."""

STEPS = 200
"""Half-spaces tried from one start; a handful is what it takes."""

SINGLE_FACTORS = 16
"""Factors tried alone: those whose return of one sigma moves the book's gross equity most."""

PROVEN = 1e-9
"""Relative gap to the lower bound that is rounding: the shock is then the most plausible one."""


@dataclass(frozen=True, slots=True)
class PlausibleShock:
    """The nearest shock found, in returns of each factor (-0.3 = -30 %).

    distance: Mahalanobis. lower_bound: no shock nearer than this can do it. sigmas: returns over
    each factor's own standard deviation (0 where that is 0). bad_debt: at the shock. accounts:
    that lack something there. rays: distance of the best solution on each ray given, by its
    label; infinite where the ray never gets there or leaves the range of S. left_out: accounts
    that are nonlinear or unknown, not part of the sum.
    """

    factors: tuple[str, ...]
    returns: Floats
    distance: float
    lower_bound: float
    sigmas: Floats
    bad_debt: float
    accounts: int
    rays: dict[str, float]
    left_out: int

    @property
    def proven(self) -> bool:
        """Whether nothing nearer exists at all."""
        return self.distance <= self.lower_bound * (1 + PROVEN)


def most_plausible(
    book: LinearBook, covariance: ArrayLike, target: float, *, rays: Sequence[Ray] = ()
) -> PlausibleShock | None:
    """The nearest shock found whose static bad debt is at least `target`; None when not even the
    starts reach it.

    Shape: covariance [factor, factor] of simple returns over the horizon meant.

    Raises: ValueError for a target that is not above 0, a covariance that is not symmetric and
    positive semidefinite, or of another shape.
    """
    if not target > 0:
        raise ValueError(f"target must be above 0, not {target}")
    space = _space(covariance, len(book.factors))
    system = _System(book, space, target)
    best: Floats | None = None
    distances: dict[str, float] = {}
    for number, start in enumerate([*rays, *_starts(book, space)]):
        for reached in system.on_ray(start):
            away = space.distance(reached)
            if number < len(rays):
                before = distances.get(start.label, np.inf)
                distances[start.label] = min(before, away)
            found = system.descend(reached)
            if found is not None and (best is None or _norm(found) < _norm(best)):
                best = found
        if number < len(rays):
            distances.setdefault(start.label, np.inf)
    if best is None:
        return None
    returns = space.root @ best
    equity = system.equity(returns)
    spread = np.sqrt(np.diagonal(space.covariance))
    return PlausibleShock(
        factors=book.factors,
        returns=returns,
        distance=_norm(best),
        lower_bound=system.lower_bound(),
        sigmas=np.divide(returns, spread, out=np.zeros_like(returns), where=spread > 0),
        bad_debt=float(-equity[equity < 0].sum()),
        accounts=int((equity < 0).sum()),
        rays=distances,
        left_out=int((~book.linear).sum()),
    )


def sigma_distances(book: LinearBook, covariance: ArrayLike) -> Floats:
    """[account]: Mahalanobis distance to liquidation, X / sqrt(a' S a): the nearest shock at
    which X is zero. Negative = below already, infinite = nothing moves it; NaN = unknown, or
    nonlinear (its slopes say nothing about a far shock).

    Raises: ValueError for a covariance as in `most_plausible`.
    """
    space = _space(covariance, len(book.factors))
    now = np.bincount(book.row, book.headroom, minlength=len(book)) + book.headroom_cash
    spread = _spreads(book, book.headroom, space.root)
    with np.errstate(divide="ignore", invalid="ignore"):
        away: Floats = np.where(spread > 0, now / spread, np.where(now < 0, -np.inf, np.inf))
    return np.where(book.linear, away, np.nan)


def account_shock(book: LinearBook, account: int, covariance: ArrayLike) -> Floats:
    """Returns [factor] of the most plausible shock that takes one account to X = 0:
    x = -S a X / (a' S a). Closed form; prices below zero are not excluded.

    Raises: ValueError for an account that is not linear, or that no factor moves.
    """
    if not book.linear[account]:
        raise ValueError(f"account {book.account_ids[account]} is nonlinear or unknown")
    space = _space(covariance, len(book.factors))
    entries = slice(int(book.indptr[account]), int(book.indptr[account + 1]))
    gradient = np.zeros(len(book.factors))
    gradient[book.column[entries]] = book.headroom[entries]
    moved = space.covariance @ gradient
    if not gradient @ moved > 0:
        raise ValueError(f"no factor with a variance moves account {book.account_ids[account]}")
    now = float(book.headroom_cash[account] + gradient.sum())
    out: Floats = -moved * now / float(gradient @ moved)
    return out


@dataclass(frozen=True, slots=True)
class _Space:
    """S = root root': returns x = root z have distance |z|."""

    covariance: Floats
    root: Floats
    inverse: Floats
    """[z, factor]: z of returns in the range of S."""

    def distance(self, returns: Floats) -> float:
        """Mahalanobis distance; infinite outside the range of S."""
        z = self.inverse @ returns
        scale = np.sqrt(np.trace(self.covariance))
        inside = np.allclose(self.root @ z, returns, rtol=1e-6, atol=1e-9 * scale)
        return _norm(z) if inside else np.inf


def _space(covariance: ArrayLike, factors: int) -> _Space:
    """The covariance, its root and the inverse of that. Raises: ValueError when it is none."""
    given = matrix("covariance", covariance, rows=factors, columns=factors, signed=True)
    if not np.allclose(given, given.T, rtol=1e-9, atol=0.0):
        raise ValueError("covariance must be symmetric")
    values, vectors = np.linalg.eigh((given + given.T) / 2)
    largest = float(values.max(initial=0.0))
    if largest <= 0 or values.min() < -SINGULAR * factors * largest:
        raise ValueError("covariance must be positive semidefinite, and not zero")
    kept = values > SINGULAR * largest
    root = vectors[:, kept] * np.sqrt(values[kept])
    return _Space(given, root, (vectors[:, kept] / np.sqrt(values[kept])).T)


def _norm(z: Floats) -> float:
    return float(np.sqrt(z @ z))


def _spreads(book: LinearBook, coefficients: Floats, root: Floats) -> Floats:
    """[account]: standard deviation sqrt(b' S b) of its value."""
    total = np.zeros(len(book))
    for column in root.T:
        moved = np.bincount(book.row, coefficients * column[book.column], minlength=len(book))
        total += moved**2
    spread: Floats = np.sqrt(total)
    return spread


def _starts(book: LinearBook, space: _Space) -> list[Ray]:
    """Directions worth a start: the book's own gradient under S, and the factors that matter."""
    factors = len(book.factors)
    total = np.bincount(book.column, book.equity, minlength=factors).astype(np.float64)
    gross = np.bincount(book.column, np.abs(book.equity), minlength=factors)
    moved = gross * np.sqrt(np.diagonal(space.covariance))
    chosen = [np.eye(factors)[f] for f in np.argsort(-moved, kind="stable")[:SINGLE_FACTORS]]
    # What moves with a factor moves too: its column of S, not the factor alone.
    # All that the book holds to nothing is the worst there is for the book as a whole.
    directions = [
        space.covariance @ total,
        np.sign(total),
        *(space.covariance @ one for one in chosen),
    ]
    return [
        Ray(direction / np.abs(direction).max(), f"start {number}")
        for number, direction in enumerate(directions)
        if np.abs(direction).max() > 0
    ]


class _System:
    """The constraint: which accounts lack what, and the half-spaces that follow."""

    def __init__(self, book: LinearBook, space: _Space, target: float) -> None:
        self.book, self.space, self.target = book, space, target
        self.row, self.linear = book.row, book.linear
        cash = np.where(self.linear, book.equity_cash, 0.0)
        moved = np.bincount(self.row, book.equity, minlength=len(book))
        self.now: Floats = (cash + moved).astype(np.float64)
        self.now[~self.linear] = np.inf

    def equity(self, returns: Floats) -> Floats:
        """[account]: E at these returns; infinite for accounts that are left out."""
        moved = self.book.equity * returns[self.book.column]
        out: Floats = self.now + np.bincount(self.row, moved, minlength=len(self.now))
        return out

    def on_ray(self, along: Ray) -> list[Floats]:
        """The shocks at which the ray, both ways, first reaches the target."""
        out = []
        for turned in (along.beta, -along.beta):
            scaled = Ray(turned / np.abs(turned).max(), along.label)
            book = self.book
            shock = smallest_static(_without_nonlinear(book), scaled, self.target, direction="up")
            if shock.x is not None and shock.x <= FURTHEST["up"]:
                out.append(scaled.at(shock.x)[:, 0] - 1.0)
        return out

    def descend(self, returns: Floats) -> Floats | None:
        """z of the local optimum below this start; None when no half-space on the way has a point
        in the range of S."""
        best: Floats | None = None
        lacking = self.equity(returns) < 0
        for _ in range(STEPS):
            chosen = lacking[self.row]
            gradient = np.bincount(
                self.book.column[chosen], self.book.equity[chosen], minlength=len(self.book.factors)
            )
            needed = self.target + float(self.now[lacking].sum())
            found = self._nearest(gradient.astype(np.float64), needed)
            if found is None or (best is not None and _norm(found) >= _norm(best) * (1 - SETTLED)):
                break
            best = found
            after = self.equity(self.space.root @ found) < 0
            if np.array_equal(after, lacking):
                break
            lacking = after
        return best

    def _nearest(self, gradient: Floats, needed: float) -> Floats | None:
        """z of least norm with -gradient . x >= needed and x >= -1, where x = root z."""
        across = -(gradient @ self.space.root)
        if needed <= 0:
            return np.zeros(len(across))
        size = float(across @ across)
        if size == 0:
            return None
        free: Floats = across * (needed / size)
        if (self.space.root @ free >= -1.0).all():
            return free
        rows = np.vstack([across / np.sqrt(size), self.space.root])
        return least_distance(
            rows, np.concatenate([[needed / np.sqrt(size)], np.full(len(gradient), -1.0)])
        )

    def lower_bound(self) -> float:
        """The distance within which the accounts' own worst cases do not add up to the target."""
        spread = _spreads(self.book, self.book.equity, self.space.root)
        known = self.linear
        total = float(spread[known].sum())
        if total == 0:
            return np.inf
        # Far enough for every hinge to be open and the sum to be past the target.
        far = (self.target + float(np.abs(self.now[known]).sum())) / total
        with np.errstate(divide="ignore", invalid="ignore"):
            opens = np.where(spread[known] > 0, self.now[known] / spread[known], 0.0)
        last = max(far, float(np.abs(opens).max(initial=0.0))) * 2
        piece = Segment(0.0, last, self.now[known], -1.0 * spread[known])
        found = first_reaching(piece, self.target)
        return np.inf if found is None else found


def _without_nonlinear(book: LinearBook) -> LinearBook:
    """The book with its nonlinear accounts made unknown: they are left out, and counted."""
    if not book.nonlinear.any():
        return book
    nobody = np.zeros(len(book), dtype=np.bool_)
    return replace(book, nonlinear=nobody, unknown=book.unknown | book.nonlinear)
