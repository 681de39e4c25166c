"""The linear twin of an opened scan: its prices say what a close-out sells there."""

from __future__ import annotations

import numpy as np

from analyzer.contagion.linear import LinearBook, linear_book, nonlinear_accounts
from analyzer.contagion.linear.book import Nonlinear
from analyzer.model.book import Book, LegKind
from analyzer.runs.snapshot.books import ScanBook


def twin_of(
    scan: ScanBook, book: Book, *, every_test: bool = False
) -> tuple[LinearBook, Nonlinear]:
    """The linear twin of `book` (the scan's own, or a part of it), and who answers for its
    nonlinear accounts. every_test: see `linear_book`."""
    sells = frozenset({LegKind.POSITION}) if has_unit(scan) else None
    linear = linear_book(scan.plug, book, sells=sells, every_test=every_test)
    return linear, nonlinear_accounts(scan.plug, book, linear)


def has_unit(scan: ScanBook) -> bool:
    """Whether the protocol has a unit of account. Where there is one, liquidations close positions;
    else they seize collateral and repay debt, which is all that moves equity."""
    return any(price.status == "fixed" for price in scan.prices.by_asset.values())


def has_more_tests(scan: ScanBook) -> bool:
    """Whether the protocol has more tests than maintenance by which something of an account may be
    liquidated."""
    nobody = scan.plug.value(scan.book.part([]), scan.prices)
    return scan.plug.reprice(nobody, (), np.ones((0, 1))).headroom is not None
