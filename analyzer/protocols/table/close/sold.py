"""What a full close-out of a table's accounts trades: for the linear twin, never for a verdict.

Positions are closed, debts are bought back, and what is pledged and entered is seized where the
account owes a debt. Money is no asset that anybody sells.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analyzer.model.book import Book
from analyzer.protocols.table.rules import Kind
from analyzer.protocols.table.state.state import state_of


def sold_legs(book: Book) -> npt.NDArray[np.bool_]:
    """[leg]: whether a close-out of its account trades it."""
    terms = state_of(book).terms
    kinds = np.array([one.kind.value for one in terms])[book.asset]
    entered = np.array([one.weight_e36 > 0 for one in terms], dtype=np.bool_)[book.asset]
    account = np.repeat(np.arange(len(book)), np.diff(book.indptr))
    owed = kinds == Kind.DEBT
    owes = np.bincount(account[owed], minlength=len(book)) > 0
    seized = (kinds == Kind.COLLATERAL) & entered & owes[account]
    found: npt.NDArray[np.bool_] = (kinds == Kind.POSITION) | owed | seized
    return found
