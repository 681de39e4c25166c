"""Owners by what their rescue saves, over one book or many: leave-one-out, Shapley, likeness.

A rescued owner holds nothing. Its accounts of all deployments are rescued together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.cascade import leave_one_out
from analyzer.contagion.cascade.counterfactual import shapley
from analyzer.market.history import Floats
from analyzer.risk.clearing import largest_owners, mean_debt
from analyzer.runs.risk.inputs import Opened
from analyzer.runs.stress.batch_cascades import impacts_of

_CENTS = 100


@dataclass(frozen=True, slots=True)
class Mattering:
    """owner -> dollars, the most saved first. base: mean bad debt with nobody rescued; floor: with
    all players rescued, so that their Shapley values sum to the difference; equal where nobody
    plays."""

    saved: dict[int, float]
    shapley: dict[int, float]
    base: float
    floor: float


def owners_that_matter(opened: Opened, moves: Floats, named: int, players: int) -> Mattering:
    """The `named` largest owners left out one by one, and Shapley values among the `players` of
    them whose rescue saves most. Shape: moves [factor, scenario], simple returns."""
    book = opened.book
    impacts = impacts_of(book.factors, opened.chosen)
    run = mean_debt(book, moves, impacts, opened.asked)
    names = [str(number) for number in largest_owners(book, named)]
    found = leave_one_out(run, names)
    order = sorted(names, key=lambda name: (-found.saved[name], int(name)))
    values, base, floor = {}, found.base, found.base
    if order:
        played = shapley(run, order[:players])
        values, floor = dict(played.values), played.floor
    return Mattering(
        saved={int(name): found.saved[name] / _CENTS for name in order},
        shapley={int(name): float(value) / _CENTS for name, value in values.items()},
        base=base / _CENTS,
        floor=floor / _CENTS,
    )


def gross_by_owner(opened: Opened) -> Floats:
    """[owner]: what prices move of it, without sign."""
    held = dollars_by_factor(opened, opened.book.owner, len(opened.book.owner_names))
    out: Floats = held.sum(axis=1)
    return out


def dollars_by_factor(opened: Opened, group: NDArray[np.int64], count: int) -> Floats:
    """[group, factor]: what prices move of groups of accounts, without sign. group: [account]."""
    book = opened.book
    out = np.zeros((count, len(book.factors)))
    np.add.at(out, (group[book.row], book.column), np.abs(book.equity))
    return out


def likeness(first: Floats, second: Floats) -> float:
    """The cosine of two portfolios, dollars by factor: 1 = the same in proportion, 0 = nothing in
    common, also of one that is empty."""
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size > 0 else 0.0
