"""Which accounts may lack maintenance at some prices: float64, over all of them at once.

What it leaves out is above maintenance by more than any rounding of float64; the rest is for
integers to decide.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analyzer.model.integers import WAD
from analyzer.protocols.table.rules import E36, Kind, Terms
from analyzer.protocols.table.value.account import Valuation

MARGIN = 1e-9
"""Share of an account's gross value within which it is looked at exactly."""

Array = npt.NDArray[np.float64]


class FloatFilter:
    """The accounts of a book as they were at its block, under other prices and terms."""

    def __init__(self, valuation: Valuation) -> None:
        book = valuation.book
        self._number = book.asset
        self._amount = book.amounts_f64()
        self._account = np.repeat(np.arange(len(book)), np.diff(book.indptr))
        self._count = len(book)

    def candidates(self, valuation: Valuation) -> npt.NDArray[np.int64]:
        """Numbers of the accounts that may be below maintenance, in book order."""
        prices = [valuation.price_e18(n) for n in range(len(valuation.book.assets))]
        price = np.array([np.nan if p is None else p / WAD for p in prices])
        value = self._amount * price[self._number]
        counted = value * self._weight(valuation.terms)
        headroom = np.bincount(self._account, counted, minlength=self._count)
        gross = np.bincount(self._account, np.abs(value), minlength=self._count)
        # A price of NaN makes an unknown account, which is no candidate.
        return np.flatnonzero(headroom < MARGIN * gross)

    def _weight(self, terms: Sequence[Terms]) -> Array:
        """[leg]: what a unit of its value adds to headroom."""
        kinds = np.array([t.kind.value for t in terms])
        share = np.array([t.weight_e36 / E36 for t in terms])
        leg_kind, leg_share = kinds[self._number], share[self._number]
        held = leg_kind == Kind.POSITION
        long_or_short = np.where(self._amount >= 0, 1.0 - leg_share, 1.0 + leg_share)
        pledged = np.where(leg_kind == Kind.COLLATERAL, leg_share, 1.0)
        out: Array = np.where(held, long_or_short, pledged)
        return out
