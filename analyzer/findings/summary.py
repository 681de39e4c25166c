"""The answer of a scan in numbers: solvent or not, by how much, how sure, how complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from analyzer.findings.shortfall import (
    Absorption,
    HiddenBadDebt,
    absorption,
    hidden_bad_debt,
    shortfall_e18,
)
from analyzer.model.rows import ImplementationRow, JudgedRow
from analyzer.model.verdict import Verdict
from analyzer.solvency.drive import REBUILD
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verdicts import headroom_e18

_NAMED = 3
"""Contracts that a caveat names."""


class Answer(StrEnum):
    """What is said of a deployment at a block. The first that applies, in this order."""

    INSOLVENT = "insolvent"
    """Bad debt exceeds what the bounded backstops can bear."""
    NOT_PROVEN = "not_proven"
    """Something needed for the answer is unknown, unread, off or contradicted by the contract."""
    COVERED = "covered"
    """There is bad debt, and the bounded backstops can bear it."""
    SOLVENT = "solvent"
    """No account has negative equity."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One deployment at one block, in numbers (18 decimals).

    shortfall_e18: bad debt beyond the backstops' capacity, not negative; None when the capacity
    is unknown and there is bad debt. caveats: why the answer may not stand, in words.
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
    caveats = _caveats(result, counted[Verdict.UNKNOWN])
    if shortfall is not None and shortfall > 0:
        answer = Answer.INSOLVENT
    elif shortfall is None or caveats:
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


def _caveats(result: ScanResult, unknown: int) -> tuple[str, ...]:
    caveats = []
    if unknown:
        caveats.append(f"{unknown} of {len(result.margin)} accounts unknown")
    if result.mismatches:
        caveats.append(f"{len(result.mismatches)} numbers contradicted by the contract")
    if result.unproven_code:
        caveats.append(unknown_code_words(result.unproven_code))
    off = [total.name for total in result.details.totals if total.holds is False]
    if off:
        caveats.append(f"control totals off: {', '.join(off)}")
    if not result.completeness.undoubted:
        caveats.append(f"logs not proven complete: {'; '.join(result.completeness.doubts)}")
    unread = sum(row.not_read for row in result.reads if row.purpose == REBUILD)
    if unread:
        caveats.append(f"{unread} reads not answered")
    return tuple(caveats)


def unknown_code_words(rows: Sequence[ImplementationRow]) -> str:
    """What is said of contracts whose code is not known and that the views do not prove."""
    count = len(rows)
    first = ", ".join(f"{row.role} ({row.status})" for row in rows[:_NAMED])
    more = f" and {count - _NAMED} more" if count > _NAMED else ""
    return (
        f"the code of {count} contract{'s' if count > 1 else ''} is not known, and not every "
        f"view was compared and is equal (--verify all): {first}{more}"
    )
