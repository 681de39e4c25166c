"""The plug of tables: each stage is a module of this folder; nothing is computed here."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from analyzer.model.book import Book
from analyzer.protocols.kit.staged import StagedPlug, Stages, asks_nothing
from analyzer.protocols.table.close.backstops import backstops
from analyzer.protocols.table.close.decide import decide
from analyzer.protocols.table.close.liquidate import liquidate
from analyzer.protocols.table.close.simulate import simulate
from analyzer.protocols.table.close.sold import sold_legs
from analyzer.protocols.table.judge.totals import totals
from analyzer.protocols.table.judge.truth import JUDGE_SELECTORS, truth
from analyzer.protocols.table.logs.sources import (
    TableLedger,
    TableObservation,
    fold,
    observe,
    sources,
)
from analyzer.protocols.table.state.book import book
from analyzer.protocols.table.state.state import TableState
from analyzer.protocols.table.value.details import details
from analyzer.protocols.table.value.margin import margin
from analyzer.protocols.table.value.prices import prices
from analyzer.protocols.table.value.reprice import reprice
from analyzer.protocols.table.value.value import TableValued, value


class TableBook(StagedPlug):
    """Any book that a table describes: collateral, debts and positions, at given prices and rules.

    It has no chain, no block and no logs: `analyzer book import` makes its snapshots.
    """

    name = "table"
    methodology = "table/1"
    required_contracts = ()
    ledger_type = TableLedger
    observation_type = TableObservation
    state_type = TableState
    valued_type = TableValued
    stages: ClassVar[Stages[TableLedger, TableObservation, TableValued]] = Stages(
        sources=sources,
        fold=asks_nothing(fold),
        observe=observe,
        book=book,
        prices=prices,
        value=value,
        margin=margin,
        details=details,
        totals=totals,
        reprice=reprice,
        liquidate=liquidate,
        backstops=backstops,
        truth=truth,
        judges=JUDGE_SELECTORS,
        simulate=simulate,
        decide=decide,
    )

    def sold_legs(self, book: Book) -> npt.NDArray[np.bool_]:
        """[leg]: whether a full close-out of its account trades it."""
        return sold_legs(book)
