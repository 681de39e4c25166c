"""The owners that a scenario costs most, kept while a batch of cascades runs.

    shortfall of an owner = sum over its closed accounts of max(-equity, 0), once an account

An owner with one account needs no memory: it is among the n largest seen so far, or never. The
accounts of an owner with several may close in different rounds, so those pairs are kept (only
where something is lacking) and added up at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.linear.arrays import Floats

NOBODY = -1
"""Owner number where fewer than n owners lack anything."""


@dataclass(slots=True)
class Largest:
    """The n largest shortfalls by owner, scenario by scenario."""

    owner: NDArray[np.int64]
    """[account]: number of its owner."""
    several: NDArray[np.bool_]
    """[account]: whether its owner has more than this one."""
    amount: Floats
    """[rank, scenario]: of owners with one account; largest first."""
    who: NDArray[np.int64]
    """[rank, scenario]: their owners."""
    pending: list[tuple[NDArray[np.int64], NDArray[np.int64], Floats]] = field(default_factory=list)
    """(owner, scenario, amount) of owners with several accounts."""

    def add(self, accounts: NDArray[np.int64], scenarios: NDArray[np.int64], short: Floats) -> None:
        """Shortfalls [account, scenario] of accounts that have just been closed (0 = none)."""
        owners, shared = self.owner[accounts], self.several[accounts]
        if shared.any():
            row, column = np.nonzero(short * shared[:, None])
            self.pending.append((owners[row], scenarios[column], short[row, column]))
            short, owners = short[~shared], owners[~shared]
        # Whoever lacks less than the last of the n everywhere changes nothing.
        above = short.max(axis=1, initial=0.0) > self.amount[-1, scenarios].min()
        self._merge(owners[above], scenarios, short[above])

    def result(self) -> tuple[Floats, NDArray[np.int64]]:
        """(amount, owner) [rank, scenario], largest first; `NOBODY` with 0 where there is none."""
        if self.pending:
            owners = np.concatenate([part[0] for part in self.pending])
            scenarios = np.concatenate([part[1] for part in self.pending])
            amounts = np.concatenate([part[2] for part in self.pending])
            self.pending.clear()
            width = self.amount.shape[1]
            keys, place = np.unique(owners * width + scenarios, return_inverse=True)
            total: Floats = np.bincount(place, amounts).astype(np.float64)
            for scenario in np.unique(keys % width):
                here = np.flatnonzero(keys % width == scenario)
                one = np.array([scenario])
                self._merge(keys[here] // width, one, total[here][:, None])
        return self.amount, np.where(self.amount > 0, self.who, NOBODY)

    def _merge(
        self, owners: NDArray[np.int64], scenarios: NDArray[np.int64], short: Floats
    ) -> None:
        """The n largest of those so far and of these; which of equal ones is kept is not said."""
        count = len(self.amount)
        if len(owners) > count:
            kept = np.argpartition(-short, count - 1, axis=0)[:count]
            kept.sort(axis=0)
            short, names = np.take_along_axis(short, kept, axis=0), owners[kept]
        else:
            names = np.broadcast_to(owners[:, None], short.shape)
        amounts = np.vstack([self.amount[:, scenarios], short])
        everyone = np.vstack([self.who[:, scenarios], names])
        first = np.argsort(-amounts, axis=0, kind="stable")[:count]
        self.amount[:, scenarios] = np.take_along_axis(amounts, first, axis=0)
        self.who[:, scenarios] = np.take_along_axis(everyone, first, axis=0)


def largest(owner: NDArray[np.int64], ranks: int, scenarios: int) -> Largest:
    """Nothing lost yet. Shape: owner [account]. Raises: ValueError for less than one rank."""
    if ranks < 1:
        raise ValueError(f"ranks must be at least 1, not {ranks}")
    _, group, size = np.unique(owner, return_inverse=True, return_counts=True)
    return Largest(
        owner=owner,
        several=size[group] > 1,
        amount=np.zeros((ranks, scenarios)),
        who=np.full((ranks, scenarios), NOBODY, dtype=np.int64),
    )
