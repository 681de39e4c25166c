"""Clearing risk: is the fund as large as what owners cost who fail together.

    Cover-n       max over scenarios of what the n costliest owners lack in it
    exhausted     share of scenarios in which bad debt exceeds the fund, with its binomial error
    importance    of each owner: bad debt that its rescue saves alone (leave-one-out), and its
                  Shapley value among the owners named (they sum to what all their rescues save)

All through the batch cascade of one deployment. Whoever is rescued holds nothing: it neither fails
nor sells. Leave-one-out counts what several cause together for each of them; Shapley once.

Sources: CPMI-IOSCO principle 4 (Cover-n); Shapley 1953.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.batch import Impacts, cascades
from analyzer.contagion.linear import Asked, LinearBook
from analyzer.market.history import Floats


@dataclass(frozen=True, slots=True)
class Covers:
    """A set of scenarios against a fund (None = its capacity is not known). cover_owners: of the
    scenario that makes Cover-2. exhausted, error: None without a fund. unknown: scenarios without a
    figure, which are in none of these. worst_at: number of the scenario of the worst bad debt."""

    cover_1: float
    cover_2: float
    cover_owners: tuple[str, ...]
    worst: float
    mean: float
    exhausted: float | None
    error: float | None
    scenarios: int
    unknown: int
    worst_at: int


def covers(
    book: LinearBook,
    moves: Floats,
    impacts: Impacts,
    fund: float | None,
    nonlinear: Asked | None = None,
) -> Covers:
    """Shape: moves [factor, scenario], simple returns. Raises: ValueError where no scenario has a
    figure, and as `cascades`."""
    found = cascades(book, 1 + moves, impacts, nonlinear=nonlinear)
    known = np.isfinite(found.bad_debt) & (found.undecided == 0)
    if not known.any():
        raise ValueError("bad debt is known in no scenario")
    debt = found.bad_debt[known]
    shortfall, owner = found.shortfall[:, known], found.shortfall_owner[:, known]
    two = shortfall[:2].sum(axis=0)
    at = int(np.argmax(two))
    names = [book.owner_names[int(n)] for n in owner[:2, at].tolist() if n >= 0]
    share = None if fund is None else float((debt > fund).mean())
    return Covers(
        cover_1=float(shortfall[0].max()),
        cover_2=float(two[at]),
        cover_owners=tuple(names),
        worst=float(debt.max()),
        mean=float(debt.mean()),
        exhausted=share,
        error=None if share is None else math.sqrt(share * (1 - share) / len(debt)),
        scenarios=len(debt),
        unknown=int((~known).sum()),
        worst_at=int(np.flatnonzero(known)[int(np.argmax(debt))]),
    )


def largest_owners(book: LinearBook, count: int) -> list[int]:
    """The owners (by number) whose accounts move most, among those with linear accounts alone."""
    gross = np.bincount(
        book.owner[book.row], np.abs(book.equity), minlength=len(book.owner_names)
    ).astype(np.float64)
    odd = np.zeros(len(gross), dtype=bool)
    odd[book.owner[book.nonlinear | book.unknown]] = True
    gross[odd] = 0.0
    order: NDArray[np.int64] = np.argsort(-gross, kind="stable")[:count]
    return [int(number) for number in order if gross[number] > 0]


def without(book: LinearBook, owners: frozenset[int]) -> LinearBook:
    """The book in which these owners hold nothing. Raises: ValueError for an owner of a nonlinear
    account, of which that cannot be said here."""
    gone = np.isin(book.owner, sorted(owners))
    if (gone & book.nonlinear).any():
        raise ValueError("an owner of nonlinear accounts cannot be left out")
    entries = gone[book.row]
    return replace(
        book,
        headroom_cash=np.where(gone, 0.0, book.headroom_cash),
        equity_cash=np.where(gone, 0.0, book.equity_cash),
        headroom=np.where(entries, 0.0, book.headroom),
        equity=np.where(entries, 0.0, book.equity),
        sold=np.where(entries, 0.0, book.sold),
    )


def mean_debt(
    book: LinearBook, moves: Floats, impacts: Impacts, nonlinear: Asked | None = None
) -> Callable[[frozenset[str]], int]:
    """What `counterfactual` runs: the mean bad debt in cents when these owners (numbers as text)
    are rescued."""

    def run(rescued: frozenset[str]) -> int:
        left = without(book, frozenset(map(int, rescued)))
        found = cascades(left, 1 + moves, impacts, nonlinear=nonlinear)
        known = np.isfinite(found.bad_debt)
        return round(float(found.bad_debt[known].mean()) * 100) if known.any() else 0

    return run
