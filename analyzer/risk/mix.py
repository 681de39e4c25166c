"""What the collateral is: stable, staked or volatile, how concentrated, and whether it falls with
what it secures.

    shares      of collateral by kind      HHI, largest share     over risk factors
    beta        to the market factor, by value
    wrong way   2 w_c' S w_p: above 0 = collateral falls when positions do
    swap        headroom if a share of what moves were stable: sold at the block's price, entered at
                the threshold that stables have here

Values at the block's prices, float64: an indication, never a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.linear import LinearBook
from analyzer.contagion.linear.arrays import vector
from analyzer.market.classes import asset_class, base_of
from analyzer.market.concentration import hhi, wrong_way
from analyzer.market.history import Floats

Kind = Literal["stable", "staking", "volatile"]
KINDS: tuple[Kind, ...] = ("stable", "staking", "volatile")


@dataclass(frozen=True, slots=True)
class Mix:
    """Of collateral worth `value`: shares by kind (they add up to 1; all 0 without any), HHI and
    largest over factors. beta, wrong_way: None where a factor of it has no days."""

    value: float
    shares: Mapping[Kind, float]
    hhi: float
    largest: str
    largest_share: float
    beta: float | None
    wrong_way: float | None


def kind_of(factor: str) -> Kind:
    """stable (wrapped ones too), staking (a ratio to a coin), or volatile: what is in no table is
    taken for volatile."""
    base = base_of(factor)
    if base is not None:
        return "stable" if kind_of(base) == "stable" else "staking"
    return "stable" if asset_class(factor) == "stable" else "volatile"


def mix(
    factors: Sequence[str],
    collateral: ArrayLike,
    positions: ArrayLike,
    betas: ArrayLike | None,
    covariance: ArrayLike | None,
) -> Mix:
    """The mix of one account, owner or protocol.

    Shape: collateral [factor], values not negative; positions [factor], signed: debts and
    positions; betas [factor] and covariance [factor, factor] of what they have days of, None when
    some have not.
    """
    held = vector("collateral", collateral, length=len(factors))
    exposed = vector("positions", positions, length=len(factors), signed=True)
    total = float(held.sum())
    by_kind = dict.fromkeys(KINDS, 0.0)
    for factor, value in zip(factors, held.tolist(), strict=True):
        by_kind[kind_of(factor)] += value / total if total else 0.0
    largest = int(np.argmax(held)) if total else 0
    return Mix(
        value=total,
        shares=by_kind,
        hhi=hhi(held),
        largest=factors[largest] if total else "",
        largest_share=float(held[largest] / total) if total else 0.0,
        beta=None if betas is None or not total else float(held @ np.asarray(betas)) / total,
        wrong_way=None if covariance is None else wrong_way(held, exposed, covariance),
    )


def thresholds(book: LinearBook) -> Floats:
    """[factor]: the share of value at which a holding counts, as the book's linear accounts have
    it: the median of headroom over equity coefficients where equity rises with the price; NaN where
    nobody holds it so."""
    rising = (book.equity > 0) & book.linear[book.row]
    out = np.full(len(book.factors), np.nan)
    for number in range(len(book.factors)):
        own: NDArray[np.bool_] = rising & (book.column == number)
        if own.any():
            out[number] = float(np.median(book.headroom[own] / book.equity[own]))
    return out


def swapped(
    factors: Sequence[str],
    slopes: ArrayLike,
    collateral: ArrayLike,
    entered: ArrayLike,
    share: float,
) -> tuple[Floats, float]:
    """(slopes [factor], cash that comes on top) of headroom when `share` of all collateral that
    moves is sold at the block's price for stables.

    Shape: slopes [factor], dX/dm; collateral [factor], values; entered [factor], see `thresholds`.
    A collateral whose threshold is not known stays as it is. Stables that enter: at the highest
    threshold that a stable has here, at none (0) where none is known.

    Raises: ValueError unless 0 <= share <= 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must be from 0 to 1, not {share!r}")
    held = vector("collateral", collateral, length=len(factors))
    slope = vector("slopes", slopes, length=len(factors), signed=True)
    at = np.asarray(entered, dtype=np.float64)
    stable = np.array([kind_of(factor) == "stable" for factor in factors], dtype=np.bool_)
    sold = np.where(stable | np.isnan(at), 0.0, held * share)
    known = at[stable & ~np.isnan(at)]
    best = float(known.max()) if known.size else 0.0
    return slope - sold * np.nan_to_num(at), float(sold.sum()) * best
