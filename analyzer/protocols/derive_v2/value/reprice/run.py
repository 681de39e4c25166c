"""All managers together: the arrays that stress asks for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analyzer.model.book import Book
from analyzer.protocols.base import Repriced
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.reprice.inputs import read_inputs
from analyzer.protocols.derive_v2.value.reprice.moves import Moves, moves_of
from analyzer.protocols.derive_v2.value.reprice.pmrm import add_pmrm
from analyzer.protocols.derive_v2.value.reprice.srm import Sums, add_srm
from analyzer.protocols.derive_v2.value.value import DeriveValued


def reprice(
    valued: DeriveValued, factors: Sequence[str], shocks: npt.NDArray[np.float64]
) -> Repriced:
    """Margin with each factor's price (`ETH`) or volatility (`ETH:vol`) multiplied.

    Shape of shocks: [factor, scenario]. Raises: ValueError when they do not match.
    """
    return reprice_moves(valued.state, valued.book, moves_of(factors, shocks))


def reprice_moves(state: DeriveState, book: Book, moves: Moves) -> Repriced:
    """Margin under every scenario, whole units, [account, scenario]; NaN for unknown accounts.

    Equity and margin equity are mark to market; the requirements are what the managers take off
    it. Ages and confidences of feeds and accrued interest stay as they are.
    """
    inputs = read_inputs(state, book, moves)
    cash = np.repeat(inputs.cash[:, None], moves.scenarios, axis=1)
    sums = Sums(cash.copy(), cash.copy(), cash.copy())
    add_srm(inputs, sums)
    for manager in state.pmrms.values():
        add_pmrm(inputs, sums, manager)
    for values in (sums.mtm, sums.mm, sums.im):
        values[inputs.unknown] = np.nan
    return Repriced(
        equity=sums.mtm,
        margin_equity=sums.mtm,
        maintenance=sums.mtm - sums.mm,
        initial=sums.mtm - sums.im,
    )
