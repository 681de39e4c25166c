"""The loss spiral of a factor: how much further its price falls for each bit that it falls.

    wall     V(x) = net sales of whoever is liquidatable once the factor alone has fallen by x
    kappa(x) = -R'(V(x)) v(x)          R = price over the price before sales, v = dV/dx

v is smoothed over one percent of the price, for accounts are finitely many; so kappa is a figure of
a neighbourhood, not of a point. From kappa = 1 on the price runs by itself until the wall thins
out. Amounts are valued at the block's prices, as in a cascade: a fall makes no market deeper.

Source: `contagion.networks.loss_spiral`, with the slope of the factor's own curve at what is sold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.networks.loss_spiral import kappa
from analyzer.contagion.reverse.wall import BIN
from analyzer.market.history import Floats

FALLS = np.arange(1, 91) / 100
"""The sizes of shock of a curve: every percent up to ninety."""


class Priced(Protocol):
    """What is asked of an impact curve here."""

    def price_ratio(self, v: float) -> float:
        """Price after net sales v over the price before."""
        ...


@dataclass(frozen=True, slots=True)
class Spiral:
    """One factor's curve. falls: sizes of the shock, ascending; kappas: at each of them; sold: what
    is sold by then, USD, net of what is bought."""

    factor: str
    falls: Floats
    kappas: Floats
    sold: Floats

    @property
    def reaches_one(self) -> float | None:
        """The first fall of the curve at which kappa is 1 or more; None where there is none."""
        over: NDArray[np.int64] = np.flatnonzero(self.kappas >= 1)
        return float(self.falls[over[0]]) if over.size else None

    @property
    def largest(self) -> tuple[float, float]:
        """(the largest kappa, the first fall at which it is)."""
        place = int(np.argmax(self.kappas))
        return float(self.kappas[place]), float(self.falls[place])


def spiral(
    factor: str,
    levels: ArrayLike,
    net: ArrayLike,
    curve: Priced,
    falls: ArrayLike = FALLS,
    *,
    bandwidth: float = BIN,
) -> Spiral:
    """The curve of one factor from its wall.

    Shape: levels [account], relative falls at which accounts are liquidatable, ascending; net
    [account], what has been sold by then, with sign; falls [point].

    Raises: ValueError as `loss_spiral.kappa`.
    """
    at, sold = np.asarray(levels, dtype=np.float64), np.asarray(net, dtype=np.float64)
    own = np.diff(sold, prepend=0.0)
    points = np.asarray(falls, dtype=np.float64)
    # A density is of amounts that are not negative: what is bought back is taken off afterwards.
    density = kappa(at, np.maximum(own, 0.0), 1.0, points, bandwidth=bandwidth) - kappa(
        at, np.maximum(-own, 0.0), 1.0, points, bandwidth=bandwidth
    )
    place = np.searchsorted(at, points, side="right")
    by_then = np.concatenate([[0.0], sold])[place]
    slopes = np.array([_slope(curve, amount) for amount in by_then.tolist()])
    return Spiral(factor, points, np.maximum(slopes * density, 0.0), by_then)


def _slope(curve: Priced, sold: float) -> float:
    """-R'(V), per USD: by a step of a dollar, or of a millionth of what is sold."""
    step = max(1.0, abs(sold) * 1e-6)
    return (curve.price_ratio(sold) - curve.price_ratio(sold + step)) / step
