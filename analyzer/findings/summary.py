"""The answer of a scan in numbers: solvent or not, by how much, how sure, how complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from analyzer.findings.proof import doubts
from analyzer.findings.shortfall import (
    Absorption,
    HiddenBadDebt,
    absorption,
    hidden_bad_debt,
    shortfall_e18,
)
from analyzer.model.rows import JudgedRow
from analyzer.model.verdict import Verdict
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verdicts import headroom_e18


class Answer(StrEnum):
    """What is said of a deployment at a block. The first that applies, in this order."""

    INSOLVENT = "insolvent"
    """Bad debt exceeds what the bounded backstops can bear."""
    NOT_PROVEN = "not_proven"
    """Something needed for the answer is unknown, unread, off, contradicted by the contract, or
    not there: see `proof.doubts`."""
    COVERED = "covered"
    """There is bad debt, and the bounded backstops can bear it."""
    SOLVENT = "solvent"
    """No account has negative equity."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One deployment at one block, in numbers (18 decimals).

    shortfall_e18: bad debt beyond the backstops' capacity, not negative; None when the capacity
    is unknown and there is bad debt. caveats: why the answer is not proven, in words; each of
    them is exit code 3, too.
    """

    answer: Answer
    verdicts: Mapping[Verdict, int]
    collateral_liquidatable: int
    debt: HiddenBadDebt
    backstops: Absorption
    shortfall_e18: int | None
    caveats: tuple[str, ...]


def summarize(result: ScanResult) -> Summary:
    """The summary of one scan."""
    counted = Counter(row.verdict for row in result.margin)
    debt = hidden_bad_debt(result)
    layers = absorption(result)
    shortfall = shortfall_e18(debt.at_prices_e18, layers)
    caveats = doubts(result)
    if shortfall is not None and shortfall > 0:
        answer = Answer.INSOLVENT
    elif caveats:
        answer = Answer.NOT_PROVEN
    else:
        answer = Answer.COVERED if debt.at_prices_e18 > 0 else Answer.SOLVENT
    return Summary(
        answer=answer,
        verdicts={verdict: counted[verdict] for verdict in Verdict},
        collateral_liquidatable=sum(1 for r in result.margin if r.margin.collateral_liquidatable),
        debt=debt,
        backstops=layers,
        shortfall_e18=shortfall,
        caveats=caveats,
    )


def worst_accounts(result: ScanResult, count: int) -> list[JudgedRow]:
    """The `count` accounts nearest to or furthest below maintenance, the worst first.

    Unknown accounts have no headroom and are not among them; healthy accounts without any
    requirement and without debt are left out.
    """
    known = [
        (headroom, row.margin.account_id, row)
        for row in result.margin
        if (headroom := headroom_e18(row.margin)) is not None
        and (row.margin.maintenance_margin_e18 or row.verdict is not Verdict.HEALTHY)
    ]
    return [row for _, _, row in sorted(known, key=lambda item: item[:2])[:count]]
