"""Cover-n: the fund that outlasts the default of the n owners who would cost most at once.

    cover-n = max over scenarios s of the sum of the n largest u_g(s)
    u_g(s)  = sum of the shortfalls of the accounts of owner g in scenario s

Accounts of one owner fail together, so they are added before the largest are taken. A surplus in
one account pays for no other (each is liable for itself), so losses enter as shortfalls,
max(-equity, 0), and a negative one is refused instead of netted.

What holds, and is tested: never decreasing in n or in any loss; merging two owners never lowers
it; with n at least the number of owners it is the largest total loss of a scenario.

What does **not** hold: the owners of Cover-1 need not be among those of Cover-2, for the worst
scenario may be another one.

Source: CPMI-IOSCO Principles for financial market infrastructures, principle 4 (Cover-1, Cover-2).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.linear.arrays import Floats, matrix

Owner = TypeVar("Owner", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Cover:
    """The scenario that needs the largest fund, and the owners that make it."""

    amount: float
    """The fund needed, in the unit of the losses."""
    scenario: int
    """Column of the losses; the first of equal ones. 0 for losses without a scenario axis."""
    owners: tuple[Hashable, ...]
    """At most n owners with a loss in that scenario, largest first; equal ones in input order."""
    by_scenario: Floats
    """[scenario]: sum of the n largest."""


def cover_n(losses: ArrayLike, owners: Sequence[Owner] | NDArray[np.generic], n: int) -> float:
    """The smallest fund that pays for the `n` costliest owners in every scenario.

    Shape: losses [account, scenario], or [account] for a single one; owners [account] (any text
    or number; equal ones are one owner). Losses are shortfalls, not negative, in one unit, which
    is that of the result.

    Raises: ValueError for wrong shapes, no scenario, negative or non-finite losses, n below 1.
    """
    return cover_detail(losses, owners, n).amount


def cover_detail(losses: ArrayLike, owners: Sequence[Owner] | NDArray[np.generic], n: int) -> Cover:
    """As `cover_n`, with the scenario, the owners and the amount of every scenario."""
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")
    given = np.asarray(losses, dtype=np.float64)
    shortfall = matrix("losses", given[:, None] if given.ndim == 1 else given, rows=len(owners))
    if shortfall.shape[1] == 0:
        raise ValueError("losses must have at least one scenario")
    rows: dict[Hashable, int] = {}
    group = [rows.setdefault(_plain(owner), len(rows)) for owner in owners]
    by_owner = np.zeros((len(rows), shortfall.shape[1]))
    np.add.at(by_owner, group, shortfall)

    largest = np.sort(by_owner, axis=0)[::-1][:n]
    by_scenario: Floats = largest.sum(axis=0)
    scenario = int(np.argmax(by_scenario))
    names = tuple(rows)
    first = np.argsort(-by_owner[:, scenario], kind="stable")[:n]
    return Cover(
        amount=float(by_scenario[scenario]),
        scenario=scenario,
        owners=tuple(names[row] for row in first if by_owner[row, scenario] > 0),
        by_scenario=by_scenario,
    )


def _plain(owner: Hashable) -> Hashable:
    """The Python value of an owner that came out of a numpy array."""
    value: Hashable = owner.item() if isinstance(owner, np.generic) else owner
    return value
