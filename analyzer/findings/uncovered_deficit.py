"""Debt that was written off and that nobody has paid for yet."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.solvency.result import ScanResult

CAUTION = "reserve_deficit"


class UncoveredDeficit(Detector):
    """One finding a reserve with a deficit."""

    id = "uncovered-deficit"
    title = "Deficit that suppliers carry"
    severity = Severity.HIGH
    about = "reserve"
    measures = ("deficit_raw",)
    proves = (
        "The protocol has burned debt of accounts without collateral, and the claims of this "
        "reserve's suppliers exceed what stands behind them by the amount."
    )
    does_not_prove = "That a supplier has lost: whoever covers the deficit makes the reserve whole."
    remedy = "See who is to cover it and with what; until then suppliers who leave first are paid."

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """The deficits that the protocol itself books."""
        return self.of_cautions(result, {CAUTION: None})
