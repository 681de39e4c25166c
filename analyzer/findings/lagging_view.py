"""A view of the contract that says less than a transaction would."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.solvency.result import ScanResult


class ViewLagsFees(Detector):
    """One finding an account that the contract's view calls safe and a liquidation would close."""

    id = "view-lags-fees"
    title = "View lags behind fees"
    severity = Severity.HIGH
    measures = ("lag_e18",)
    cause_in = ("contract says",)
    proves = (
        "The protocol's own view of this account counts fees as they were last written. A "
        "liquidation brings them up to the block first, and by those the account may be closed now."
    )
    does_not_prove = (
        "That the view is wrong by its own words, or that somebody will liquidate: a keeper has "
        "to send the transaction, with fresh prices."
    )
    remedy = (
        "Do not take the view's answer for safety; add collateral, or close. Whoever shows the "
        "view's answer should add the fees that are pending."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """What the protocol says of its view."""
        return self.of_cautions(result, {"view_lags_fees": None})
