"""Code whose rules we do not know."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.solvency.result import ScanResult


class UnknownImplementation(Detector):
    """One finding a contract whose code is not one that the rules were written for."""

    id = "unknown-implementation"
    title = "Unknown implementation"
    severity = Severity.MEDIUM
    about = "contract"
    proves = (
        "The code behind the contract at this block has a hash that is not among those whose "
        "rules this adapter implements."
    )
    does_not_prove = (
        "That its rules differ: a rebuild with other compiler settings has another hash too. "
        "The comparison with the contract's views says whether the numbers agree."
    )
    remedy = (
        "Scan with --verify all. If every view agrees, record the code hash as known; if not, "
        "the adapter needs the new rules before its results mean anything."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """Contracts whose implementation is unknown; `market` is the contract's role."""
        for row in result.details.implementations:
            if row.status == "unknown":
                yield self.finding(
                    result,
                    title=f"The implementation of {row.role} is not known",
                    market=row.role,
                    evidence={
                        "contract": row.address,
                        "implementation": row.implementation or "no proxy",
                        "code hash": row.code_hash or "not read",
                        "note": row.note or "none",
                    },
                )
