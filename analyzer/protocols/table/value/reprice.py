"""Margin under many price vectors, float64: for stress, never for a verdict.

Every leg is linear in the price of its asset (a position's requirement in its size), so a leg has
one coefficient for each of equity, margin equity, maintenance and initial requirement, and an
account is the sum of its legs', each times the multiple of its factor.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analyzer.model.integers import WAD
from analyzer.protocols.base import Repriced
from analyzer.protocols.table.rules import E36, Kind
from analyzer.protocols.table.value.value import TableValued

Array = npt.NDArray[np.float64]


def reprice(valued: TableValued, factors: Sequence[str], shocks: Array) -> Repriced:
    """Margin with each factor's price multiplied; unknown accounts are NaN.

    shocks: [factor, scenario]. A factor that `factors` does not name keeps its price, and so does
    whatever has the factor of the unit of account.
    """
    book, state = valued.book, valued.state
    place = {name: row for row, name in enumerate(factors)}
    rows = np.vstack([shocks, np.ones((1, shocks.shape[1]))])
    fixed = {asset for asset, given in state.prices.items() if given.fixed}
    of_asset = np.array(
        [
            len(place) if a.asset_id in fixed else place.get(a.factor, len(place))
            for a in book.assets
        ],
        dtype=np.int64,
    )
    kinds = np.array([terms.kind.value for terms in state.terms])
    weight = np.array([terms.weight_e36 / E36 for terms in state.terms])
    first = np.array([terms.initial_weight_e36 / E36 for terms in state.terms])
    given = [valued.prices.e18(asset.asset_id) for asset in book.assets]
    price = np.array([np.nan if p is None else p / WAD for p in given])
    number = book.asset
    value = book.amounts_f64() * price[number]
    account = np.repeat(np.arange(len(book)), np.diff(book.indptr))
    pledged, held = kinds[number] == Kind.COLLATERAL, kinds[number] == Kind.POSITION
    owed = kinds[number] == Kind.DEBT
    need = np.where(held, np.abs(value), 0.0)

    def total(values: Array) -> Array:
        moved = values[:, None] * rows[of_asset[number]]
        out = np.empty((len(book), shocks.shape[1]))
        for scenario in range(shocks.shape[1]):
            out[:, scenario] = np.bincount(account, moved[:, scenario], minlength=len(book))
        return out

    moving = np.where(pledged | owed, 0.0, value)
    debt = total(np.where(owed, -value, 0.0))
    margin_equity = total(np.where(pledged, value * weight[number], moving))
    at_first = total(np.where(pledged, value * first[number], moving))
    free = at_first - debt - total(need * first[number])
    return Repriced(
        equity=total(value),
        margin_equity=margin_equity,
        maintenance=debt + total(need * weight[number]),
        initial=margin_equity - free,
    )
