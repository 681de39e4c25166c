"""A ray of shocks: all assets move by their beta with one number x, the market's return.

    m[factor](x) = max(1 + beta[factor] x, 0)        x = -0.3: the market falls by 30 %

Along a ray a linear book is piecewise linear in x: its coefficients change only where a price
reaches zero. Both directions are walked outwards from x = 0, as t = |x| >= 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.linear import LinearBook
from analyzer.contagion.linear.arrays import Floats, vector
from analyzer.contagion.networks.firesale import BREACH_TOLERANCE

Direction = Literal["down", "up"]

FURTHEST = {"down": 1.0, "up": 10.0}
"""How far |x| goes: a fall takes the market to zero; a rise is followed to eleven times it."""


@dataclass(frozen=True, slots=True)
class Ray:
    """beta [factor] in the order of a book's factors; label says what it is, for people."""

    beta: Floats
    label: str

    def at(self, x: ArrayLike) -> Floats:
        """Multipliers [factor, level] at market returns x [level]."""
        level = np.atleast_1d(np.asarray(x, dtype=np.float64))
        return np.maximum(1.0 + self.beta[:, None] * level[None, :], 0.0)


def ray(factors: Sequence[str], betas: Mapping[str, float], *, label: str | None = None) -> Ray:
    """The ray on which each factor moves by its beta; one that is not named stands still.

    Raises: ValueError for a beta that is not finite, a factor that the book does not have, or no
    beta other than 0.
    """
    unknown = sorted(set(betas) - set(factors))
    if unknown:
        raise ValueError(
            f"the book has no factor {', '.join(unknown)} (it has {', '.join(factors)})"
        )
    beta = vector("betas", [float(betas.get(f, 0.0)) for f in factors], signed=True)
    if not beta.any():
        raise ValueError("a ray needs a factor that moves: every beta is 0")
    named = ", ".join(f"{f} x {b:g}" for f, b in zip(factors, beta, strict=True) if b)
    return Ray(beta, label or named)


def uniform_ray(factors: Sequence[str], *, still: Sequence[str] = ()) -> Ray:
    """Every factor by the same return, but for those that stand `still`."""
    betas = {factor: 1.0 for factor in factors if factor not in still}
    stays = f", {', '.join(still)} as they are" if still else ""
    return ray(factors, betas, label=f"all prices alike{stays}")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch first <= t <= last in which value [account] = constant + slope t."""

    first: float
    last: float
    constant: Floats
    slope: Floats


def segments(
    book: LinearBook, along: Ray, direction: Direction, of: Literal["headroom", "equity"]
) -> Iterator[Segment]:
    """The pieces of X or E of every account from t = 0 outwards. Nonlinear and unknown accounts
    are NaN throughout."""
    coefficients = book.headroom if of == "headroom" else book.equity
    cash = book.headroom_cash if of == "headroom" else book.equity_cash
    cash = np.where(book.linear, cash, np.nan)
    turned = along.beta if direction == "up" else -along.beta
    reach = FURTHEST[direction]
    zero = np.full(len(turned), np.inf)
    zero[turned < 0] = -1.0 / turned[turned < 0]
    cuts = np.unique(np.concatenate([[0.0], zero[zero < reach], [reach]]))
    row = book.row
    for first, last in pairwise(cuts.tolist()):
        alive = (zero > first).astype(np.float64)
        fixed = coefficients * alive[book.column]
        moved = coefficients * (alive * turned)[book.column]
        yield Segment(
            first=first,
            last=last,
            constant=cash + np.bincount(row, fixed, minlength=len(book)),
            slope=np.bincount(row, moved, minlength=len(book)).astype(np.float64),
        )


def first_below(pieces: Iterator[Segment], accounts: int) -> Floats:
    """[account]: the smallest t from which on the value is below zero; inf = never, NaN = unknown.

    Closed form in each piece: t = -constant / slope. Below means by more than rounding
    (`firesale.BREACH_TOLERANCE` of the piece's own size), so that what is worth nothing where
    prices are zero is not below there.
    """
    found = np.full(accounts, np.inf)
    open_: NDArray[np.bool_] = np.ones(accounts, dtype=np.bool_)
    for piece in pieces:
        found[np.isnan(piece.constant)] = np.nan
        slack = BREACH_TOLERANCE * (np.abs(piece.constant) + np.abs(piece.slope) * piece.last)
        # Only at t = 0 can a value be below that was not at the end of the piece before.
        at_once = open_ & (piece.constant + piece.slope * piece.first < -slack)
        found[at_once] = piece.first
        open_ &= ~at_once
        crosses = open_ & (piece.constant + piece.slope * piece.last < -slack)
        root = -piece.constant[crosses] / piece.slope[crosses]
        found[crosses] = np.maximum(root, piece.first)
        open_ &= ~crosses
    return found
