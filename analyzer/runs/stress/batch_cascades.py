"""Many scenarios at once over the linear twin of all books together: which of them are the worst.

    books ─▶ linear twins ─▶ one book ─▶ batch cascade ─▶ bad debt a scenario ─▶ the worst few

It tells scenarios apart; it is no verdict: `LEAVES_OUT` says what it does not know. The exact
cascade is for the few that it finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.batch import BasedImpacts, Cascades, ScalarImpacts, cascades
from analyzer.contagion.linear import LinearBook, joined_book
from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.scenario import Scenario, multiplier, unmapped
from analyzer.market.classes import base_of
from analyzer.market.depth.choose import Chosen
from analyzer.market.depth.impact import NoImpact
from analyzer.model.book import Book
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.venues import funds_of
from analyzer.runs.stress.twins import twin_of

LEAVES_OUT = (
    "margin is that of the linear twin, in float64: no protocol's rounding",
    "whoever is below maintenance is closed in full at once, without penalty: no protocol's rules"
    " of who may be closed and how much of it, and nobody asks whether it pays a liquidator",
    "closed accounts trade at the mean price along the curve and bear the impact; in the exact"
    " cascade they are taken over at their protocol's price",
    "bad debt is what closed accounts lack, before any waterfall: no fund pays, nobody's profit"
    " is cut",
    "every factor has one curve, its own against the unit of account: no pair's",
)
"""What the batch cascade does not know, for people."""


@dataclass(frozen=True, slots=True)
class Swept:
    """The batch cascade of some scenarios.

    book: of all deployments together, without the accounts of funds. cascades: a scenario a column,
    in the order given. shocks: [factor, scenario], multiples of the block's prices after the shock.
    unmapped: factors that no scenario moves.
    """

    book: LinearBook
    cascades: Cascades
    shocks: Floats
    unmapped: tuple[str, ...]

    def worst(self, among: NDArray[np.int64], count: int) -> list[int]:
        """The numbers of the `count` scenarios with the most bad debt, the worst first; one whose
        bad debt is not known stands before all others."""
        debt = self.cascades.bad_debt[among]
        ranked = np.where(np.isfinite(debt), debt, np.inf)
        found: list[int] = among[np.argsort(-ranked, kind="stable")][:count].tolist()
        return found


def swept(scans: Sequence[ScanBook], scenarios: Sequence[Scenario], chosen: Chosen) -> Swept:
    """Runs scenarios of one step each over all `scans` together. A factor whose depth is not known
    does not move by sales, as in the exact cascade."""
    twins = [twin_of(scan, owners_part(scan)) for scan in scans]
    book, asked = joined_book(
        [linear for linear, _ in twins],
        [nonlinear for _, nonlinear in twins],
        [scan.deployment.name for scan in scans],
    )
    shocks = shocks_of(scenarios, book.factors)
    found = cascades(book, shocks, impacts_of(book.factors, chosen), nonlinear=asked)
    still = set(book.factors).intersection(
        *(unmapped(scenario, book.factors) for scenario in scenarios)
    )
    return Swept(book, found, shocks, tuple(sorted(still)))


def shocks_of(scenarios: Sequence[Scenario], factors: Sequence[str]) -> Floats:
    """Multipliers of the block's prices after the first step, as the exact cascade has them.
    Shape: [factor, scenario]."""
    moved = [
        [float(multiplier(scenario, scenario.steps[0], factor)) for scenario in scenarios]
        for factor in factors
    ]
    return np.array(moved, dtype=np.float64).reshape(len(factors), len(scenarios))


def impacts_of(factors: Sequence[str], chosen: Chosen) -> BasedImpacts:
    """The curves of a cascade, factor by factor, each against the unit of account; a ratio's
    against its base."""
    place = {factor: number for number, factor in enumerate(factors)}
    curves = [chosen.curves.get(factor) or NoImpact() for factor in factors]
    base = [place.get(base_of(factor) or "", -1) for factor in factors]
    return BasedImpacts(ScalarImpacts(curves), np.array(base, dtype=np.int64))


def owners_part(scan: ScanBook) -> Book:
    """The book of a scan without the accounts of funds, which nobody liquidates."""
    funds = funds_of(scan)
    ids = scan.book.account_ids
    return scan.book.part([number for number, account in enumerate(ids) if account not in funds])
