"""The linear twin of an opened scan: its prices say what a close-out sells there; and the ray along
which twins are moved."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from analyzer.contagion.linear import LinearBook, linear_book, nonlinear_accounts
from analyzer.contagion.linear.book import Nonlinear, Sold
from analyzer.contagion.reverse.rays import Ray
from analyzer.contagion.reverse.rays import ray as ray_of
from analyzer.contagion.scenario import multiplier, ray
from analyzer.documents.scenario import RAY
from analyzer.model.book import Book, LegKind
from analyzer.model.errors import InputError
from analyzer.runs.snapshot.books import ScanBook


def uniform_ray(factors: Sequence[str]) -> Ray:
    """The ray of `contagion.scenario.ray` over these factors, so that both mean the same.

    Raises: InputError when it moves none of them.
    """
    half = Fraction(1, 2)
    probe = ray(half)
    betas = {
        factor: float((multiplier(probe, probe.steps[0], factor) - 1) / (half - 1))
        for factor in factors
    }
    if not any(betas.values()):
        raise InputError("every price is a stable's: no ray moves anything here")
    return ray_of(factors, betas, label=RAY)


def twin_of(
    scan: ScanBook, book: Book, *, every_test: bool = False
) -> tuple[LinearBook, Nonlinear]:
    """The linear twin of `book` (the scan's own, or a part of it), and who answers for its
    nonlinear accounts. every_test: see `linear_book`. A protocol in which some accounts have
    positions closed and others collateral seized says leg by leg what is sold (`sold_legs`)."""
    sells: Sold | None = getattr(scan.plug, "sold_legs", None)
    if sells is None and has_unit(scan):
        sells = frozenset({LegKind.POSITION})
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
