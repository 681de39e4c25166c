"""How much accounts hurt each other just by holding the same things.

    Omega_ij = sum_k V_ik V_jk / D_k        what j loses when i sells all it has, linear impact
    index    = the Perron vector of Omega   who is most entangled in the selling of all

V_ik is what account i holds of asset k, D_k the depth of asset k (money that moves its price by
its whole, to first order). Omega is accounts x accounts and is never formed: its Perron vector is
the top left singular vector of V D^-1/2 (accounts x assets), and that follows from the assets x
assets matrix of overlaps.

What holds, and is tested: equal to the Perron vector of Omega; an account that shares no asset
with the most entangled group has 0; scaling all depths changes nothing but the eigenvalue. What
does **not** hold: that it ranks accounts by the losses they cause. It knows no thresholds.

Source: Cont and Schaanning 2019 (indirect contagion index), restated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analyzer.contagion.linear.arrays import Floats, matrix, positive, vector


@dataclass(frozen=True, slots=True)
class IndirectContagion:
    """The index of every account."""

    index: Floats
    """[account]: not negative, squares sum to 1; all 0 where nobody holds anything. Where several
    groups that share no asset are equally entangled, it is one of many, and which is not said."""
    eigenvalue: float
    """The largest of Omega, in the money of the holdings."""


def indirect_contagion(holdings: ArrayLike, depth: ArrayLike) -> IndirectContagion:
    """The indirect contagion index.

    Shape: holdings [account, asset] in money, not negative; depth [asset], above zero, in the same
    money. float64; memory is that of the holdings and assets x assets.

    Raises: ValueError for wrong shapes, negative or non-finite entries, a depth of zero.
    """
    held = matrix("holdings", holdings)
    deep = positive("depth", vector("depth", depth, length=held.shape[1]))
    scaled = held / np.sqrt(deep)
    if not scaled.any():
        return IndirectContagion(np.zeros(len(held)), 0.0)
    # The largest is 1 before squaring: holdings of any size neither overflow nor vanish.
    size = float(scaled.max())
    scaled /= size
    values, vectors = np.linalg.eigh(scaled.T @ scaled)
    # A matrix without negative entries has a top eigenvector without any: what else is rounding.
    index = scaled @ np.abs(vectors[:, -1])
    return IndirectContagion(index / np.linalg.norm(index), float(values[-1]) * size * size)
