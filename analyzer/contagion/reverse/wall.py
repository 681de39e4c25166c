"""The liquidation wall: how much is forced onto the market as prices move along a ray.

    level of an account   the market return x at which it falls below maintenance
    wall of an asset      what the accounts sell of it when they are closed, added up by level

Each account stands at its exact level, not on a grid; bins of one percent are only for the
figures of concentration. Nothing here moves a price: a cascade says what the sales do to it.

A level belongs to its ray and to no other: the label is part of every result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.linear import Asked, LinearBook
from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.reverse.rays import Direction, Ray
from analyzer.contagion.reverse.smallest import distances

BIN = 0.01
"""Width of a bin of market returns."""


@dataclass(frozen=True, slots=True)
class Wall:
    """The forced sales of one asset along a ray, nearest level first.

    levels [account that sells it]: |x|, 0 = below already. cumulative [the same]: what has been
    sold by then, without sign, valued at the block's prices. net [the same]: with sign, a closed
    short buys.
    """

    factor: str
    ray: Ray
    direction: Direction
    levels: Floats
    cumulative: Floats
    net: Floats

    @property
    def total(self) -> float:
        """All that is sold along the whole ray."""
        return float(self.cumulative[-1]) if len(self.cumulative) else 0.0

    def within(self, x: float) -> float:
        """What is sold up to market returns of size `x` (0.05 = within 5 %), exactly."""
        place = int(np.searchsorted(self.levels, abs(x), side="right"))
        return float(self.cumulative[place - 1]) if place else 0.0

    def bins(self) -> Floats:
        """[bin]: what is sold in each percent of the way to the furthest level, from 0."""
        if not len(self.levels):
            return np.zeros(0)
        amounts = np.diff(self.cumulative, prepend=0.0)
        # A level on the edge belongs to the bin that ends there, as in `within`.
        place = np.maximum(np.ceil(self.levels / BIN - 1e-9), 1).astype(np.int64) - 1
        return np.bincount(place, amounts).astype(np.float64)

    @property
    def largest_bin_share(self) -> float:
        """Share of all sales that falls into the heaviest percent of the way; 0 without sales."""
        return float(self.bins().max(initial=0.0) / self.total) if self.total else 0.0

    @property
    def hhi(self) -> float:
        """Herfindahl index of the bins: sum of squared shares; 1 = all in one, 0 = no sales."""
        return float(((self.bins() / self.total) ** 2).sum()) if self.total else 0.0

    @property
    def gini(self) -> float:
        """Gini coefficient of the bins from 0 to the furthest level: 0 = evenly spread."""
        amounts = np.sort(self.bins())
        if not self.total:
            return 0.0
        rank = np.arange(1, len(amounts) + 1)
        return float((2 * rank - len(amounts) - 1) @ amounts / (len(amounts) * amounts.sum()))


@dataclass(frozen=True, slots=True)
class Walls:
    """The walls of every asset that is sold at all, heaviest first.

    unknown: accounts of which nothing is known and that are in none of them. never: accounts that
    this ray never takes below maintenance.
    """

    walls: tuple[Wall, ...]
    unknown: int
    never: int


def liquidation_wall(
    book: LinearBook,
    along: Ray,
    *,
    direction: Direction = "down",
    nonlinear: Asked | None = None,
) -> Walls:
    """The wall of every factor along a ray; nonlinear accounts sell what they hold at the block.

    Raises: ValueError when the book has nonlinear accounts and nobody answers for them.
    """
    found = distances(book, along, nonlinear)
    level = np.abs(found.liquidation_down if direction == "down" else found.liquidation_up)
    at = level[book.row]
    selling: NDArray[np.bool_] = np.isfinite(at) & (book.sold != 0)
    walls = []
    for number in np.unique(book.column[selling]):
        entries = np.flatnonzero(selling & (book.column == number))
        entries = entries[np.argsort(at[entries], kind="stable")]
        sold = book.sold[entries]
        walls.append(
            Wall(
                factor=book.factors[number],
                ray=along,
                direction=direction,
                levels=at[entries],
                cumulative=np.abs(sold).cumsum(),
                net=sold.cumsum(),
            )
        )
    walls.sort(key=lambda wall: (-wall.total, wall.factor))
    return Walls(tuple(walls), int(np.isnan(level).sum()), int(np.isinf(level).sum()))
