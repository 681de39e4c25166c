"""What stands between a scan and a proof: the one list that the answer and the exit code share.

A caveat without an exit code, or an exit code without a caveat, would let a script and its reader
believe different things: both are made from `doubts`.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.findings.shortfall import absorption, hidden_bad_debt, shortfall_e18
from analyzer.model.certificate import Proofs
from analyzer.model.rows import ImplementationRow
from analyzer.model.verdict import Verdict
from analyzer.solvency.drive import REBUILD
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verify import VerifyMode
from analyzer.solvency.whole import shortages, zero_is_proven

_NAMED = 3
"""Contracts that a doubt names."""


def doubts(result: ScanResult) -> tuple[str, ...]:
    """Why the answer of `result` is not proven, in words; empty = it is.

    Each of them makes the answer `NOT PROVEN` (unless it is insolvent all the same) and the exit
    code at least 3. Findings are no doubts: they are what was found out.
    """
    out = []
    unknown = sum(1 for row in result.margin if row.verdict is Verdict.UNKNOWN)
    if unknown:
        out.append(f"{unknown} of {len(result.margin)} accounts unknown")
    if result.mismatches:
        out.append(f"{len(result.mismatches)} numbers contradicted by the contract")
    lacking = shortages(result)
    if result.unproven_code:
        out.append(unknown_code_words(result.unproven_code))
    out += [shortage.text for shortage in lacking]
    told = {total.name for shortage in lacking for total in shortage.totals}
    totals = result.details.totals
    off = [t.name for t in totals if t.holds is False and t.name not in told]
    if off:
        out.append(f"control totals off: {', '.join(off)}")
    if not result.completeness.undoubted:
        out.append(f"logs not proven complete: {'; '.join(result.completeness.doubts)}")
    unread = sum(row.not_read for row in result.reads if row.purpose == REBUILD)
    if unread:
        out.append(f"{unread} reads not answered")
    silent = sum(1 for check in result.checks if check.equal is None and check.actual is None)
    if silent:
        out.append(f"{silent} of {len(result.checks)} comparisons with the contract not answered")
    if _nobody_was_asked(result):
        out.append(f"--verify {result.verify_mode}, and there was no view to ask")
    out += [] if result.proofs is None else proof_doubts(result.proofs)
    if shortfall_e18(hidden_bad_debt(result).at_prices_e18, absorption(result)) is None:
        out.append("the backstops' capacity is unknown")
    return tuple(out)


def proof_doubts(proofs: Proofs) -> list[str]:
    """What was to be proved and is not, or is proved to be otherwise, in words."""
    found, missing = proofs.certificate.contradictions, proofs.certificate.missing
    out = []
    if found:
        out.append(f"{len(found)} contradicted by proof: {found[0].text}")
    if missing:
        out.append(f"not all that was asked for is proved: {missing[0]}")
    return out


def unknown_code_words(rows: Sequence[ImplementationRow]) -> str:
    """What is said of contracts whose code is not known and that the views do not prove."""
    count = len(rows)
    first = ", ".join(f"{row.role} ({row.status})" for row in rows[:_NAMED])
    more = f" and {count - _NAMED} more" if count > _NAMED else ""
    return (
        f"the code of {count} contract{'s' if count > 1 else ''} is not known, and not every "
        f"view was compared and is equal (--verify all): {first}{more}"
    )


def _nobody_was_asked(result: ScanResult) -> bool:
    """Whether a comparison that was wanted asked nothing at all; of a deployment that the chain
    itself says to be empty there is nothing to ask."""
    if result.verify_mode == VerifyMode.NONE.value or result.checks:
        return False
    return bool(result.margin) or not zero_is_proven(result.details.totals)
