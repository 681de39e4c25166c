"""Rules that were read in a contract's source and never run against the contract itself."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.solvency.result import ScanResult

CAUTION = "revision_not_run"


class UnprovenRules(Detector):
    """One finding a contract whose revision at the block was never run in our tests."""

    id = "unproven-rules"
    title = "Rules never run against the contract"
    severity = Severity.MEDIUM
    about = "contract"
    proves = (
        "The contract says at this block that it is of a revision whose arithmetic here was "
        "written from its source alone, or for which there is none."
    )
    does_not_prove = (
        "That a number is wrong: where the contract's own views were compared and are equal, "
        "these numbers are theirs."
    )
    remedy = "Scan with --verify all, and trust what the views confirm; predictions are unproven."

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """What the protocol says of its own rules."""
        return self.of_cautions(result, {CAUTION: None})
